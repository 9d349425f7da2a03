"""A file or folder of an export: it appears whole under its name, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contexta.contract.errors import RecordError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
)


@contextmanager
def new_file(destination: Path) -> Iterator[int]:
    """Give a descriptor to write to; put the file in place when the block ends well.

    Raises:
        RecordError: `record_export_destination_invalid`, when the destination is a folder.
        StoreAccessError: When it cannot be written.
    """
    if destination.is_dir():
        raise RecordError(
            f"{str(destination)!r} is a folder. Give the name of a file to export to.",
            code="record_export_destination_invalid",
            details={"path": str(destination)},
        )
    ensure_private_dir(destination.parent)
    temporary = destination.with_name(temporary_name())
    with translated_os_errors("write", destination):
        fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            try:
                yield fd
                os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(temporary, destination)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    fsync_dir(destination.parent)


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """Give an empty folder to write into; put it in place when the block ends well.

    Raises:
        RecordError: `record_export_destination_invalid`, when the destination is a file or a
            folder with content.
        StoreAccessError: When it cannot be written.
    """
    with translated_os_errors("write", destination):
        if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
            raise RecordError(
                f"{str(destination)!r} exists and is no empty folder. Give a new name.",
                code="record_export_destination_invalid",
                details={"path": str(destination)},
            )
        ensure_private_dir(destination.parent)
        temporary = destination.with_name(temporary_name())
        ensure_private_dir(temporary)
        try:
            yield temporary
            fsync_dir(temporary)
            os.replace(temporary, destination)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)  # the first error is the one to report
            raise
    fsync_dir(destination.parent)
