"""Working folders that tell a killed owner from a living one.

A scratch folder is locked with `flock` while its owner lives; the kernel frees the lock when the
owner dies. So whoever comes next can remove what a killed process left, and never what a living
one is filling. A process id in the name would not do: ids are reused.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError
from contexta.recovery._mounts import mounts_within
from contexta.store.fs import ensure_private_dir, fsync_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STAGED = re.compile(r"(opened|plan|rehearse|verify|view)-[0-9a-f]{16}")
_MOST_SWEEPS = 500  # counted, not timed: a disk that stands still for a second owns nothing
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SWEEP_PAUSE_SECONDS = 0.002


@contextmanager
def scratch_folder(path: Path) -> Iterator[bool]:
    """Create (or take over) and lock a folder; remove it with its content at the end.

    Yields:
        True when the folder was there already, left by a killed owner: its content is untouched.

    Raises:
        BlockingIOError: When a living process or thread owns it.
    """
    fd, found = _acquire(path)
    try:
        yield found
    finally:
        try:
            if _is_still(path, fd):  # not renamed to its final place
                remove_tree(path)
        finally:
            os.close(fd)


@contextmanager
def held_folder(path: Path) -> Iterator[bool]:
    """Create (or take over) and lock a folder; at the end only the lock is freed.

    Yields:
        True when the folder was there already.

    Raises:
        BlockingIOError: When a living process or thread owns it.
    """
    fd, found = _acquire(path)
    try:
        yield found
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Tell whether a living process or thread owns a folder; False when there is none."""
    try:
        fd = os.open(path, _FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def remove_abandoned(parent: Path, prefix: str) -> tuple[str, ...]:
    """Remove the scratch folders below `parent` whose owner is dead; return their names."""
    removed = []
    for path in sorted(parent.glob(f"{prefix}*")) if parent.is_dir() else ():
        if not path.is_symlink() and path.is_dir() and remove_if_abandoned(path):
            removed.append(path.name)
    return tuple(removed)


def remove_if_abandoned(path: Path) -> bool:
    """Remove a scratch folder whose owner is dead; False when it is gone or its owner lives.

    Taking it over instead would make it anew where its owner is removing it just now.
    """
    try:
        fd = os.open(path, _FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_still(path, fd):
            return False
        remove_tree(path)
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(fd)
    return True


def ensure_staging(folder: Path) -> None:
    """Make a folder for scratch folders, also while another call removes it because it is empty.

    Raises:
        StoreAccessError: As `ensure_private_dir`.
    """
    for _ in range(_MOST_SWEEPS):
        try:
            ensure_private_dir(folder)
        except StoreAccessError as error:
            if error.code != "store_path_missing":
                raise
        else:
            return
    ensure_private_dir(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds scratch folders, unless something is in it or comes into it.

    Several calls work in one staging folder at once, so looking into it first proves nothing.
    """
    with suppress(OSError):  # left behind it takes no space, and the next call uses it
        folder.rmdir()


def sweep_staging(staging: Path) -> None:
    """Remove the copies that killed plans, verifications and rehearsals left in a staging folder.

    Args:
        staging: The folder of the configuration; copies lie in it, or in the folder of a backup.
    """
    for parent in (staging, *_folders_in(staging)):
        for path in _folders_in(parent):
            if _STAGED.fullmatch(path.name):
                remove_abandoned(parent, path.name)


def _folders_in(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            names = sorted(item.name for item in entries if item.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):  # another sweep was here first
        return []
    return [parent / name for name in names]


def remove_tree(path: Path) -> None:
    """Remove a folder with all below it, folders without write permission included.

    Raises:
        OSError: When it cannot be removed, or another filesystem is mounted in it, whose files
            are not ours; then nothing is removed.
    """
    mounts = mounts_within(path)
    if mounts:
        raise OSError(f"{str(mounts[0])!r} is a mount point; unmount it first")

    try:
        shutil.rmtree(path)
    except PermissionError:
        _open_up(path)
        shutil.rmtree(path)


def _open_up(top: Path) -> None:
    """Give the owner every right on the folders at and below `top`, never through a link."""
    top.chmod(stat.S_IRWXU)
    for base, folders, _ in os.walk(top):
        for name in folders:
            folder = f"{base}/{name}"
            if stat.S_ISDIR(os.lstat(folder).st_mode):
                os.chmod(folder, stat.S_IRWXU)  # noqa: PTH101 - one path per folder is enough


def _acquire(path: Path) -> tuple[int, bool]:
    """Create and lock a folder; also when a sweep of abandoned ones comes between the two."""
    refused = vanished = 0
    is_ours = False
    while True:
        found = path.is_dir()
        is_ours = is_ours or not found
        fd = _created(path, is_last=vanished > _MOST_SWEEPS)
        if fd is None:
            vanished += 1
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, fd):
                return fd, found and not is_ours
        except BlockingIOError:
            # Whoever locks a folder that was made this moment sweeps, and is done at once.
            refused += 1
            if not is_ours or refused > _MOST_SWEEPS:
                os.close(fd)
                raise
            time.sleep(_SWEEP_PAUSE_SECONDS)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _created(path: Path, *, is_last: bool) -> int | None:
    """Return a descriptor of a folder, made if needed; None when it was removed meanwhile.

    The folder above may go too: whoever was the last in it removes it.
    """
    try:
        ensure_private_dir(path, follow=False)
        return os.open(path, _FOLDER)
    except FileNotFoundError:
        if is_last:
            raise
    except StoreAccessError as error:
        if is_last or error.code != "store_path_missing":
            raise
    return None


def _is_still(path: Path, fd: int) -> bool:
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(now, os.fstat(fd))


def fsync_tree(root: Path) -> None:
    """Make the names of every folder below `root`, and of `root` itself, durable."""
    for folder, _, _, _ in os.fwalk(root, follow_symlinks=False):
        fsync_dir(folder)
