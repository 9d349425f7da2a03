"""What a salvage may read from: a backup in any form, or a workspace folder."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, SchemaVersionError
from contexta.recovery._errors import RestoreError
from contexta.recovery._find import find_backup, published
from contexta.recovery._hold import held_for_reading
from contexta.recovery._layout import WORKSPACE_MARK, Layout, absolute, layout_of
from contexta.recovery._manifest import MANIFEST_NAME, Manifest
from contexta.recovery._manifest_read import parse_unverified
from contexta.recovery._models_salvage import LostItem
from contexta.recovery._salvage_earlier import Earlier
from contexta.recovery._salvage_take import take_backup, take_unlisted, take_workspace
from contexta.recovery._server_ledger import server_ledger
from contexta.recovery._snapshot import PLANES
from contexta.recovery._source import BackupSource
from contexta.recovery._unlock import open_backup
from contexta.recovery._walk import walk_files
from contexta.store.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._progress import Reporter
    from contexta.recovery._salvage_losses import Losses
    from contexta.store.metadata import MetadataStoreConfig


@dataclass(frozen=True, slots=True)
class Origin:
    """What is salvaged.

    Attributes:
        location: The folder or archive.
        backup: The backup; None for a workspace folder.
        manifest: Its manifest, which need not verify.
        layout: Where the parts of a workspace folder lie; None for a backup.
        workspace_id: Of the workspace, where it can still be read.
        identity: A digest that changes when the source does.
        size: Bytes that a copy takes, as far as that is known.
        is_trusted: Whether the manifest verifies.
        server: Where the ledger of a workspace is, when it is on a server.
    """

    location: Path
    backup: BackupSource | None
    manifest: Manifest | None
    layout: Layout | None
    workspace_id: str | None
    identity: str
    size: int
    is_trusted: bool = True
    server: MetadataStoreConfig | None = None

    @property
    def name(self) -> str:
        """The name of the backup, or the folder of the workspace."""
        return str(self.location) if self.backup is None else self.backup.ref

    @property
    def had_ledger(self) -> bool:
        """Whether the source had a ledger, as far as anything tells."""
        return self.manifest is None or bool(self.manifest.planes.get("metadata", True))

    @property
    def counts(self) -> Mapping[str, int]:
        """What the manifest says was there; empty where nothing says it, or nobody vouches."""
        return {} if self.manifest is None or not self.is_trusted else self.manifest.counts

    def take(self, target: Layout, losses: Losses, earlier: Earlier, reporter: Reporter) -> None:
        """Copy what can be read into the folders of `target`."""
        if self.layout is not None:
            take_workspace(self.layout, target, losses, reporter, self.server)
        elif self.backup is not None and self.manifest is not None:
            take_backup(self.backup, self.manifest, target, losses, earlier, reporter)
        elif self.backup is not None:
            take_unlisted(self.backup, target, losses, reporter)


def find_origin(
    config: RecoveryConfig,
    source: str | Path,
    key_file: str | Path | None,
    losses: Losses,
    stack: ExitStack,
) -> Origin:
    """Say what a name or a path means, and keep a prune from removing it.

    Raises:
        RestoreError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`,
            `recovery_manifest_invalid` for a backup of a newer format, and what `open_backup`
            says of keys.
        ValidationError: `recovery_invalid_text`.
    """
    configured = layout_of(config)
    if isinstance(source, Path) or (isinstance(source, str) and Path(source).is_absolute()):
        path = absolute(source)
        if _is_workspace(path):
            return _workspace(config, path, configured)
    location = find_backup(source, configured.backups, RestoreError)
    stack.enter_context(held_for_reading(location))
    return _backup(config, location, key_file, losses)


def _is_workspace(path: Path) -> bool:
    """Tell a workspace, whose mark may be gone, from a backup, whose manifest may be gone."""
    if not path.is_dir() or path.is_symlink() or os.path.lexists(path / MANIFEST_NAME):
        return False
    return any((path / name).exists() for name in (WORKSPACE_MARK, *PLANES))


def _workspace(config: RecoveryConfig, path: Path, configured: Layout) -> Origin:
    layout = configured if path == configured.root else configured.at(path)
    if path != configured.root:
        layout = replace(layout, backups=path / "recovery" / "backups")
    try:
        workspace_id: str | None = open_workspace(path, create=False, read_only=True).workspace_id
    except SchemaVersionError:
        raise
    except ContextaError:
        # Gone or damaged: the copy gets a new mark, and the loss is noted there.
        workspace_id = None
    identity, size = _look_at(path)
    server = server_ledger(config, layout)
    return Origin(path, None, None, layout, workspace_id, identity, size, server=server)


def _backup(
    config: RecoveryConfig, location: Path, key_file: str | Path | None, losses: Losses
) -> Origin:
    source, loaded = open_backup(location, RestoreError, config=config, key_file=key_file)
    manifest = loaded.manifest
    if manifest is None:
        problem = loaded.problems[0]
        if problem.kind == "manifest_newer":
            raise RestoreError(
                f"{str(location)!r} cannot be salvaged by this release: {problem.message}",
                code="recovery_manifest_invalid",
                details={"source_root": str(location), "problems": [problem.to_dict()]},
            )
        losses.add(LostItem("backup", MANIFEST_NAME, problem.kind, problem.message))
        raw = source.read_manifest()
        manifest = parse_unverified(raw) if isinstance(raw, bytes) else None
    identity, size = _look_at(location)
    return Origin(
        location,
        source,
        manifest,
        None,
        None if manifest is None else manifest.workspace_id,
        identity,
        size if manifest is None else manifest.total_bytes,
        is_trusted=loaded.manifest is not None,
    )


def _look_at(path: Path) -> tuple[str, int]:
    """Return a digest over names, sizes and times of all files, and their bytes."""
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape"))
    # Reading a database may make its -shm file.
    is_kept = lambda one: not one.name.endswith(("-shm", ".lock", "-lock"))  # noqa: E731
    paths = [one.path for one in walk_files(path, is_kept)] if path.is_dir() else [path]
    total = 0
    for one in paths:
        status = os.lstat(one)
        line = json.dumps([str(one), status.st_size, status.st_mtime_ns])
        digest.update(line.encode("ascii"))
        total += status.st_size
    return digest.hexdigest(), total


def earlier_of(config: RecoveryConfig, origin: Origin, key_file: str | Path | None) -> Earlier:
    """Return the other backups of the same workspace that can be read, the newest first."""
    roots = [layout_of(config).backups]
    if origin.backup is not None:
        roots.insert(0, origin.location.parent)
    found = {}
    for root in dict.fromkeys(roots):
        for path in published(root):
            if path == origin.location:
                continue
            try:
                source, loaded = open_backup(path, RestoreError, config=config, key_file=key_file)
            except RestoreError:
                continue  # of another key
            if loaded.manifest is not None and _is_same(origin, loaded.manifest):
                found[path] = (loaded.manifest, source)
    newest = sorted(found.values(), key=lambda pair: pair[0].created_at, reverse=True)
    before = None if origin.manifest is None else origin.manifest.created_at
    return Earlier(newest, before, knows_files=origin.layout is not None)


def _is_same(origin: Origin, manifest: Manifest) -> bool:
    if origin.workspace_id is not None and manifest.workspace_id is not None:
        return origin.workspace_id == manifest.workspace_id
    root = str(origin.location) if origin.manifest is None else origin.manifest.workspace_root
    return manifest.workspace_root == root
