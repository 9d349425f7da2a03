"""Decode what can be decoded of a stored file that is damaged.

A compressed file is one zstd frame for each 4 MiB. Of a damaged frame the blocks before the
damage are kept, and zeros stand for the rest of it, so that what follows keeps its place: a page
of SQLite or a block of a part is found by its offset. Who reads it has to prove what it reads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, cast

from contexta.recovery._codec import FRAME_BYTES, HashingReader, UnreadableError
from contexta.recovery._manifest import SEALED, ZSTD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.recovery._codec import Sealing

_MAGIC = re.compile(re.escape(b"\x28\xb5\x2f\xfd"))
_PIECE_BYTES = 1 << 16
_MOST_IN_MEMORY = 1 << 30
# A frame may hold the magic by chance; so many pieces are joined at most to make one whole.
_MOST_PIECES = 4


def readable_chunks(
    stored: HashingReader, encoding: str, size: int | None, sealing: Sealing | None
) -> Iterator[bytes]:
    """Yield what decodes of a file, zeros in the place of what does not.

    Args:
        stored: The stored bytes.
        encoding: How they are encoded.
        size: Bytes of the file; None when nobody knows. Never more are yielded.
        sealing: Opens encrypted files; None means that nothing of them can be read.
    """
    if encoding.endswith(SEALED) and sealing is None:
        return
    pieces = _opened(stored, encoding, sealing)
    if encoding.startswith(ZSTD):
        limit = _MOST_IN_MEMORY if size is None else size
        pieces = _unzipped(b"".join(_bounded(pieces, _MOST_IN_MEMORY)), limit)
    total = 0
    for piece in _bounded(pieces, 1 << 62 if size is None else size):
        total += len(piece)
        yield piece
    while encoding.startswith(ZSTD) and total and size is not None and total < size:
        padding = bytes(min(size - total, 1 << 20))
        total += len(padding)
        yield padding


def _opened(stored: HashingReader, encoding: str, sealing: Sealing | None) -> Iterator[bytes]:
    """Yield the stored bytes, decrypted up to the first segment that does not open."""
    try:
        file = cast("BinaryIO", stored)
        if encoding.endswith(SEALED) and sealing is not None:
            file = sealing.reader(file)
        while chunk := file.read(_PIECE_BYTES):
            yield chunk
    except (UnreadableError, ValueError):
        return  # the rest is not to be had; that the file does not verify is noted elsewhere


def _bounded(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    for piece in pieces:
        if left <= 0:
            return
        yield piece[:left]
        left -= len(piece)


def _unzipped(data: bytes, size: int) -> Iterator[bytes]:
    starts = [found.start() for found in _MAGIC.finditer(data)]
    position = index = 0
    while index < len(starts) and position < size:
        wanted = min(FRAME_BYTES, size - position)
        best, best_ends = b"", 1
        for count in range(1, _MOST_PIECES + 1):
            ends = starts[index + count] if index + count < len(starts) else len(data)
            frame = _frame(data[starts[index] : ends], wanted)
            if len(frame) > len(best):
                best, best_ends = frame, count
            if len(frame) == wanted or ends == len(data):
                break
        yield best + bytes(wanted - len(best)) if index + best_ends < len(starts) else best
        position += wanted
        index += best_ends


def _frame(data: bytes, size: int) -> bytes:
    """Return the first `size` bytes of a frame, fewer when it is damaged."""
    import pyarrow as pa

    found = []
    total = 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            while total < size and (piece := stream.read(min(_PIECE_BYTES, size - total))):
                found.append(piece)
                total += len(piece)
    except OSError:
        pass  # pyarrow says so of bytes that are no zstd; what came before is kept
    return b"".join(found)
