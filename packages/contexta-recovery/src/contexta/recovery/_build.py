"""Copy a workspace into the folder of a backup, open what was copied, and write it down."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.recovery._copy import Copier
from contexta.recovery._identity import identity_of, refuse_exchanged
from contexta.recovery._inspect import (
    OUTSIDE_FACT,
    Inspection,
    has_all_facts,
    inspect_mark,
    inspect_plane,
)
from contexta.recovery._known import KnownFiles, known_files
from contexta.recovery._layout import WORKSPACE_MARK, Layout, standard_layout
from contexta.recovery._manifest import (
    PAYLOAD,
    FileEntry,
    Manifest,
    PlaneInspection,
    canonical,
    encoded,
    write_manifest,
)
from contexta.recovery._redact import profile_name, resolved_config
from contexta.recovery._scratch import (
    ensure_staging,
    remove_abandoned,
    remove_if_empty,
    scratch_folder,
)
from contexta.recovery._sealing import LIST_NAME, open_manifest, seal_manifest
from contexta.recovery._server_ledger import LEDGER_NOTE, server_ledger
from contexta.recovery._snapshot import PLANES, copy_sections, estimate, missing_planes
from contexta.recovery._source import DirectorySource
from contexta.recovery._store_files import FileStore
from contexta.recovery._sync import make_folders, sync_files
from contexta.recovery._view import View
from contexta.store.fs import atomic_write_bytes
from contexta.store.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._models_backup import BackupPlan
    from contexta.recovery._progress import Reporter
    from contexta.recovery._sealing import BackupSealing

CONFIG_ENTRY = f"{PAYLOAD}/config/resolved.config.json"
VIEW_PREFIX = "view-"


class Built(NamedTuple):
    """A backup that is written and synced, but not verified and not published.

    Attributes:
        manifest: Its manifest, with all files.
        readable: What `manifest.json` says; less than that when the backup is encrypted.
        manifest_bytes: The size of `manifest.json`.
        store: What became of each file.
    """

    manifest: Manifest
    readable: Manifest
    manifest_bytes: int
    store: FileStore

    @property
    def verified(self) -> frozenset[FileEntry]:
        """Entries whose stored bytes were read and compared while they were linked."""
        linked = self.store.linked
        return frozenset(entry for entry in self.manifest.files if entry.stored in linked)


class _Findings(NamedTuple):
    """What opening each plane showed, and what is wrong with `workspace.json`."""

    planes: dict[str, PlaneInspection]
    mark: tuple[str, ...]


class _Copied(NamedTuple):
    """What was copied and what opening it showed."""

    created_at: str
    workspace_id: str | None
    present: tuple[str, ...]
    is_from_server: bool
    entries: dict[str, FileEntry]
    warnings: list[str]
    findings: _Findings


def build(
    config: RecoveryConfig,
    layout: Layout,
    plan: BackupPlan,
    partial: Path,
    report: Reporter,
    sealing: BackupSealing | None = None,
) -> Built:
    """Write the planned backup into `partial/backup`, and sync every file of it."""
    workspace_id = workspace_id_of(layout)
    known = known_files(plan.backup_root, workspace_id, _usable_with(sealing))
    payload = partial / "backup"
    payload.mkdir(mode=0o700)
    store = FileStore(payload, known, report, sealing)
    with _view_folder(layout, partial, is_sealed=sealing is not None) as folder:
        view = View(folder, store.source, sealing)
        copied = _copied(config, layout, plan, view, store, known, report)
    manifest = _manifest(config, layout, plan, copied)
    report.begin("sync", len(store.written), sum(store.written.values()))
    sync_files(payload / name for name in store.written)
    manifest, readable = _sealed(payload, manifest, sealing)
    manifest_bytes = write_manifest(payload, readable)
    report.end()
    return Built(manifest, readable, manifest_bytes, store)


def _copied(
    config: RecoveryConfig,
    layout: Layout,
    plan: BackupPlan,
    view: View,
    store: FileStore,
    known: KnownFiles,
    report: Reporter,
) -> _Copied:
    created_at = iso_utc_now()
    identity = identity_of(layout)
    workspace_id = workspace_id_of(layout)
    server = server_ledger(config, layout)
    expected = estimate(layout, plan.included_sections) if report.is_heard else (0, 0)
    report.begin("copy", *expected)
    with Copier(store, view, report) as copier:
        present = copy_sections(layout, plan.included_sections, copier, server)
        if "config" in plan.included_sections:
            copier.put_bytes(CONFIG_ENTRY, canonical(resolved_config(config, layout)))
    report.end()
    refuse_exchanged(layout, identity)
    return _Copied(
        created_at=created_at,
        workspace_id=workspace_id,
        present=present,
        is_from_server=server is not None,
        entries=copier.entries,
        warnings=copier.warnings,
        findings=_findings(copier.entries, view, known, report),
    )


def _manifest(
    config: RecoveryConfig, layout: Layout, plan: BackupPlan, copied: _Copied
) -> Manifest:
    planes, present = copied.findings.planes, copied.present
    inspection = Inspection(
        {plane: dict(found.facts) for plane, found in planes.items()},
        (*copied.findings.mark, *(line for found in planes.values() for line in found.damage)),
    )
    absent = [name for name in PLANES if name in plan.included_sections and name not in present]
    lost = missing_planes(layout, absent)
    return Manifest(
        backup_ref=plan.backup_ref,
        created_at=copied.created_at,
        workspace_root=str(layout.root),
        workspace_id=copied.workspace_id,
        profile_name=profile_name(config),
        included_sections=tuple(
            name for name in plan.included_sections if name == "config" or name in present
        ),
        store_schema_versions={
            "metadata": "1",
            "records": str(getattr(config.records, "layout_version", "1")),
            "artifacts": str(getattr(config.artifacts, "layout_version", "v1")),
        },
        planes={name: name in present for name in PLANES},
        counts=inspection.counts,
        files=tuple(sorted(copied.entries.values())),
        notes=(
            *plan.notes,
            *(f"plane_absent:{name}" for name in absent),
            *_outside_notes(inspection),
            *((LEDGER_NOTE,) if copied.is_from_server else ()),
        ),
        warnings=(
            *dict.fromkeys(copied.warnings),
            *(f"configured_plane_missing:{name}" for name in lost),
        ),
        damage=inspection.damage,
        form=plan.form,
        inspections=planes,
    )


def _outside_notes(inspection: Inspection) -> tuple[str, ...]:
    """Say how many artifacts name a file outside the workspace, which no backup holds."""
    count = inspection.planes["artifacts"].get(OUTSIDE_FACT)
    return () if count is None else (f"artifact_files_outside:{count}",)


def _sealed(
    payload: Path, manifest: Manifest, sealing: BackupSealing | None
) -> tuple[Manifest, Manifest]:
    """Store the list of files of an encrypted backup.

    Returns:
        What is known of the backup, and what of that its manifest says.
    """
    if sealing is None:
        return manifest, manifest
    readable, sealed_list = seal_manifest(manifest, sealing)
    path = payload / LIST_NAME
    make_folders(path.parent)
    atomic_write_bytes(path, sealed_list)
    known = replace(readable, files=manifest.files, inspections=manifest.inspections)
    return known, readable


def _findings(
    entries: dict[str, FileEntry], view: View, known: KnownFiles, report: Reporter
) -> _Findings:
    """Open each plane of the copy, unless an earlier backup holds exactly the same files of it.

    A plane that names files outside the workspace is opened always: they may have changed.
    """
    report.begin("inspect", len(entries), sum(entry.size for entry in entries.values()))
    layout = standard_layout(view.folder / PAYLOAD)
    if (mark := entries.get(f"{PAYLOAD}/{WORKSPACE_MARK}")) is not None:
        view.put(mark)
    planes = {}
    for plane in PLANES:
        prefix = f"{PAYLOAD}/{plane}/"
        files = sorted(entry for path, entry in entries.items() if path.startswith(prefix))
        digest = _digest_of(files)
        found = known.inspection(plane, digest)
        if found is None or not has_all_facts(plane, found.facts) or OUTSIDE_FACT in found.facts:
            for entry in files:
                view.put(entry)
                report.advance(entry.size, files=1)
            found = PlaneInspection(digest, *inspect_plane(layout, plane))
        planes[plane] = found
    mark_damage = inspect_mark(layout)
    report.end()
    return _Findings(planes, mark_damage)


def _digest_of(files: list[FileEntry]) -> str:
    listed = {"files": [{"path": entry.path, "sha256": entry.sha256} for entry in files]}
    return hashlib.sha256(encoded(listed)).hexdigest()


@contextmanager
def _view_folder(layout: Layout, partial: Path, *, is_sealed: bool) -> Iterator[Path]:
    """Yield a scratch folder; of an encrypted backup not beside it, since it shows plain files."""
    if not is_sealed:
        yield partial / "view"
        return
    created = not layout.staging.exists()
    ensure_staging(layout.staging)
    remove_abandoned(layout.staging, VIEW_PREFIX)
    folder = layout.staging / f"{VIEW_PREFIX}{secrets.token_hex(8)}"
    with scratch_folder(folder):
        yield folder
    if created:
        remove_if_empty(layout.staging)


def _usable_with(sealing: BackupSealing | None) -> Callable[[Path, Manifest], Manifest | None]:
    """Say which earlier backups can share files: those of the same key, or of none."""

    def usable(folder: Path, manifest: Manifest) -> Manifest | None:
        if sealing is None or manifest.encryption is None:
            is_same = sealing is None and manifest.encryption is None
            return manifest if is_same else None
        opened = open_manifest(DirectorySource(folder), manifest, sealing)
        return opened if isinstance(opened, Manifest) else None

    return usable


def workspace_id_of(layout: Layout) -> str | None:
    """Return the id of a workspace; None without a mark, or with a damaged one."""
    try:
        return open_workspace(layout.root, create=False, read_only=True).workspace_id
    except ContextaError:
        return None  # the inspection of the copy reports a damaged mark
