"""How the bytes of a file become the bytes of its stored file, and back.

A `zstd` stored file is a sequence of zstd frames, one for each 4 MiB of the file: any zstd tool
decodes it. A sealed one is encoded first and encrypted then.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from contexta.recovery._manifest import ENCODINGS, PLAIN, SEALED, ZSTD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES = 1 << 20
FRAME_BYTES = 4 << 20
_DRAIN_BYTES = 1 << 16
_LEVEL = 3


class UndecodableError(Exception):
    """Stored bytes that are not what their encoding says; never leaves this package."""


class UnreadableError(Exception):
    """The disk failed while reading a stored file; never leaves this package.

    Not an `OSError`: unlike a failure while writing elsewhere, it is a problem of the backup.
    """


class SealedWriter(Protocol):
    """Encrypts what is written to it."""

    def write(self, data: bytes) -> None:
        """Take plain bytes of any number."""
        ...

    def finish(self) -> None:
        """Write what is left; call once."""
        ...


class Sealing(Protocol):
    """Encrypts and decrypts the stored files of one backup."""

    def stored_name(self, sha256: str, encoding: str) -> str:
        """Return the name that a file of this content is stored under; it tells nothing of it."""
        ...

    def writer(self, sink: Callable[[bytes], object]) -> SealedWriter:
        """Return a writer that hands encrypted bytes to `sink`."""
        ...

    def reader(self, stored: BinaryIO) -> BinaryIO:
        """Return a reader of the decrypted bytes of a stored file.

        Raises:
            ValueError: Here or while reading, when the bytes do not open with the key.
        """
        ...


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
        while self.read(_DRAIN_BYTES):
            pass

    def hexdigest(self) -> str:
        """Return the SHA-256 of the bytes read so far."""
        return self._digest.hexdigest()


def plain_chunks(
    stored: HashingReader, encoding: str, size: int, sealing: Sealing | None = None
) -> Iterator[bytes]:
    """Yield the bytes of a file from its stored form, never more than `size` of them.

    Raises:
        UndecodableError: When the stored bytes do not decode, or decode to more.
        UnreadableError: When they cannot be read.
    """
    if encoding not in ENCODINGS:
        raise UndecodableError(f"encoding {encoding!r} is not known")
    total = 0
    try:
        file = cast("BinaryIO", stored)
        if encoding.endswith(SEALED):
            if sealing is None:
                raise UndecodableError("it is encrypted, and no key was given")
            file = sealing.reader(file)
        if encoding.startswith(ZSTD):
            file = _unzipped(file)
        # One byte more than is left tells a file that goes on from one that ends.
        while chunk := file.read(min(CHUNK_BYTES, size - total + 1)):
            total += len(chunk)
            if total > size:
                raise UndecodableError(f"it holds more than {size} bytes")
            yield chunk
    except (OSError, ValueError) as error:  # pyarrow raises OSError for bytes that are no zstd
        raise UndecodableError(str(error)) from error


def _unzipped(file: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))


def zipped(chunk: bytes) -> bytes:
    """Return one zstd frame."""
    return cast("bytes", _codec().compress(chunk, asbytes=True))


@cache
def _codec() -> Any:
    import pyarrow as pa

    return pa.Codec("zstd", compression_level=_LEVEL)


def is_worth_zipping(start: bytes) -> bool:
    """Tell from the first bytes of a file whether compression saves a tenth of it."""
    return len(zipped(start)) <= 0.9 * len(start)


def encoding_of(*, is_zipped: bool, is_sealed: bool) -> str:
    """Return the name of an encoding."""
    return (ZSTD if is_zipped else PLAIN) + (SEALED if is_sealed else "")
