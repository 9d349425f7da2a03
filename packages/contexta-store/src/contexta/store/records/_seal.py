"""Turn a write-ahead segment into Parquet parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    translated_os_errors,
)
from contexta.store.records._catalogue import publish_segment
from contexta.store.records._damage import GAP, TRUNCATED, UNREADABLE
from contexta.store.records._decode import is_cut_frame
from contexta.store.records._frames import SEGMENT_HEADER_BYTES
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._part_entry import Ranges, SealedSegment
from contexta.store.records._parts_log import shared_log
from contexta.store.records._reservations import read_mark
from contexta.store.records._segment_rows import SegmentRows
from contexta.store.records._staging import Staging


class SealResult(NamedTuple):
    """What sealing found: records kept, the last one's time, the torn tail, missing ranges."""

    record_count: int
    last_sequence: int
    last_observed_us: int | None
    torn_bytes: int
    holes: Ranges
    quarantined: tuple[str, ...]


def seal_segment(layout: Layout, segment: SegmentId, *, gentle: bool = False) -> SealResult:
    """Write the parts of a segment, then its line in the log, then remove it.

    Killed anywhere, a second run completes it: names are the same, a segment that the log names
    is only removed. Readers take either the segment or its parts, never both.

    What cannot be read is copied to `_quarantine` before the segment goes: the bytes of a torn
    tail, or the whole segment when damage lies in its middle.

    Args:
        layout: The store.
        segment: A segment that nobody writes to any more.
        gentle: Whether to leave the GIL to other threads every few milliseconds.

    Raises:
        StoreError: When a part or the log cannot be written; the segment stays.
        SchemaVersionError: When a newer release wrote the segment.
    """
    path = layout.segment(segment)
    with translated_os_errors("read", path):
        path.stat()
    with FileLock(layout.lock):
        log = shared_log(layout)
        sealed, is_sealed = log.entries.get(segment), log.is_sealed(segment)
    if is_sealed:
        _remove(layout, segment)
        last = sealed.last_sequence if sealed is not None else 0
        return SealResult(0, last, None, 0, sealed.holes if sealed is not None else (), ())
    with Staging(layout) as staging:
        rows = SegmentRows(staging, segment, gentle=gentle)
        entry, quarantined = _described(layout, rows)
        if entry.parts or entry.holes:
            publish_segment(layout, entry, rows.staged)
    _remove(layout, segment)
    return SealResult(
        entry.record_count,
        entry.last_sequence,
        rows.newest_us,
        len(rows.tail),
        entry.holes,
        quarantined,
    )


def _described(layout: Layout, rows: SegmentRows) -> tuple[SealedSegment, tuple[str, ...]]:
    """Return the line of the log, and where unreadable bytes were copied to."""
    header, decoder, segment = rows.header, rows.decoder, rows.segment
    last = _expected_last(layout, segment, decoder.last_sequence, rows.tail)
    known_first = header.first_sequence if header is not None else decoder.first_sequence
    first = known_first or last  # nothing tells more about a segment without beginning
    holes = missing_ranges(rows.sequences, first, last) if last else ()
    # A header that was cut while it was written is no damage: nothing was stored behind it.
    beheaded = header is None and rows.size >= SEGMENT_HEADER_BYTES
    damaged = bool(holes or decoder.holes or rows.is_unreadable or beheaded)
    quarantined = _quarantine(layout, segment, rows.tail, damaged=damaged)
    entry = SealedSegment(
        segment,
        first,
        last,
        header.reservation_start if header is not None else first,
        sum(part.entry.rows for part in rows.staged),
        tuple(part.entry for part in rows.staged),
        holes,
        tuple(_reason(hole, rows) for hole in holes),
    )
    return entry, quarantined


def _reason(hole: tuple[int, int], rows: SegmentRows) -> str:
    if hole[0] > rows.decoder.last_sequence:
        return TRUNCATED
    return UNREADABLE if rows.decoder.holes or rows.is_unreadable else GAP


def missing_ranges(sequences: Iterable[pa.ChunkedArray], first: int, last: int) -> Ranges:
    """Return the numbers of `first..last` that are in no column, as inclusive ranges."""
    chunks = [chunk for column in sequences for chunk in column.chunks]
    present = pc.sort_indices(pa.chunked_array(chunks, pa.int64()))
    ordered = pa.chunked_array(chunks, pa.int64()).take(present).combine_chunks()
    if isinstance(ordered, pa.ChunkedArray):
        ordered = (
            pa.concat_arrays(ordered.chunks) if ordered.num_chunks else pa.array([], pa.int64())
        )
    if len(ordered) == last - first + 1 and (not len(ordered) or ordered[0].as_py() == first):
        steps_ok = pc.all(pc.equal(pc.drop_null(pc.pairwise_diff(ordered)), 1)).as_py()
        if steps_ok is not False:
            return ()
    return tuple(_ranges_between(ordered.to_pylist(), first, last))


def _ranges_between(ordered: list[int], first: int, last: int) -> Iterable[tuple[int, int]]:
    expected = first
    for number in ordered:
        if number > expected:
            yield expected, number - 1
        expected = max(expected, number + 1)
    if expected <= last:
        yield expected, last


def _expected_last(layout: Layout, segment: SegmentId, last: int, tail: bytes) -> int:
    """Return the last number that was stored, as far as anything tells."""
    if tail and not is_cut_frame(tail):
        last += 1  # a frame that was whole once
    mark = read_mark(layout.writer_lock(segment.writer_id))
    if mark is not None and mark["segment"] == segment.number:
        last = max(last, int(mark["synced_sequence"]))
    return last


def _quarantine(
    layout: Layout, segment: SegmentId, tail: bytes, *, damaged: bool
) -> tuple[str, ...]:
    if not damaged and not tail:
        return ()
    ensure_private_dir(layout.quarantine, follow=False)
    name = f"{segment.writer_id}-{segment.number}"
    path = layout.quarantine / (f"{name}.seg" if damaged else f"{name}.tail")
    content = layout.segment(segment).read_bytes() if damaged else tail
    atomic_write_bytes(path, content)
    return (str(path),)


def _remove(layout: Layout, segment: SegmentId) -> None:
    path = layout.segment(segment)
    with translated_os_errors("remove", path):
        path.unlink()
    fsync_dir(path.parent)
