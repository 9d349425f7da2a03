"""Exchange two names at once, where the system can."""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_FDCWD = -100
_EXCHANGE = 2
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def exchange(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Let two existing files or folders of one file system take each other's name atomically.

    Nobody sees a moment without either. The folders that hold the names are not synced.

    Returns:
        False when the system or the file system cannot do it; nothing has changed then.

    Raises:
        OSError: As the system call; callers translate it with the paths at hand.
    """
    call = _renameat2()
    if call is None:
        return False
    import ctypes

    ctypes.set_errno(0)
    if call(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_SUPPORTED:
        return False
    raise OSError(number, os.strerror(number), os.fspath(second))


@cache
def _renameat2() -> Callable[..., int] | None:
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    call.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    call.restype = ctypes.c_int
    return cast("Callable[..., int]", call)
