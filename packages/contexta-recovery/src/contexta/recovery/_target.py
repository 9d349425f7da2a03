"""What must hold of the target before a restore may replace it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._errors import RestoreError
from contexta.recovery._layout import Layout, absolute, layout_of
from contexta.recovery._records import WAL, WRITER_LOCK
from contexta.recovery._snapshot import PLANES, has_section
from contexta.recovery._sqlite import check_unused, is_regular
from contexta.recovery._survivors import replaced_paths
from contexta.store.fs import lock_is_held

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

WORK_SUFFIX = ".restore"


@dataclass(frozen=True, slots=True)
class Unit:
    """A file or folder that is replaced by one rename: the root, or a plane outside it.

    `work` is the working folder beside it, on the same filesystem.
    """

    target: Path

    @property
    def work(self) -> Path:
        return self.target.with_name(f".{self.target.name}{WORK_SUFFIX}")

    @property
    def new(self) -> Path:
        return self.work / "new"

    @property
    def old(self) -> Path:
        return self.work / "old"


def target_layout(config: RecoveryConfig, target: Path) -> Layout:
    """Return the layout that a restore onto `target` fills.

    For the configured workspace it is the configured one, planes outside the root included; for
    any other folder everything lies inside it. The backup folder is always the configured one.
    """
    configured = layout_of(config)
    root = absolute(target)
    layout = configured if root == configured.root else configured.at(root)
    real = Path(os.path.realpath(root))  # a link to the workspace stays; what it names is replaced
    moved = {
        field.name: real / part.relative_to(root)
        for field in fields(layout)
        if (part := getattr(layout, field.name)).is_relative_to(root)
    }
    return replace(replace(layout, **moved), backups=configured.backups, staging=configured.staging)


def units_of(layout: Layout) -> tuple[Unit, ...]:
    """Return what is replaced, the root first."""
    outside = [
        part
        for part in (layout.metadata, layout.records, layout.artifacts)
        if not layout.is_inside(part)
    ]
    database = layout.database
    if not any(database.is_relative_to(folder) for folder in (layout.root, *outside)):
        outside.append(database)
    return tuple(Unit(path) for path in (layout.root, *outside))


def new_layout(layout: Layout, units: tuple[Unit, ...]) -> Layout:
    """Return where the parts of the replacement are built."""

    def moved(part: Path) -> Path:
        for unit in reversed(units):
            if part.is_relative_to(unit.target):
                return unit.new / part.relative_to(unit.target)
        return part

    return Layout(**{field.name: moved(getattr(layout, field.name)) for field in fields(layout)})


def check_target(layout: Layout, units: tuple[Unit, ...], source: Path) -> None:
    """Refuse a target that cannot be replaced safely.

    Raises:
        RestoreError: `recovery_target_not_replaceable` with the reason.
    """
    reasons = []
    if layout.root == layout.root.parent:
        reasons.append("it is the root of the filesystem")
    if os.path.lexists(layout.root) and not layout.root.is_dir():
        reasons.append("it is a file")
    if layout.root.is_relative_to(source):
        reasons.append(f"it lies inside the backup {str(source)!r}")
    for name, path in (("backup", source), ("backup folder", layout.backups)):
        reasons += [
            f"the {name} {str(path)!r} lies inside {str(part)!r}, which is replaced"
            for part in replaced_paths(layout)
            if path.is_relative_to(part)
        ]
    reasons += [
        f"{str(unit.target)!r} is a mount point, which cannot be renamed"
        for unit in units
        if unit.target.is_mount()
    ]
    if reasons:
        raise RestoreError(
            f"Cannot restore onto {str(layout.root)!r}: {'; '.join(reasons)}. "
            "Choose another target_workspace.",
            code="recovery_target_not_replaceable",
            details={"target_workspace": str(layout.root), "reasons": reasons},
        )


def check_not_in_use(layout: Layout) -> None:
    """Refuse a target that a process, this one included, has open for writing.

    Raises:
        RestoreError: `recovery_target_in_use`.
    """
    wal = layout.records / WAL
    for folder in sorted(wal.iterdir()) if wal.is_dir() else ():
        if lock_is_held(folder / WRITER_LOCK):
            raise RestoreError(
                f"A writer has {str(layout.records)!r} open (writer {folder.name}). Close every "
                "Contexta context and store on the target workspace, then call again.",
                code="recovery_target_in_use",
                details={"path": str(layout.records), "writer_id": folder.name},
                retryable=True,
            )
    if is_regular(layout.database):
        check_unused(layout.database)


def has_data(layout: Layout) -> bool:
    """Tell whether the target has any plane."""
    return any(has_section(layout, plane) for plane in PLANES)
