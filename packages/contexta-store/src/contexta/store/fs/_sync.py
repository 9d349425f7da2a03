"""Bring file content and folder entries to the disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contexta.store.fs._errors import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path


def fsync_dir(path: str | Path) -> None:
    """Make the entries of a folder (created, renamed, removed names) durable.

    Raises:
        StoreAccessError: When the folder cannot be opened or synced. Nothing behind a failed
            sync may be treated as stored, and repeating the call proves nothing.
    """
    with translated_os_errors("sync the folder", path):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def fsync_file(path: str | Path) -> None:
    """Make the content of a file durable, through a descriptor of its own.

    Raises:
        StoreAccessError: When the file cannot be opened or synced.
    """
    with translated_os_errors("sync", path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
