"""What the bytes of an unsealed segment say about records that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from contexta.store.records import _damage as dmg
from contexta.store.records._decode import SegmentDecoder, is_cut_frame
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, SegmentHeader
from contexta.store.records._layout import SegmentId
from contexta.store.records._seal import missing_ranges
from contexta.store.records._tables import TableKey, Unreadable


class Evidence(NamedTuple):
    """Everything known about a segment.

    `tail` holds the bytes behind the last whole frame; None while its writer may still go on.
    """

    segment: SegmentId
    path: str
    header: SegmentHeader | None
    decoder: SegmentDecoder
    tables: dict[TableKey, pa.Table]
    unreadable: tuple[Unreadable, ...]
    tail: bytes | None
    mark: dict[str, Any] | None

    @property
    def before_first(self) -> int:
        """The number before the first one of the segment, as far as known."""
        if self.header is not None:
            return self.header.first_sequence - 1
        return max(0, self.decoder.first_sequence - 1)

    def runs(self) -> set[str]:
        """Runs that share the segment; damage in it may concern any of them."""
        found = {str(document.get("run_ref")) for document in self.decoder.defines.values()}
        for table in self.tables.values():
            found.update(table["run_ref"].unique().to_pylist())
        return found


def damage_in_segment(evidence: Evidence, size: int) -> tuple[dmg.Damage, ...]:
    """Return the damage of a segment of `size` bytes, in file order."""
    decoder = evidence.decoder
    whole = (
        evidence.header is not None
        and not decoder.holes
        and not evidence.unreadable
        and not evidence.tail
        and evidence.before_first + decoder.count
        == max(decoder.last_sequence, evidence.before_first)
        and _lost_end(evidence) == 0
    )
    if whole:
        return ()
    runs = evidence.runs()
    return (
        *_header(evidence, size, runs),
        *_holes(evidence, runs),
        *_unreadable(evidence, runs),
        *_end(evidence, runs),
    )


def _header(evidence: Evidence, size: int, runs: set[str]) -> Iterator[dmg.Damage]:
    if evidence.header is None and size >= SEGMENT_HEADER_BYTES:
        text = f"The first {SEGMENT_HEADER_BYTES} bytes of {evidence.path!r} are damaged."
        yield dmg.damage(dmg.UNREADABLE, text, evidence.path, runs=runs, blocks=False, start_byte=0)


def _holes(evidence: Evidence, runs: set[str]) -> Iterator[dmg.Damage]:
    decoder, path = evidence.decoder, evidence.path
    for hole in decoder.holes:
        first = (hole.before or evidence.before_first) + 1
        last = hole.after - 1 if hole.after else None
        text = f"{path!r} is unreadable from byte {hole.start} to {hole.end}."
        yield dmg.damage(
            dmg.UNREADABLE, text, path, first=first, last=last, runs=runs, start_byte=hole.start
        )
    if decoder.holes or evidence.unreadable or not decoder.count:
        return
    columns = [table["sequence"] for table in evidence.tables.values()]
    first = evidence.before_first + 1
    for start, end in missing_ranges(columns, first, decoder.last_sequence):
        text = f"Records {start} to {end} are not in {path!r}."
        yield dmg.damage(dmg.GAP, text, path, first=start, last=end, runs=runs)


def _unreadable(evidence: Evidence, runs: set[str]) -> Iterator[dmg.Damage]:
    for lost in evidence.unreadable:
        last = lost.sequence + lost.rows - 1
        which = f"Record {last}" if lost.rows == 1 else f"Records {lost.sequence} to {last}"
        text = f"{which} in {evidence.path!r} cannot be read: {lost.reason}."
        yield dmg.damage(
            dmg.UNREADABLE, text, evidence.path, first=lost.sequence, last=last, runs=runs
        )


def _end(evidence: Evidence, runs: set[str]) -> Iterator[dmg.Damage]:
    decoder, path = evidence.decoder, evidence.path
    first = max(decoder.last_sequence, evidence.before_first) + 1
    lost = _lost_end(evidence)
    if lost:
        text = f"{path!r} is readable up to byte {decoder.position} only; more was stored."
        yield dmg.damage(
            dmg.UNREADABLE,
            text,
            path,
            first=first,
            last=lost,
            runs=runs,
            start_byte=decoder.position,
        )
    elif evidence.tail:
        text = f"The last record in {path!r} was cut while it was written."
        yield dmg.damage(
            dmg.TRUNCATED,
            text,
            path,
            first=first,
            runs=runs,
            blocks=False,
            start_byte=decoder.position,
        )


def _lost_end(evidence: Evidence) -> int:
    """Return the last number that was stored but is gone from the end, or 0."""
    if evidence.tail is None:
        return 0
    last = max(evidence.decoder.last_sequence, evidence.before_first)
    mark = evidence.mark
    concerned = mark is not None and mark["segment"] == evidence.segment.number
    if mark is not None and concerned and mark["synced_sequence"] > last:
        return int(mark["synced_sequence"])
    return last + 1 if evidence.tail and not is_cut_frame(evidence.tail) else 0
