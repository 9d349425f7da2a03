"""Carry over what a restore does not replace: reports, exports, backups, anything of the user.

Files are hard-linked into the replacement, so nothing is copied, the old tree stays whole, and
locks and open files keep meaning the same file. Where links are impossible, files are copied.

Others may go on writing such files meanwhile. So the carrying is repeated right before the
exchange of names, and once more after it, when no path leads to the old tree any longer: a file
that came in between is found there.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._owner import take_owner
from contexta.recovery._sqlite import SIDECAR_SUFFIXES
from contexta.store.fs import (
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    fsync_file,
    open_private,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contexta.recovery._layout import Layout

_CANNOT_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
_JOINED_SUFFIX = ".jsonl"
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_BACKUP_SCRATCH = (".partial-", ".removing-")
_STAGING_SCRATCH = ("opened-", "plan-", "rehearse-", "verify-", "view-")


def replaced_paths(layout: Layout) -> frozenset[Path]:
    """Return the files and folders of a workspace that a restore replaces as a whole."""
    sidecars = (layout.database.with_name(layout.database.name + end) for end in SIDECAR_SUFFIXES)
    return frozenset(
        (layout.metadata, layout.database, layout.records, layout.artifacts, *sidecars)
    )


def scratch_folders(layout: Layout) -> tuple[Path, ...]:
    """Return the working folders of backups and verifications below a workspace.

    They are not carried over: whoever fills one would go on in the old tree, and find in the new
    one a folder that lacks what was written since.
    """
    found = [path for path in _folders(layout.backups) if path.name.startswith(_BACKUP_SCRATCH)]
    for staging in (layout.staging, *_folders(layout.staging)):
        found += [path for path in _folders(staging) if path.name.startswith(_STAGING_SCRATCH)]
    return tuple(path for path in found if layout.is_inside(path))


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(
        Path(item.path) for item in os.scandir(parent) if item.is_dir(follow_symlinks=False)
    )


@dataclass(frozen=True, slots=True)
class Carrier:
    """Links the survivors of one tree into another.

    Args:
        old: Where they are.
        new: Where they are needed.
        staged: Files of `new` that come from the backup; they stay.
    """

    old: Layout
    new: Layout
    staged: frozenset[Path]

    def carry(self, *, refresh: bool = True) -> None:
        """Link every file of the old tree that is not replaced.

        Queues of the outbox in both are joined: a delivery that waits in either still waits.

        Args:
            refresh: Whether a file that is another one in the old tree by now is linked again;
                otherwise only what is missing is added.
        """
        if self.old.root.is_dir():
            left_out = replaced_paths(self.old) | set(scratch_folders(self.old))
            self._folder(self.old.root, self.new.root, left_out, refresh=refresh)

    def _folder(self, old: Path, new: Path, left_out: frozenset[Path], *, refresh: bool) -> None:
        for entry in sorted(os.scandir(old), key=lambda item: item.name):
            source, target = Path(entry.path), new / entry.name
            if source in left_out:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not target.is_dir() or target.is_symlink():
                    target.mkdir(mode=0o700)
                self._folder(source, target, left_out, refresh=refresh)
            elif not os.path.lexists(target):
                _link(source, target)
            elif not os.path.samestat(os.lstat(source), os.lstat(target)):
                self._differing(source, target, refresh=refresh)
        if refresh:
            shutil.copystat(old, new, follow_symlinks=False)
            take_owner(old, new)

    def _differing(self, source: Path, target: Path, *, refresh: bool) -> None:
        is_staged = target in self.staged
        is_queue = source.parent == self.old.outbox and source.suffix == _JOINED_SUFFIX
        if is_queue and (is_staged or not refresh):
            join_lines(source, target)
            take_owner(source, target)
        elif refresh and not is_staged:
            target.unlink()
            _link(source, target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        return  # gone since it was listed
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copy2(source, target, follow_symlinks=False)
        if stat.S_ISREG(os.lstat(target).st_mode):
            fsync_file(target)


def join_lines(current: Path, restored: Path) -> None:
    """Let `restored` hold the lines of both, each once, those of `current` first."""
    atomic_write_bytes(restored, _joined(current, restored))


def _joined(current: Path, restored: Path) -> bytes:
    lines = list(_lines(current))
    known = set(lines)
    lines.extend(line for line in _lines(restored) if line not in known)
    return b"".join(line + b"\n" for line in lines)


def _lines(path: Path) -> Iterator[bytes]:
    return (line for line in path.read_bytes().split(b"\n") if line.strip())


def add_beside(staged: Path, live: Path) -> None:
    """Bring the restored files of a folder outside the workspace to their place, one by one.

    Each file is replaced as a whole; queues of deliveries are joined instead. Nothing is removed.
    All of it is on disk when this returns, and what a killed call left is used up.
    """
    if not staged.is_dir():
        return
    ensure_private_dir(live)
    for entry in sorted(os.scandir(staged), key=lambda item: item.name):
        source, target = Path(entry.path), live / entry.name
        if entry.is_dir(follow_symlinks=False):
            add_beside(source, target)
            continue
        # Always the same name: a call that was killed leaves the file that the next one needs.
        temporary = live / f"_{entry.name[:50]}.restore.tmp"
        temporary.unlink(missing_ok=True)
        with open(open_private(temporary, _NEW), "wb") as file:
            if source.suffix == _JOINED_SUFFIX and target.is_file() and not target.is_symlink():
                file.write(_joined(target, source))
            else:
                with source.open("rb") as origin:
                    shutil.copyfileobj(origin, file)
            os.fchmod(file.fileno(), 0o600)  # a umask may have taken bits away
        fsync_file(temporary)
        take_owner(live, temporary)
        os.replace(temporary, target)
    fsync_dir(live)


class Print(NamedTuple):
    """One file that a restore would replace: which part, where in it, bytes, change time in ns."""

    part: str
    relative: str
    size: int
    changed_ns: int


def fingerprint(layout: Layout) -> frozenset[Print]:
    """Return every file that a restore would replace.

    Equal before and after means that nobody wrote in between, wherever the layout lies. Files
    that merely reading creates are left out.
    """
    tops = {"metadata": layout.metadata, "records": layout.records, "artifacts": layout.artifacts}
    if not layout.database.is_relative_to(layout.metadata):
        name = layout.database.name
        ends = ("", *SIDECAR_SUFFIXES)
        tops |= {f"database{end}": layout.database.with_name(name + end) for end in ends}
    return frozenset(_prints(tops))


def without_logs(prints: frozenset[Print]) -> frozenset[Print]:
    """Return the prints without those of the logs and locks of a database outside."""
    return frozenset(one for one in prints if not one.part.startswith("database-"))


def _prints(tops: Mapping[str, Path]) -> Iterator[Print]:
    for part, top in tops.items():
        for path in _files(top):
            status = os.lstat(path)
            is_reading = path.name.endswith("-shm") or (
                path.name.endswith("-wal") and status.st_size == 0
            )
            if not is_reading:
                relative = path.relative_to(top).as_posix()
                yield Print(part, relative, status.st_size, status.st_mtime_ns)


def _files(top: Path) -> Iterator[Path]:
    if top.is_dir() and not top.is_symlink():
        for folder, _, names, _ in os.fwalk(top, follow_symlinks=False):
            yield from (Path(folder) / name for name in names)
    elif os.path.lexists(top):
        yield top
