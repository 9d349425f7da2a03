"""Who reads a backup, and who removes it.

Readers hold a shared `flock` on the backup itself (its folder, or its one file); a remover needs
the exclusive one. The lock dies with its process, needs no file of its own and works on a
read-only medium. File systems without locks cannot tell: there, a remover finds nobody reading.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL})
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EACCES})
_PAUSE_SECONDS = 0.005
_LONGEST_WAIT_SECONDS = 10.0


@contextmanager
def held_for_reading(backup: Path) -> Iterator[None]:
    """Keep a backup from being removed by a prune of any process until the end of the body.

    A backup that is not there, or is being removed, is not held: reading it says so.
    """
    fd = _shared(backup)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)


@contextmanager
def held_for_removal(path: Path) -> Iterator[bool]:
    """Hold a backup alone; yields False when somebody reads it or removes it, or it is gone."""
    fd = _opened(path)
    if fd is None:
        yield False
        return
    try:
        yield locked(fd, fcntl.LOCK_EX) and _is_still(path, fd)
    finally:
        os.close(fd)


def _shared(backup: Path) -> int | None:
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    while (fd := _opened(backup)) is not None:
        try:
            if locked(fd, fcntl.LOCK_SH) and _is_still(backup, fd):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        # A remover has it: in a moment it has either renamed it or let it go. Whoever keeps it
        # for longer is no remover of ours, and reading needs no permission.
        if time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE_SECONDS)
    return None


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, _OPEN)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def locked(fd: int, operation: int) -> bool:
    """Take a lock without waiting; False when somebody has it, True where there are none."""
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is_still(path: Path, fd: int) -> bool:
    try:
        now = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return os.path.samestat(now, os.fstat(fd))
