"""Where the parts of one workspace lie, resolved from a configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

WORKSPACE_MARK = "workspace.json"
DATABASE_NAME = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Layout:
    """Absolute paths; `database` may lie outside `metadata`, any part outside `root`."""

    root: Path
    metadata: Path
    database: Path
    records: Path
    artifacts: Path
    exports: Path
    cache: Path
    outbox: Path
    backups: Path
    staging: Path

    def at(self, root: Path) -> Layout:
        """Return the same layout below another root; parts outside take their default place."""
        standard = standard_layout(root)
        moved = {
            field.name: (
                root / part.relative_to(self.root)
                if (part := getattr(self, field.name)).is_relative_to(self.root)
                else getattr(standard, field.name)
            )
            for field in fields(self)
        }
        return replace(standard, **moved)

    def is_inside(self, part: Path) -> bool:
        """Tell whether a path lies in the workspace root."""
        return part.is_relative_to(self.root)


def standard_layout(root: Path) -> Layout:
    """Return the layout that a workspace has when nothing is configured."""
    recovery = root / "recovery"
    return Layout(
        root=root,
        metadata=root / "metadata",
        database=root / "metadata" / DATABASE_NAME,
        records=root / "records",
        artifacts=root / "artifacts",
        exports=root / "exports",
        cache=root / "cache",
        outbox=recovery / "outbox",
        backups=recovery / "backups",
        staging=recovery / "staging",
    )


def layout_of(config: RecoveryConfig) -> Layout:
    """Resolve every path of a configuration; unset ones take their default place."""
    workspace = config.workspace
    root = absolute(workspace.root_path)
    default = standard_layout(root)
    metadata = _or(workspace.metadata_path, default.metadata)
    return Layout(
        root=root,
        metadata=metadata,
        database=_or(config.metadata.database_path, metadata / DATABASE_NAME),
        records=_or(config.records.root_path, _or(workspace.records_path, default.records)),
        artifacts=_or(config.artifacts.root_path, _or(workspace.artifacts_path, default.artifacts)),
        exports=_or(workspace.exports_path, default.exports),
        cache=_or(workspace.cache_path, default.cache),
        outbox=_or(config.recovery.outbox_root, default.outbox),
        backups=_or(config.recovery.backup_root, default.backups),
        staging=_or(config.recovery.restore_staging_root, default.staging),
    )


def absolute(path: str | Path) -> Path:
    """Return the path absolute and without `..`, links untouched."""
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() follows links


def _or(path: str | Path | None, default: Path) -> Path:
    return default if path is None else absolute(path)
