"""Replace a whole file, or leave it as it was."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from contexta.store.fs._errors import translated_os_errors
from contexta.store.fs._private import open_private, write_all
from contexta.store.fs._sync import fsync_dir


def temporary_name() -> str:
    """Return a fresh name for a temporary file.

    It starts with `_` and ends in `.tmp`, so that no glob over finished files takes it.
    """
    return f"_{secrets.token_hex(12)}.tmp"


def atomic_write_bytes(path: str | Path, data: bytes | bytearray | memoryview) -> None:
    """Write a file so that readers see the old content or the new, and the new survives.

    The parent folder must exist. The file is 0600. When this raises, the old file is unchanged,
    unless only the last sync of the folder failed: then either may be found after a power cut.

    Raises:
        StoreAccessError: When any step fails; the temporary file is removed.
    """
    target = Path(path)
    temporary = target.with_name(temporary_name())
    with translated_os_errors("write", target):
        fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            try:
                write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(temporary, target)
        except BaseException:
            # The first error is the one to report; a temporary file left behind is harmless.
            with suppress(OSError):
                temporary.unlink()
            raise
    fsync_dir(target.parent)


def atomic_write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text as `atomic_write_bytes` does.

    Raises:
        StoreAccessError: When any step fails.
    """
    atomic_write_bytes(path, text.encode("utf-8"))
