"""Find the files of a folder that others may be writing, never through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Found(NamedTuple):
    """A file of a tree: its path, and its POSIX path relative to the top of the walk."""

    path: Path
    relative: str
    size: int


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
