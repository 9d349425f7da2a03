"""Reader of git's index file, versions 2 to 4.

Format: https://git-scm.com/docs/index-format
"""

import hashlib
import struct
from pathlib import Path
from typing import NamedTuple

_MAX_BYTES = 134_217_728
_MAX_ENTRIES = 100_000
_HEADER = struct.Struct(">4sII")
_ENTRY = struct.Struct(">IIIIIIIIII20sH")
_EXTENSION = struct.Struct(">4sI")
_CHECKSUM_LENGTH = 20
_LONG_NAME = 0xFFF
_VERSIONS = (2, 3, 4)

_ASSUME_VALID, _EXTENDED = 0x8000, 0x4000
_SKIP_WORKTREE, _INTENT_TO_ADD = 0x4000, 0x2000


class IndexUnreadableError(Exception):
    """The index is damaged, too large, or of a kind that is not handled."""


class IndexEntry(NamedTuple):
    """One tracked path; times in nanoseconds, ``oid`` the 20 raw bytes of the SHA-1."""

    path: bytes
    mode: int
    oid: bytes
    size: int
    mtime_ns: int
    is_skipped: bool


class GitIndex(NamedTuple):
    """The tracked files in path order, and the time at which the index was written."""

    entries: list[IndexEntry]
    mtime_ns: int
    has_conflicts: bool
    has_unstaged_additions: bool


class _Raw(NamedTuple):
    entry: IndexEntry
    stage: int
    is_intent_to_add: bool
    end: int


def read_index(file: Path) -> GitIndex:
    """Read the index file; one that does not exist is empty.

    Raises:
        IndexUnreadableError: see the class.
    """
    try:
        status = file.stat()
    except FileNotFoundError:
        return GitIndex([], 0, has_conflicts=False, has_unstaged_additions=False)
    if status.st_size > _MAX_BYTES:
        raise IndexUnreadableError("too large")
    data = file.read_bytes()
    try:
        return _parsed(data, status.st_mtime_ns)
    except (struct.error, IndexError, ValueError) as error:
        raise IndexUnreadableError("damaged") from error


def _parsed(data: bytes, mtime_ns: int) -> GitIndex:
    magic, version, count = _HEADER.unpack_from(data)
    if magic != b"DIRC" or version not in _VERSIONS or count > _MAX_ENTRIES:
        raise IndexUnreadableError("not handled")
    body_end = len(data) - _CHECKSUM_LENGTH
    checksum = data[body_end:]
    # Git may write zeros instead, to save time (index.skipHash).
    if any(checksum) and hashlib.sha1(data[:body_end], usedforsecurity=False).digest() != checksum:
        raise IndexUnreadableError("checksum")
    entries: list[IndexEntry] = []
    place, previous = _HEADER.size, b""
    has_conflicts = has_additions = False
    for _ in range(count):
        raw = _entry(data, place, version, previous)
        has_conflicts |= raw.stage != 0
        has_additions |= raw.is_intent_to_add
        entries.append(raw.entry)
        place, previous = raw.end, raw.entry.path
    _check_extensions(data, place, body_end)
    return GitIndex(entries, mtime_ns, has_conflicts, has_additions)


def _entry(data: bytes, start: int, version: int, previous: bytes) -> _Raw:
    fields = _ENTRY.unpack_from(data, start)
    flags = fields[11]
    place, extended = start + _ENTRY.size, 0
    if flags & _EXTENDED:
        (extended,) = struct.unpack_from(">H", data, place)
        place += 2
    if version == 4:
        path, end = _compressed_path(data, place, previous)
    else:
        length = flags & _LONG_NAME
        name_end = place + length if length < _LONG_NAME else data.index(b"\0", place)
        path = data[place:name_end]
        end = start + (name_end - start + 8) // 8 * 8
    entry = IndexEntry(
        path=path,
        mode=fields[6],
        oid=fields[10],
        size=fields[9],
        mtime_ns=fields[2] * 1_000_000_000 + fields[3],
        is_skipped=bool(flags & _ASSUME_VALID or extended & _SKIP_WORKTREE),
    )
    return _Raw(entry, flags >> 12 & 3, bool(extended & _INTENT_TO_ADD), end)


def _compressed_path(data: bytes, place: int, previous: bytes) -> tuple[bytes, int]:
    """Version 4: how many bytes to drop from the previous path, then the rest up to NUL."""
    byte = data[place]
    place += 1
    dropped = byte & 0x7F
    while byte & 0x80:
        byte = data[place]
        place += 1
        dropped = (dropped + 1 << 7) | (byte & 0x7F)
    if dropped > len(previous):
        raise ValueError("path prefix")
    end = data.index(b"\0", place)
    return previous[: len(previous) - dropped] + data[place:end], end + 1


def _check_extensions(data: bytes, place: int, end: int) -> None:
    while place < end:
        signature, size = _EXTENSION.unpack_from(data, place)
        # Capitals mark what a reader may pass over; others change the meaning of the entries.
        if not signature[:1].isupper() and signature != b"sdir":
            raise IndexUnreadableError("split index")
        place += _EXTENSION.size + size
