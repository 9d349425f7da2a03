"""Read segments that are not sealed yet, parsing only what was added since the last look."""

from __future__ import annotations

import os
from typing import NamedTuple

import pyarrow as pa

from contexta.store.fs import open_private
from contexta.store.records import _damage as dmg
from contexta.store.records._decode import SegmentDecoder, is_cut_frame
from contexta.store.records._frames import (
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    decode_segment_header,
)
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._reservations import read_mark
from contexta.store.records._seal import missing_ranges
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
        self._size = 0

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
        if size < self._size:
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
        self._size = size
        for key, chunks in self._chunks.items():
            if len(chunks) > _MAX_CHUNKS:
                self._chunks[key] = [join_tables(chunks).combine_chunks()]
        tables = {key: join_tables(chunks) for key, chunks in self._chunks.items()}
        return LiveView(
            self.segment,
            self._path,
            self._header,
            decoder.first_sequence,
            decoder.last_sequence,
            decoder.count,
            tables,
            self._damage(tables, tail, size, writer_is_alive=writer_is_alive),
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

    def _damage(
        self, tables: dict[TableKey, pa.Table], tail: bytes, size: int, *, writer_is_alive: bool
    ) -> tuple[dmg.Damage, ...]:
        decoder, path = self._decoder, self._path
        runs: set[str] = set()
        last = decoder.last_sequence
        found: list[dmg.Damage] = []
        mark = None if writer_is_alive else read_mark(self._layout.writer_lock(self.segment[0]))
        lost_end = self._lost_end(mark, tail, size, writer_is_alive=writer_is_alive)
        suspicious = decoder.holes or self._unreadable or lost_end or self._header is None
        if not suspicious and (writer_is_alive or not tail):
            return ()
        for table in tables.values():
            runs.update(table["run_ref"].unique().to_pylist())
        runs.update(str(d.get("run_ref")) for d in decoder.defines.values())
        for hole in decoder.holes:
            text = f"{path!r} is unreadable from byte {hole.start} to {hole.end}."
            after = hole.after - 1 if hole.after else None
            found.append(
                dmg.damage(
                    dmg.UNREADABLE,
                    text,
                    path,
                    first=hole.before + 1,
                    last=after,
                    runs=runs,
                    start_byte=hole.start,
                )  # fmt: skip
            )
        for lost in self._unreadable:
            text = f"Record {lost.sequence} in {path!r} cannot be read: {lost.reason}."
            found.append(dmg.damage(dmg.UNREADABLE, text, path, first=lost.sequence, runs=runs))
        if self._header is None and size >= SEGMENT_HEADER_BYTES:
            text = f"The first {SEGMENT_HEADER_BYTES} bytes of {path!r} are damaged."
            found.append(dmg.damage(dmg.UNREADABLE, text, path, first=1, runs=runs, blocks=False))
        if lost_end:
            text = f"{path!r} ends at byte {decoder.position}, but more was stored."
            found.append(
                dmg.damage(dmg.UNREADABLE, text, path, first=last + 1, last=lost_end, runs=runs)
            )
        elif tail and not writer_is_alive:
            text = f"The last record in {path!r} was cut while it was written."
            found.append(
                dmg.damage(
                    dmg.TRUNCATED,
                    text,
                    path,
                    first=last + 1,
                    runs=runs,
                    blocks=False,
                    start_byte=decoder.position,
                )  # fmt: skip
            )
        return tuple(found)

    def _lost_end(
        self, mark: dict[str, object] | None, tail: bytes, size: int, *, writer_is_alive: bool
    ) -> int:
        """Return the last number that was stored but is gone from the end, or 0."""
        if writer_is_alive:
            return 0
        last = self._decoder.last_sequence
        if mark is not None and mark.get("segment") == self.segment.number:
            synced = mark.get("synced_sequence")
            if isinstance(synced, int) and synced > last:
                return synced
        return last + 1 if tail and not is_cut_frame(tail) else 0


def _read_from(fd: int, start: int, end: int) -> bytes:
    pieces = []
    while start < end:
        piece = os.pread(fd, end - start, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def holes_of(view: LiveView) -> tuple[tuple[int, int], ...]:
    """Return the numbers that are missing between the records of a segment."""
    if not view.record_count:
        return ()
    first = view.header.first_sequence if view.header is not None else view.first_sequence
    columns = [table["sequence"] for table in view.tables.values()]
    return missing_ranges(columns, first, view.last_sequence)
