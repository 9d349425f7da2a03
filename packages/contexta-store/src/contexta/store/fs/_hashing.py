"""SHA-256 of files, also while copying them."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from contexta.store.fs._errors import translated_os_errors
from contexta.store.fs._private import write_all

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 1 << 20


class CopyResult(NamedTuple):
    """What was copied: number of bytes and lower-case hex SHA-256."""

    size_bytes: int
    sha256: str


def sha256_file(path: str | Path, *, chunk_bytes: int = _CHUNK_BYTES) -> str:
    """Return the SHA-256 of a file as 64 lower-case hex digits.

    Raises:
        StoreAccessError: When the file cannot be read.
    """
    digest = hashlib.sha256()
    with translated_os_errors("read", path), open(path, "rb", buffering=0) as file:
        while chunk := file.read(chunk_bytes):
            digest.update(chunk)
    return digest.hexdigest()


def copy_hashed(source_fd: int, target_fd: int, *, chunk_bytes: int = _CHUNK_BYTES) -> CopyResult:
    """Copy from one descriptor to another and hash exactly the bytes that were written.

    Hashing while copying is what keeps a source that grows meanwhile honest.

    Raises:
        OSError: As the system calls; callers translate it with the paths at hand.
    """
    digest = hashlib.sha256()
    size = 0
    while chunk := os.read(source_fd, chunk_bytes):
        write_all(target_fd, chunk)
        digest.update(chunk)
        size += len(chunk)
    return CopyResult(size, digest.hexdigest())
