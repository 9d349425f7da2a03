"""What must hold of the target before a restore may replace it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._errors import RestoreError
from contexta.recovery._layout import Layout, absolute, layout_of
from contexta.recovery._mounts import mounts_within
from contexta.recovery._records import WAL, WRITER_LOCK
from contexta.recovery._scratch import is_held
from contexta.recovery._snapshot import PLANES, has_section
from contexta.recovery._sqlite import check_unused, is_regular
from contexta.recovery._survivors import replaced_paths, scratch_folders
from contexta.recovery._swap import JOURNAL
from contexta.store.fs import lock_is_held

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

WORK_SUFFIX = ".restore"
STAGED_MARK = "staged.json"
BESIDE = "beside"
WORK_NAMES = frozenset({"new", "old", BESIDE, JOURNAL, STAGED_MARK})


@dataclass(frozen=True, slots=True)
class Unit:
    """A file or folder that is replaced by one rename: the root, or a plane outside it.

    `work` is the working folder beside it, on the same filesystem.
    """

    target: Path

    @property
    def work(self) -> Path:
        return self.target.parent / f".{self.target.name}{WORK_SUFFIX}"

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
    return replace(
        moved_to(layout, real),
        backups=Path(os.path.realpath(configured.backups)),
        staging=Path(os.path.realpath(configured.staging)),
    )


def units_of(layout: Layout) -> tuple[Unit, ...]:
    """Return what is replaced, each by one rename, the root first.

    A root that is a mount point, as volumes of containers are, cannot be renamed; then the planes
    in it are replaced one by one, each as a plane outside would be.
    """
    planes = (layout.metadata, layout.records, layout.artifacts)
    root = Path(os.path.realpath(layout.root))
    whole = () if root in mounts_within(layout.root) else (layout.root,)
    single = [part for part in planes if not (whole and layout.is_inside(part))]
    single = [
        part
        for part in single
        if not any(part != other and part.is_relative_to(other) for other in single)
    ]
    database = layout.database
    if not any(database.is_relative_to(folder) for folder in (*whole, *single)):
        # The logs first: beside the new file, a log of the old one would be applied to it.
        single += [*database_logs(database), database]
    return tuple(Unit(path) for path in (*whole, *single))


def has_root(layout: Layout, units: tuple[Unit, ...]) -> bool:
    """Tell whether the root is replaced as a whole, and what survives must be carried over."""
    return units[0].target == layout.root


def database_logs(database: Path) -> tuple[Path, ...]:
    """Return the logs that SQLite would apply to whatever database lies beside them."""
    return tuple(database.with_name(f"{database.name}{end}") for end in ("-wal", "-journal"))


def new_layout(layout: Layout, units: tuple[Unit, ...]) -> Layout:
    """Return where the parts of the replacement are built.

    What is not replaced, an outbox elsewhere for example, is built in the first working folder;
    see `beside`.
    """

    def moved(name: str) -> Path:
        part: Path = getattr(layout, name)
        for unit in reversed(units):
            if part.is_relative_to(unit.target):
                return unit.new / part.relative_to(unit.target)
        return units[0].work / BESIDE / name

    return Layout(**{field.name: moved(field.name) for field in fields(layout)})


def moved_to(layout: Layout, tree: Path) -> Layout:
    """Return the layout with what lies in its root at another place; the rest stays."""
    moved = {
        field.name: tree / part.relative_to(layout.root)
        for field in fields(layout)
        if (part := getattr(layout, field.name)).is_relative_to(layout.root)
    }
    return replace(layout, **moved)


def former_layout(layout: Layout, units: tuple[Unit, ...]) -> Layout:
    """Return where the former state lies after the exchange of names."""

    def moved(part: Path) -> Path:
        for unit in reversed(units):
            if part.is_relative_to(unit.target):
                place = unit.old if os.path.lexists(unit.old) else unit.new
                return place / part.relative_to(unit.target)
        return part

    return Layout(**{field.name: moved(getattr(layout, field.name)) for field in fields(layout)})


def beside(layout: Layout, units: tuple[Unit, ...]) -> tuple[tuple[Path, Path], ...]:
    """Return where folders that are not replaced are built, and where they belong.

    These are folders outside that are no planes; and all but the planes, the mark of the
    workspace included, when the root cannot be replaced.
    """
    new = new_layout(layout, units)
    return tuple(
        (getattr(new, name), place)
        for name in ("outbox", "exports", "cache", "root")
        if not any((place := getattr(layout, name)).is_relative_to(unit.target) for unit in units)
    )


def check_target(layout: Layout, units: tuple[Unit, ...], source: Path, configured: Layout) -> None:
    """Refuse a target that cannot be replaced safely; all reasons at once.

    Args:
        layout: Of the target.
        units: What is replaced.
        source: Where the backup lies.
        configured: The layout that the configuration names.

    Raises:
        RestoreError: `recovery_target_not_replaceable` with the reasons, or
            `recovery_target_contains_mount` when another filesystem is mounted in it.
    """
    reasons = [
        *_shape_reasons(layout),
        *_place_reasons(layout, source, configured),
        *_leftover_reasons(units),
    ]
    mounts = [point for unit in units for point in mounts_within(unit.target)]
    if mounts and not reasons:
        raise RestoreError(
            f"{str(mounts[0])!r} is a mount point in what is replaced; a rename would not move "
            "it, or take it away. Unmount it, or restore to another path.",
            code="recovery_target_contains_mount",
            details={"path": str(mounts[0]), "mounts": [str(point) for point in mounts]},
        )
    if reasons:
        raise RestoreError(
            f"Cannot restore onto {str(layout.root)!r}: {'; '.join(reasons)}. "
            "Choose another target_workspace.",
            code="recovery_target_not_replaceable",
            details={"target_workspace": str(layout.root), "reasons": reasons},
        )


def _shape_reasons(layout: Layout) -> list[str]:
    reasons = []
    if layout.root == layout.root.parent:
        reasons.append("it is the root of the filesystem")
    if os.path.lexists(layout.root) and not layout.root.is_dir():
        reasons.append("it is a file")
    for name in ("metadata", "database", "records", "artifacts"):
        part: Path = getattr(layout, name)
        if layout.root.is_relative_to(part):
            reasons.append(f"it lies inside its own {name} {str(part)!r}, which is replaced")
        if part.is_symlink():
            reasons.append(
                f"its {name} {str(part)!r} is a link; set the path in the configuration to what "
                "it names"
            )
    return reasons


def _place_reasons(layout: Layout, source: Path, configured: Layout) -> list[str]:
    root, reasons = layout.root, []
    source = Path(os.path.realpath(source))
    if root.is_relative_to(source):
        reasons.append(f"it lies inside the backup {str(source)!r}")
    for name, folder in (("backup", layout.backups), ("staging", layout.staging)):
        if root.is_relative_to(folder):
            reasons.append(f"it lies in the {name} folder {str(folder)!r}")
    own = Path(os.path.realpath(configured.root))
    if own != root and own.is_relative_to(root):
        reasons.append(f"the configured workspace {str(own)!r} lies inside it")
    if own != root:
        reasons += [
            f"it lies in {str(part)!r} of the configured workspace"
            for part in (configured.metadata, configured.records, configured.artifacts)
            if root.is_relative_to(os.path.realpath(part))
        ]
    for name, path in (("backup", source), ("backup folder", layout.backups)):
        reasons += [
            f"the {name} {str(path)!r} lies inside {str(part)!r}, which is replaced"
            for part in sorted(replaced_paths(layout))
            if path.is_relative_to(part)
        ]
    return reasons


def _leftover_reasons(units: tuple[Unit, ...]) -> list[str]:
    """Say which folders have the name of a working folder and were not made by a restore."""
    return [
        f"{str(unit.work)!r} is in the way and is not of a restore; rename it"
        for unit in units
        if os.path.lexists(unit.work)
        and (
            unit.work.is_symlink()
            or not unit.work.is_dir()
            or any(not is_of_restore(entry.name) for entry in unit.work.iterdir())
        )
    ]


def is_of_restore(name: str) -> bool:
    """Tell whether a restore makes a file of this name in its working folder."""
    is_temporary = name.startswith("_") and name.endswith(".tmp")
    return name in WORK_NAMES or is_temporary


def check_not_in_use(layout: Layout) -> None:
    """Refuse a target that a process, this one included, has open for writing.

    Folds the log of its database into the file, which nobody but us has open then.

    Raises:
        RestoreError: `recovery_target_in_use`.
    """
    check_no_writer(layout)
    if is_regular(layout.database):
        check_unused(layout.database)


def check_no_writer(layout: Layout) -> None:
    """Refuse a target of which somebody holds a lock; looks at locks only and changes nothing.

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
    for folder in scratch_folders(layout):
        if is_held(folder):
            raise RestoreError(
                f"A backup or a verification is running in {str(folder)!r}, inside the target. "
                "Call again when it is done.",
                code="recovery_target_in_use",
                details={"path": str(folder)},
                retryable=True,
            )


def has_data(layout: Layout) -> bool:
    """Tell whether the target has any plane."""
    return any(has_section(layout, plane) for plane in PLANES)
