"""A file that is there whole or not at all, written piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
)


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the body ends well.

    Until then it lies beside it under a temporary name; after an exception the old file, if
    there was one, is unchanged. The file is 0600; missing folders are made, 0700.

    Raises:
        StoreAccessError: the path names a folder or cannot be written.
    """
    target = _target(path)
    ensure_private_dir(target.parent)
    temporary = target.with_name(temporary_name())
    with translated_os_errors("write", target):
        fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            with os.fdopen(fd, "wb", buffering=1 << 16) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except BaseException:
            # The first error is the one to report; a temporary file left behind is harmless.
            with suppress(OSError):
                temporary.unlink()
            raise
    fsync_dir(target.parent)


def _target(path: str | Path) -> Path:
    try:
        target = Path(path).expanduser().resolve()
        is_folder = not target.name or target.is_dir()
    except (ValueError, RuntimeError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreAccessError(
            f"{path!r} is no usable path: {reason}; give another one",
            code="io_invalid_path",
            details={"path": repr(path)},
            cause=error,
        ) from error
    if is_folder:
        raise StoreAccessError(
            f"{target} is a folder, not a file: name a file in it",
            code="io_invalid_path",
            details={"path": str(target)},
        )
    return target
