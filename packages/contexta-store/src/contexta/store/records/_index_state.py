"""Which segments of the index count, and up to where in the log of parts they know it."""

from __future__ import annotations

import os
from typing import NamedTuple
from zlib import crc32

from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._marks import opened_json, sealed_json
from contexta.store.records._part_entry import PartEntry, part_from_line, part_to_line

_FORMAT = 1
_SAMPLE_BYTES = 4096


class LogMark(NamedTuple):
    """A position in the log of parts behind a complete line, and checksums of what is around.

    With them a log that was condensed, cut or exchanged is told from one that has grown.
    """

    offset: int
    head: int
    tail: int


class SegmentInfo(NamedTuple):
    """A segment of the index: how many parts and rows it has, and which parts are gone."""

    number: int
    parts: int
    rows: int
    dead: frozenset[int]


class IndexState(NamedTuple):
    """The state of an index.

    `complete` says that the log up to `mark` is known to name each part that there is, and that
    each is in a segment or among `pending`, those that nobody read yet. `leftovers` are segments
    of writers that are sealed although their file was still there. `raw` is what is stored.
    """

    mark: LogMark
    complete: bool
    leftovers: frozenset[SegmentId]
    segments: tuple[SegmentInfo, ...]
    pending: tuple[PartEntry, ...] = ()
    raw: bytes | None = None

    def encoded(self) -> bytes:
        """Return the state as stored: JSON with a checksum."""
        return sealed_json(
            {
                "format": _FORMAT,
                "mark": list(self.mark),
                "complete": self.complete,
                "leftovers": sorted([s.writer_id, s.number] for s in self.leftovers),
                "segments": [[s.number, s.parts, s.rows, sorted(s.dead)] for s in self.segments],
                "pending": [part_to_line(part)["part"] for part in self.pending],
            }
        )


NOTHING = IndexState(LogMark(0, 0, 0), False, frozenset(), ())


def decoded_state(raw: bytes | None) -> IndexState:
    """Return what is stored; an empty state when there is nothing or it is damaged."""
    entry = opened_json(raw) if raw is not None else None
    if entry is None or entry.get("format") != _FORMAT:
        return NOTHING._replace(raw=raw)
    return IndexState(
        LogMark(*entry["mark"]),
        entry["complete"],
        frozenset(SegmentId(writer, number) for writer, number in entry["leftovers"]),
        tuple(SegmentInfo(n, p, r, frozenset(dead)) for n, p, r, dead in entry["segments"]),
        tuple(part_from_line({"part": part}) for part in entry["pending"]),
        raw,
    )


class LogTail(NamedTuple):
    """What stands in the log behind a mark, and the mark behind that."""

    lines: tuple[bytes, ...]
    mark: LogMark


def read_tail(layout: Layout, mark: LogMark) -> LogTail | None:
    """Return the complete lines behind a mark; None when this is another log than it was.

    Raises:
        OSError: When the log cannot be read.
    """
    try:
        fd = os.open(layout.parts_log, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return LogTail((), mark) if mark.offset == 0 else None
    try:
        if mark.offset and _mark_at(fd, mark.offset) != mark:
            return None
        added = _read_from(fd, mark.offset)
        end = added.rfind(b"\n") + 1
        if not end:
            return LogTail((), mark)
        return LogTail(tuple(added[: end - 1].split(b"\n")), _mark_at(fd, mark.offset + end))
    finally:
        os.close(fd)


def _mark_at(fd: int, offset: int) -> LogMark:
    head = os.pread(fd, min(offset, _SAMPLE_BYTES), 0)
    start = max(0, offset - _SAMPLE_BYTES)
    tail = os.pread(fd, offset - start, start)
    return LogMark(offset if len(tail) == offset - start else -1, crc32(head), crc32(tail))


def _read_from(fd: int, position: int) -> bytes:
    pieces = []
    while piece := os.pread(fd, 1 << 24, position):
        pieces.append(piece)
        position += len(piece)
    return b"".join(pieces)
