"""Bodies: immutable files named by the SHA-256 of their content."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import IO, TYPE_CHECKING, BinaryIO

from contexta.contract.errors import IntegrityError, NotFoundError
from contexta.store.artifacts._locking import object_lock
from contexta.store.fs import ensure_private_dir, fsync_dir, open_private, translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

_READ_ONLY = 0o400


def publish(layout: Layout, staged: Path, sha256: str) -> os.stat_result:
    """Move a staged file, synced, hashed and pinned, to its final place; make the name durable.

    An existing body is replaced by the fresh bytes: they are known to be right, the old ones
    may be damaged, and open readers keep the file that they have. Returns its status.
    """
    target = layout.body(sha256)
    ensure_private_dir(target.parent, follow=False)
    with translated_os_errors("store the body", target):
        staged.chmod(_READ_ONLY)
        with object_lock(layout, sha256):  # a collector may be about to remove the old one
            os.replace(staged, target)
            status = target.lstat()
    fsync_dir(target.parent)
    return status


def body_status(path: Path) -> os.stat_result | None:
    """Return the status of a body; None when there is no regular file."""
    with translated_os_errors("look at", path):
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return status if stat.S_ISREG(status.st_mode) else None


def body_size(path: Path) -> int | None:
    """Return the size of a body; None when there is no regular file."""
    status = body_status(path)
    return None if status is None else status.st_size


def open_body(path: Path, sha256: str, *, ref: str, verify: bool, chunk_bytes: int) -> BinaryIO:
    """Open a body for reading, after its every byte was hashed when `verify` is set.

    The bytes handed out come from the descriptor that was hashed, not from a second open.

    Raises:
        NotFoundError: `artifact_store_body_not_found`.
        IntegrityError: `artifact_store_hash_mismatch`.
    """
    if body_size(path) is None:
        raise body_missing(ref, path)
    fd = open_private(path, os.O_RDONLY)
    file = os.fdopen(fd, "rb")
    try:
        if verify:
            with translated_os_errors("read the body", path):
                _require_hash(file, sha256, ref=ref, path=path, chunk_bytes=chunk_bytes)
                file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def hash_body(path: Path, *, chunk_bytes: int) -> tuple[os.stat_result, str]:
    """Return status and SHA-256 of a body, every byte read; the status is that before reading."""
    fd = open_private(path, os.O_RDONLY)
    with os.fdopen(fd, "rb", buffering=0) as file, translated_os_errors("read the body", path):
        status = os.fstat(fd)
        return status, _hash_open(file, chunk_bytes)


def body_missing(ref: str, path: Path) -> NotFoundError:
    """Build the error for a body that is gone."""
    return NotFoundError(
        f"The body of {ref!r} is not there. Put the artifact again with the same bytes, or "
        "restore a backup.",
        code="artifact_store_body_not_found",
        details={"artifact_ref": ref, "path": str(path)},
    )


def body_damaged(ref: str, path: Path, expected: str, actual: str) -> IntegrityError:
    """Build the error for a body with other bytes than were stored."""
    return IntegrityError(
        f"The body of {ref!r} is not what was stored: its SHA-256 is {actual}, not {expected}. "
        "Put the artifact again with the right bytes, or restore a backup.",
        code="artifact_store_hash_mismatch",
        details={
            "artifact_ref": ref,
            "path": str(path),
            "expected_hash_value": expected,
            "actual_hash_value": actual,
        },
    )


def _require_hash(file: BinaryIO, sha256: str, *, ref: str, path: Path, chunk_bytes: int) -> None:
    actual = _hash_open(file, chunk_bytes)
    if actual != sha256:
        raise body_damaged(ref, path, sha256, actual)


def _hash_open(file: IO[bytes], chunk_bytes: int) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(chunk_bytes):
        digest.update(chunk)
    return digest.hexdigest()
