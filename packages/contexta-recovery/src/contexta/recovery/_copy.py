"""Copy files of a workspace that others may be writing, never through a link."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._manifest import FileEntry
from contexta.store.fs import (
    CopyResult,
    copy_hashed,
    ensure_private_dir,
    open_private,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Found(NamedTuple):
    """A file of a tree: its path, and its POSIX path relative to the top of the walk."""

    path: Path
    relative: str
    size: int


@dataclass(slots=True)
class Copier:
    """Copies into one backup folder and keeps the list of what it copied.

    `warnings` names what was left out: links and special files. They are never followed: a link
    planted in a shared workspace would pull an outside file into the backup.
    """

    destination: Path
    entries: dict[str, FileEntry] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def copy(self, source: Path, relative: str, length: int | None = None) -> bool:
        """Copy one file, hashing the bytes written; False when it has vanished.

        Args:
            source: The file; a link is refused.
            relative: Where it goes below `destination`, as a POSIX path.
            length: How many bytes to take; None means all.

        Raises:
            OSError: When it cannot be read or written.
        """
        try:
            source_fd = os.open(source, _READ)
        except FileNotFoundError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(source_fd).st_mode):
                self.warnings.append(f"special_file_skipped:{relative}")
                return True
            target = self.destination / relative
            ensure_private_dir(target.parent)
            target_fd = open_private(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            try:
                size, digest = _copy_bytes(source_fd, target_fd, length)
                os.fsync(target_fd)
            finally:
                os.close(target_fd)
        finally:
            os.close(source_fd)
        self.entries[relative] = FileEntry.plain(relative, size, digest)
        return True

    def copy_tree(self, source: Path, relative: str, take: Callable[[Path], bool]) -> None:
        """Copy the files of a folder for which `take` says yes; vanished ones are left out."""
        for found in self.walk(source, take):
            self.copy(found.path, f"{relative}/{found.relative}")

    def walk(self, source: Path, take: Callable[[Path], bool]) -> Iterator[Found]:
        """Return the regular files below a folder; see `walk_files`."""
        return walk_files(source, take, self.warnings)

    def drop(self, relative: str) -> None:
        """Remove one copied file again."""
        del self.entries[relative]
        (self.destination / relative).unlink()


def _copy_bytes(source_fd: int, target_fd: int, length: int | None) -> CopyResult:
    if length is None:
        return copy_hashed(source_fd, target_fd)
    data = b""
    while len(data) < length and (chunk := os.read(source_fd, length - len(data))):
        data += chunk
    write_all(target_fd, data)
    return CopyResult(len(data), hashlib.sha256(data).hexdigest())


def walk_files(
    top: Path, take: Callable[[Path], bool], warnings: list[str] | None = None
) -> Iterator[Found]:
    """Yield the regular files below `top` in sorted order, never through a link.

    Args:
        top: The folder; absent means no files.
        take: Called with each file and folder; False leaves it out, with all below.
        warnings: Receives a line for each link or special file met.
    """
    if not top.is_dir() or top.is_symlink():
        return
    skipped = warnings if warnings is not None else []
    for folder, folders, names, fd in os.fwalk(top, follow_symlinks=False, onerror=_raise_found):
        base = Path(folder)
        folders[:] = [
            name for name in sorted(folders) if _is_real(base / name, fd, top, take, skipped)
        ]
        for name in sorted(names):
            path = base / name
            if not take(path):
                continue
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield Found(path, path.relative_to(top).as_posix(), status.st_size)
            else:
                skipped.append(_skipped_line(path, top, status.st_mode))


def _is_real(
    path: Path, dir_fd: int, top: Path, take: Callable[[Path], bool], skipped: list[str]
) -> bool:
    if not take(path):
        return False
    try:
        status = os.stat(path.name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(status.st_mode):
        return True
    skipped.append(_skipped_line(path, top, status.st_mode))
    return False


def _skipped_line(path: Path, top: Path, mode: int) -> str:
    kind = "link" if stat.S_ISLNK(mode) else "special_file"
    return f"{kind}_skipped:{top.name}/{path.relative_to(top).as_posix()}"


def _raise_found(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
