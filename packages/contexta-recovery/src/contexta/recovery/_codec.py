"""How the bytes of a file become the bytes of its stored file, and back."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO

from contexta.recovery._manifest import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES = 1 << 20


class UndecodableError(Exception):
    """Stored bytes that are not what their encoding says; never leaves this package."""


class UnreadableError(Exception):
    """The disk failed while reading a stored file; never leaves this package.

    Not an `OSError`: unlike a failure while writing elsewhere, it is a problem of the backup.
    """


class HashingReader(io.RawIOBase):
    """A stored file that is hashed as it is read.

    Args:
        file: Where the bytes come from; closing this reader leaves it open.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, empty at the end.

        Raises:
            UnreadableError: When the system cannot read them.
        """
        try:
            chunk = self._file.read(CHUNK_BYTES if size < 0 else size)
        except OSError as error:
            raise UnreadableError(str(error.strerror)) from error
        self._digest.update(chunk)
        return chunk

    def drain(self) -> None:
        """Read what is left, so that the digest is over all bytes."""
        while self.read(CHUNK_BYTES):
            pass

    def hexdigest(self) -> str:
        """Return the SHA-256 of the bytes read so far."""
        return self._digest.hexdigest()


def plain_chunks(stored: HashingReader, encoding: str, size: int) -> Iterator[bytes]:
    """Yield the bytes of a file from its stored form, never more than `size` of them.

    Raises:
        UndecodableError: When the stored bytes do not decode, or decode to more.
        UnreadableError: When they cannot be read.
    """
    if encoding != PLAIN:
        raise UndecodableError(f"encoding {encoding!r} is not known")
    total = 0
    while chunk := stored.read(CHUNK_BYTES):
        total += len(chunk)
        if total > size:
            raise UndecodableError(f"more than {size} bytes")
        yield chunk
