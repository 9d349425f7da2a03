"""Turn errors of the operating system into ours, in one place."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, StoreAccessError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def translated_os_errors(action: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise `StoreAccessError` for any `OSError` of the body.

    Args:
        action: What was tried, as a verb phrase ("write the manifest").
        path: The file or folder that it was tried on.

    Raises:
        StoreAccessError: With a code per family of errno; see the package docstring.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, ContextaError):
            raise
        raise access_error(action, path, error) from error


def access_error(action: str, path: str | os.PathLike[str], error: OSError) -> StoreAccessError:
    """Build the `StoreAccessError` that stands for `error`."""
    name = errno.errorcode.get(error.errno or 0, "unknown")
    details = {"path": str(path), "errno": name}
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreAccessError(
            f"Cannot {action} {str(path)!r}: {reason}. Free some space and call again.",
            code="store_disk_full",
            details=details,
            retryable=True,
        )
    if error.errno in _DENIED:
        return StoreAccessError(
            f"Cannot {action} {str(path)!r}: {reason}. Check owner and permissions, "
            "or open the store read-only.",
            code="store_permission_denied",
            details=details,
        )
    code = "store_path_missing" if error.errno == errno.ENOENT else "store_io_failed"
    return StoreAccessError(f"Cannot {action} {str(path)!r}: {reason}.", code=code, details=details)
