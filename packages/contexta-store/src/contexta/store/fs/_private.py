"""Folders and files that only their owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from contexta.store.fs._errors import translated_os_errors
from contexta.store.fs._sync import fsync_dir

_DIR_MODE = 0o700
_FILE_MODE = 0o600


def ensure_private_dir(path: str | Path, *, follow: bool = True) -> Path:
    """Create a folder and its missing parents, each 0700 and durable.

    A folder that exists keeps its mode: the owner may share it on purpose.

    Args:
        path: The folder.
        follow: Whether an existing last component may be a symbolic link to a folder. Folders
            inside a store say False: a planted link would send writes elsewhere.

    Returns:
        The same path.

    Raises:
        StoreAccessError: When it cannot be created, is not a folder, or is a refused link.
    """
    target = Path(path)
    with translated_os_errors("create the folder", target):
        _make_missing(target)
        mode = (target.stat() if follow else target.lstat()).st_mode
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(20, "Exists and is not a folder", str(target))
    return target


def _make_missing(target: Path) -> None:
    missing: list[Path] = []
    current = target
    while not os.path.lexists(current):
        missing.append(current)
        current = current.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=_DIR_MODE)
        except FileExistsError:  # another process made it in between; it syncs the parent too,
            pass  # but may not have done so yet, hence the sync below in both cases
        else:
            folder.chmod(_DIR_MODE)  # a umask may have taken bits away
        fsync_dir(folder.parent)


def open_private(path: str | Path, flags: int) -> int:
    """Open a file 0600 and return its descriptor, owned by the caller.

    Adds `O_CLOEXEC` and `O_NOFOLLOW`: a link in the last component is refused.

    Args:
        path: The file.
        flags: Flags of `os.open`, for example `os.O_CREAT | os.O_EXCL | os.O_WRONLY`.

    Raises:
        StoreAccessError: When it cannot be opened.
    """
    with translated_os_errors("open", path):
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write every byte of `data`, however many short writes that takes.

    Raises:
        OSError: As `os.write`; callers translate it with the path at hand.
    """
    view = memoryview(data)
    if view.itemsize != 1 or view.ndim != 1:
        view = view.cast("B")
    while view:
        view = view[os.write(fd, view) :]
