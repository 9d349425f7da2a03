"""Carry over what a restore does not replace: reports, exports, backups, anything of the user.

Files are hard-linked into the replacement, so nothing is copied, the old tree stays whole, and
locks and open files keep meaning the same file. Where links are impossible, files are copied.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._errors import RestoreError
from contexta.recovery._sqlite import SIDECAR_SUFFIXES
from contexta.store.fs import atomic_write_bytes, fsync_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.recovery._layout import Layout

_CANNOT_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
OUTBOX_FILES = ("failed_deliveries.jsonl", "dead_letter.jsonl")


def replaced_paths(layout: Layout) -> frozenset[Path]:
    """Return the files and folders of a workspace that a restore replaces as a whole."""
    sidecars = (layout.database.with_name(layout.database.name + end) for end in SIDECAR_SUFFIXES)
    return frozenset(
        (layout.metadata, layout.database, layout.records, layout.artifacts, *sidecars)
    )


def carry_over(old: Layout, new: Layout) -> None:
    """Link every file of `old` that is not replaced into `new`; what is there already stays.

    Outbox files in both are joined: a delivery that waits in either still waits.

    Raises:
        RestoreError: `recovery_target_contains_mount` when another filesystem is mounted inside
            the target, which a rename would leave behind.
    """
    replaced = replaced_paths(old)
    joined = {old.outbox / name: new.outbox / name for name in OUTBOX_FILES}
    _carry_folder(old.root, new.root, replaced, joined)


def _carry_folder(
    old: Path, new: Path, replaced: frozenset[Path], joined: dict[Path, Path]
) -> None:
    for entry in sorted(os.scandir(old), key=lambda item: item.name):
        source, target = Path(entry.path), new / entry.name
        if source in replaced:
            continue
        if entry.is_dir(follow_symlinks=False):
            _refuse_mount(source)
            if not target.is_dir() or target.is_symlink():
                target.mkdir(mode=0o700)
            _carry_folder(source, target, replaced, joined)
        elif not os.path.lexists(target):
            _link(source, target)
        elif source in joined:
            _join_lines(source, joined[source])
    shutil.copystat(old, new, follow_symlinks=False)


def _refuse_mount(folder: Path) -> None:
    if folder.is_mount():
        raise RestoreError(
            f"{str(folder)!r} is a mount point inside the target; replacing the target would "
            "leave it behind. Unmount it, or restore to another path.",
            code="recovery_target_contains_mount",
            details={"path": str(folder)},
        )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copy2(source, target, follow_symlinks=False)
        if stat.S_ISREG(os.lstat(target).st_mode):
            fsync_file(target)


def _join_lines(current: Path, restored: Path) -> None:
    lines = list(_lines(current))
    known = set(lines)
    lines.extend(line for line in _lines(restored) if line not in known)
    atomic_write_bytes(restored, b"".join(line + b"\n" for line in lines))


def _lines(path: Path) -> Iterator[bytes]:
    return (line for line in path.read_bytes().split(b"\n") if line.strip())


def fingerprint(layout: Layout) -> tuple[tuple[str, int, int], ...]:
    """Return path, size and change time of every file that a restore would replace.

    Equal before and after means that nobody wrote in between. Files that merely reading creates
    are left out.
    """
    found = set()
    for top in replaced_paths(layout):
        for path in _files(top):
            status = os.lstat(path)
            is_reading = path.name.endswith("-shm") or (
                path.name.endswith("-wal") and status.st_size == 0
            )
            if not is_reading:
                found.add((str(path), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def _files(top: Path) -> Iterator[Path]:
    if top.is_dir() and not top.is_symlink():
        for folder, _, names, _ in os.fwalk(top, follow_symlinks=False):
            yield from (Path(folder) / name for name in names)
    elif os.path.lexists(top):
        yield top
