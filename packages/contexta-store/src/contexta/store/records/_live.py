"""Read segments that are not sealed yet, parsing only what was added since the last look."""

from __future__ import annotations

import os
from typing import NamedTuple

import pyarrow as pa

from contexta.store.fs import open_private
from contexta.store.records import _damage as dmg
from contexta.store.records._decode import SegmentDecoder
from contexta.store.records._frames import (
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    decode_segment_header,
)
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._live_damage import Evidence, damage_in_segment
from contexta.store.records._reservations import read_mark
from contexta.store.records._tables import TableKey, Unreadable, build_tables, join_tables

_MAX_CHUNKS = 64


class LiveView(NamedTuple):
    """One unsealed segment as it was at one moment."""

    segment: SegmentId
    path: str
    header: SegmentHeader | None
    first_sequence: int
    last_sequence: int
    record_count: int
    tables: dict[TableKey, pa.Table]
    damage: tuple[dmg.Damage, ...]
    torn_bytes: int


class LiveSegment:
    """An open segment and what was parsed of it. The descriptor outlives the file's name."""

    def __init__(self, layout: Layout, segment: SegmentId) -> None:
        self.segment = segment
        self._layout = layout
        self._path = str(layout.segment(segment))
        self._fd = open_private(self._path, os.O_RDONLY)
        self.inode = os.fstat(self._fd).st_ino
        self._restart()

    def _restart(self) -> None:
        self._decoder = SegmentDecoder()
        self._header: SegmentHeader | None = None
        self._chunks: dict[TableKey, list[pa.Table]] = {}
        self._unreadable: list[Unreadable] = []

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._fd)

    def view(self, *, writer_is_alive: bool) -> LiveView:
        """Parse what was added and return everything.

        Args:
            writer_is_alive: Whether an incomplete frame at the end may still be completed.

        Raises:
            SchemaVersionError: When a newer release wrote the segment.
        """
        size = os.fstat(self._fd).st_size
        if size < self._decoder.position:  # acknowledged bytes were cut off
            self._restart()
        if self._header is None:
            raw = os.pread(self._fd, SEGMENT_HEADER_BYTES, 0)
            self._header = decode_segment_header(raw, self._path)
        decoder = self._decoder
        tail = b""
        if size > decoder.position:
            data = _read_from(self._fd, decoder.position, size)
            before = decoder.position
            decoder.advance(data)
            tail = data[decoder.position - before :]
            self._take_chunk()
        for key, chunks in self._chunks.items():
            if len(chunks) > _MAX_CHUNKS:
                self._chunks[key] = [join_tables(chunks).combine_chunks()]
        tables = {key: join_tables(chunks) for key, chunks in self._chunks.items()}
        mark = None if writer_is_alive else read_mark(self._layout.writer_lock(self.segment[0]))
        evidence = Evidence(
            self.segment,
            self._path,
            self._header,
            decoder,
            tables,
            tuple(self._unreadable),
            None if writer_is_alive else tail,
            mark,
        )
        return LiveView(
            self.segment,
            self._path,
            self._header,
            decoder.first_sequence,
            decoder.last_sequence,
            decoder.count,
            tables,
            damage_in_segment(evidence, size),
            0 if writer_is_alive else len(tail),
        )

    def _take_chunk(self) -> None:
        points, documents = self._decoder.take()
        if not points and not documents:
            return
        built = build_tables(points, documents, self._decoder.defines, self.segment.writer_id)
        self._unreadable.extend(built.unreadable)
        for key, table in built.by_key.items():
            self._chunks.setdefault(key, []).append(table)


def _read_from(fd: int, start: int, end: int) -> bytes:
    pieces = []
    while start < end:
        piece = os.pread(fd, end - start, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)
