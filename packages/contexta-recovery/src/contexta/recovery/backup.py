"""Plan and write a backup of a workspace."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.recovery._copy import Copier
from contexta.recovery._errors import BackupError, translated
from contexta.recovery._inspect import inspect_workspace
from contexta.recovery._layout import absolute, layout_of, standard_layout
from contexta.recovery._manifest import (
    PAYLOAD,
    FileEntry,
    Manifest,
    canonical,
    write_manifest,
)
from contexta.recovery._names import checked_ref, new_backup_ref
from contexta.recovery._redact import profile_name, resolved_config
from contexta.recovery._removal import finish_removals
from contexta.recovery._scratch import fsync_tree, remove_abandoned, scratch_folder
from contexta.recovery._snapshot import (
    OPTIONAL_SECTIONS,
    PLANES,
    SECTIONS,
    copy_sections,
    estimated_bytes,
    section_source,
)
from contexta.recovery._source import open_source
from contexta.recovery._verify import check_files
from contexta.recovery.models import BackupPlan, BackupResult
from contexta.store.fs import atomic_write_bytes, ensure_private_dir, fsync_dir, sha256_file
from contexta.store.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout

__all__ = ["BackupError", "create_workspace_backup", "plan_workspace_backup"]

PARTIAL_PREFIX = ".partial-"
CONFIG_ENTRY = f"{PAYLOAD}/config/resolved.config.json"


def plan_workspace_backup(
    config: RecoveryConfig,
    *,
    label: str | None = None,
    include_cache: bool = False,
    include_exports: bool = False,
) -> BackupPlan:
    """Say what a backup would copy. Creates the backup folder, and nothing else.

    Args:
        config: The resolved configuration. The workspace need not exist.
        label: The readable part of the name; characters other than letters, digits, `-` and `_`
            become `-`.
        include_cache: Whether the cache is copied too.
        include_exports: Whether exports are copied too.

    Raises:
        BackupError: When the backup folder cannot be created or the workspace not read.
    """
    layout = layout_of(config)
    asked = {"cache": include_cache, "exports": include_exports}
    with translated(BackupError, "plan the backup"):
        _check_backup_root(layout)
        ensure_private_dir(layout.backups)
        ref = new_backup_ref(label)
        while os.path.lexists(layout.backups / ref):
            ref = new_backup_ref(label)
        sections = (*SECTIONS, *(name for name in OPTIONAL_SECTIONS if asked[name]))
        return BackupPlan(
            backup_ref=ref,
            workspace_root=layout.root,
            backup_root=layout.backups,
            included_sections=sections,
            estimated_bytes=estimated_bytes(layout, sections),
            notes=tuple(f"{name}_excluded" for name in OPTIONAL_SECTIONS if not asked[name]),
        )


def create_workspace_backup(config: RecoveryConfig, plan: BackupPlan) -> BackupResult:
    """Write the planned backup, read every byte of it back, then publish it by one rename.

    The workspace is only read, and may be written meanwhile: whatever was stored before the call
    is in the backup. The copy is made in a hidden folder beside the target; a killed backup
    leaves that folder, which is never listed and is removed by the next backup. When a backup of
    the planned name exists, the next free name is taken; see `result.backup_ref`.

    It cannot detect what rewrites a file and the store's own checksums alike.

    Raises:
        BackupError: `recovery_plan_mismatch` when the plan is of another workspace,
            `recovery_backup_unverified` when the written bytes do not read back, and the codes
            for system failures (`recovery_disk_full`, `recovery_permission_denied`,
            `recovery_io_failed`). Nothing is published then.
    """
    layout = layout_of(config)
    if absolute(plan.workspace_root) != layout.root or absolute(plan.backup_root) != layout.backups:
        raise BackupError(
            f"The plan is for workspace {str(plan.workspace_root)!r} and backup folder "
            f"{str(plan.backup_root)!r}; the configuration names {str(layout.root)!r} and "
            f"{str(layout.backups)!r}. Make a new plan.",
            code="recovery_plan_mismatch",
            details={"workspace_root": str(layout.root), "backup_root": str(layout.backups)},
        )
    return back_up(config, layout, plan)


def back_up(config: RecoveryConfig, layout: Layout, plan: BackupPlan) -> BackupResult:
    """Back up the workspace at `layout` into `plan.backup_root`; see `create_workspace_backup`."""
    ref = checked_ref(plan.backup_ref, BackupError)
    with translated(BackupError, "write the backup"):
        _check_backup_root(layout)
        ensure_private_dir(plan.backup_root)
        remove_abandoned(plan.backup_root, PARTIAL_PREFIX)
        finish_removals(plan.backup_root)
        with _claimed_name(plan.backup_root, ref) as (name, partial):
            manifest = _fill(config, layout, replace(plan, backup_ref=name), partial)
            manifest_bytes = write_manifest(partial, manifest)
            fsync_tree(partial)
            _verify_written(partial, manifest)
            location = plan.backup_root / name
            os.replace(partial, location)
            fsync_dir(plan.backup_root)
    problems = (*manifest.warnings, *manifest.damage)
    return BackupResult(
        status="DEGRADED" if problems else "SUCCESS",
        warnings=problems,
        notes=manifest.notes,
        details={"counts": dict(manifest.counts), "file_count": len(manifest.files)},
        backup_ref=location.name,
        created_at=manifest.created_at,
        location=location,
        included_sections=manifest.included_sections,
        bytes_written=manifest.total_bytes + manifest_bytes,
        verification_notes=("manifest_written", f"files_verified:{len(manifest.files)}"),
    )


def _fill(config: RecoveryConfig, layout: Layout, plan: BackupPlan, partial: Path) -> Manifest:
    created_at = iso_utc_now()
    copier = Copier(partial)
    present = copy_sections(layout, plan.included_sections, copier)
    if "config" in plan.included_sections:
        _write_config(config, layout, copier)
    inspection = inspect_workspace(standard_layout(partial / PAYLOAD))
    absent = [name for name in PLANES if name in plan.included_sections and name not in present]
    # A plane that was placed elsewhere on purpose and is not there is a mounted disk missing.
    lost = [name for name in absent if not layout.is_inside(_plane_path(layout, name))]
    return Manifest(
        backup_ref=plan.backup_ref,
        created_at=created_at,
        workspace_root=str(layout.root),
        workspace_id=_workspace_id(layout),
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
        files=tuple(copier.entries.values()),
        notes=(*plan.notes, *(f"plane_absent:{name}" for name in absent)),
        warnings=(
            *dict.fromkeys(copier.warnings),
            *(f"configured_plane_missing:{name}" for name in lost),
        ),
        damage=inspection.damage,
    )


def _write_config(config: RecoveryConfig, layout: Layout, copier: Copier) -> None:
    path = copier.destination / CONFIG_ENTRY
    ensure_private_dir(path.parent)
    atomic_write_bytes(path, canonical(resolved_config(config, layout)))
    copier.entries[CONFIG_ENTRY] = FileEntry.plain(
        CONFIG_ENTRY, path.stat().st_size, sha256_file(path)
    )


def _verify_written(partial: Path, manifest: Manifest) -> None:
    problems = check_files(open_source(partial), manifest)
    if problems:
        raise BackupError(
            f"The backup does not read back as written: {problems[0].message} "
            f"({len(problems)} problems). Check the disk; nothing was published.",
            code="recovery_backup_unverified",
            details={"problems": [problem.to_dict() for problem in problems]},
        )


@contextmanager
def _claimed_name(root: Path, ref: str) -> Iterator[tuple[str, Path]]:
    """Lock a partial folder for the first of `ref`, `ref-2`, `ref-3`, ... that nobody has."""
    for number in itertools.count(1):
        name = ref if number == 1 else f"{ref}-{number}"
        partial = root / f"{PARTIAL_PREFIX}{name}"
        if os.path.lexists(root / name):
            continue
        with ExitStack() as stack:
            try:
                found = stack.enter_context(scratch_folder(partial))
            except BlockingIOError:  # another process is writing a backup of this name
                continue
            # Both only when somebody finished, or was killed, since the look above.
            if os.path.lexists(root / name) or found:
                continue
            yield name, partial
            return


def _check_backup_root(layout: Layout) -> None:
    for plane in PLANES:
        if layout.backups.is_relative_to(_plane_path(layout, plane)):
            raise BackupError(
                f"The backup folder {str(layout.backups)!r} lies inside the {plane} plane. "
                "Set recovery.backup_root to a folder outside the planes.",
                code="recovery_backup_root_inside_plane",
                details={"backup_root": str(layout.backups), "plane": plane},
            )


def _plane_path(layout: Layout, plane: str) -> Path:
    return layout.database if plane == "metadata" else section_source(layout, plane)


def _workspace_id(layout: Layout) -> str | None:
    try:
        return open_workspace(layout.root, create=False, read_only=True).workspace_id
    except ContextaError:
        return None  # no mark, or a damaged one: the inspection of the copy reports the latter
