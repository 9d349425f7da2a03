"""Mend a part in which single bits flipped, provably: its hashes tell when it is right again.

A CRC-32 over a block of 64 KiB differs for every single flipped bit, so the checksum that is
found and the one that was written name the bit. What comes out counts only when the SHA-256 of
the whole file is the one in the log.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.store.records._blocks import BLOCK_BYTES
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._part_read import block_checksums

_MOST_BLOCKS = 16
_MOST_TAIL_BYTES = 65_536
_POLYNOMIAL = 0xEDB88320


def healed_bytes(raw: bytes, part: PartEntry) -> bytes | None:
    """Return the part as it was written, or None when the damage is more than a few bits.

    Bytes that were added behind its end are cut off.
    """
    if len(raw) < part.size:
        return None
    data = bytearray(raw[: part.size])
    if _is_right(data, part):
        return bytes(data)
    if not _heal_tail(data, part) or not _heal_blocks(data):
        return None
    return bytes(data) if _is_right(data, part) else None


def _is_right(data: bytes | bytearray, part: PartEntry) -> bool:
    return hashlib.sha256(data).hexdigest() == part.sha256


def _heal_tail(data: bytearray, part: PartEntry) -> bool:
    """Mend page index and footer, which have a hash and no checksum: by trying each bit."""
    tail = data[part.tail_offset :]
    if hashlib.sha256(tail).hexdigest() == part.tail_sha256:
        return True
    if len(tail) > _MOST_TAIL_BYTES:
        return False
    wanted = bytes.fromhex(part.tail_sha256)
    before = hashlib.sha256()
    for position in range(len(tail)):
        rest = tail[position + 1 :]
        for bit in range(8):
            attempt = before.copy()
            attempt.update(bytes((tail[position] ^ (1 << bit),)))
            attempt.update(rest)
            if attempt.digest() == wanted:
                data[part.tail_offset + position] ^= 1 << bit
                return True
        before.update(tail[position : position + 1])
    return False


def _heal_blocks(data: bytearray) -> bool:
    try:
        length, checksums = block_checksums(pq.read_metadata(BytesIO(bytes(data))))
    except (pa.ArrowException, ValueError, KeyError, OSError):
        return False
    damaged = []
    for number, expected in enumerate(checksums):
        start = number * BLOCK_BYTES
        end = min(start + BLOCK_BYTES, length)
        found = crc32(memoryview(data)[start:end])
        if found != expected:
            damaged.append((start, end, found ^ expected))
    if len(damaged) > _MOST_BLOCKS:
        return False
    for start, end, syndrome in damaged:
        position = _flipped_bit(syndrome, end - start)
        if position is None:
            return False
        data[start + position // 8] ^= 1 << (position % 8)
    return True


def _flipped_bit(syndrome: int, length: int) -> int | None:
    """Return which bit of a block makes this difference of checksums; None when none does."""
    state = _POLYNOMIAL  # what the last bit of the block makes
    for position in range(8 * length - 1, -1, -1):
        if state == syndrome:
            return position
        state = (state >> 1) ^ (_POLYNOMIAL if state & 1 else 0)
    return None
