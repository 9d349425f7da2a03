"""Write the log of parts anew from its readable lines and from the footers of the parts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from contexta.contract.errors import RecordError
from contexta.store.fs import FileLock
from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._journal import complete_pending
from contexta.store.records._layout import Layout, SegmentId, segment_of_part
from contexta.store.records._log_write import append_line, condense_log
from contexta.store.records._part_entry import (
    PartEntry,
    Replacement,
    SealedSegment,
    part_from_entry,
    ranges_from,
)
from contexta.store.records._part_file import MAX_LISTED_RUNS
from contexta.store.records._parts_log import Missing, PartsLog, read_log
from contexta.store.records._quarantine_files import copy_aside
from contexta.store.records._refs import SEQUENCE_BLOCK
from contexta.store.records._repair_part import lost_facts
from contexta.store.records._snapshot import StoreReader, Stray, is_sealed_from


class LogRepair(NamedTuple):
    """What became of the log: lines dropped, parts named again, and where the old log is."""

    dropped_lines: int
    parts: int
    quarantined: str | None


def rebuild_log(layout: Layout) -> LogRepair:
    """Name every readable part again that the log lost, then drop the lines that are damaged.

    The hashes of such parts are taken from the files as they are; their checksums inside were
    verified. Killed anywhere, the next call continues.

    Raises:
        StoreAccessError: When something cannot be written.
    """
    with FileLock(layout.lock):
        complete_pending(layout)
        aside = None
        if layout.parts_log.exists():
            aside = str(copy_aside(layout, layout.parts_log, "damaged_log"))
        reader = StoreReader(layout)
        strays = [_with_runs(reader, stray) for stray in reader.readable_strays()]
        reader.clear()
        log = read_log(layout)
        damaged = len(log.damaged_lines) + log.cut_lines
        segments: dict[SegmentId, list[PartEntry]] = {}
        for stray in strays:
            if stray.segment is None:
                _name_replacing(layout, log, stray)
            else:
                segments.setdefault(stray.segment, []).append(stray.part)
        for part in log.parts.values() if damaged else ():
            unknown = _unknown_segment(layout, log, part)
            if unknown is not None:
                segments.setdefault(unknown, []).append(part)
        for segment, parts in sorted(segments.items()):
            append_line(layout, _sealed(log, segment, parts).to_entry())
        facts = _facts_of_repairs(layout)
        condense_log(
            layout,
            keep_damaged=False,
            known=lambda known: [*known, *(fact for fact in facts if fact not in known)],
        )
    return LogRepair(damaged, len(strays), aside)


def _unknown_segment(layout: Layout, log: PartsLog, part: PartEntry) -> SegmentId | None:
    """Return the segment of a current part that no readable line says was sealed."""
    segment = segment_of_part(part.path)
    if segment is None or log.is_sealed(segment):
        return None
    return segment if is_sealed_from(layout, part.path, segment) else None


def _facts_of_repairs(layout: Layout) -> list[Missing]:
    """Return the losses that earlier repairs wrote down and that nobody mended since."""
    found: dict[str, list[Missing]] = {}
    for entry in read_audit_lines(layout.repairs, AUDIT_VERSION).entries:
        if entry["kind"] == "supply_part":
            found.pop(entry["path"], None)
        elif entry.get("how") in ("salvaged", "lost") and "part" in entry:
            part = part_from_entry(entry["part"])
            found[entry["path"]] = lost_facts(part, ranges_from(entry["ranges"]))
    return [fact for facts in found.values() for fact in facts]


def _with_runs(reader: StoreReader, stray: Stray) -> Stray:
    runs: set[str] = set()
    try:
        for table in reader.parts.groups(stray.part, ("run_ref",)):
            runs.update(table["run_ref"].unique().to_pylist())
    except RecordError:
        return stray  # any run: it is found to be damaged when it is repaired itself
    listed = tuple(sorted(runs)) if len(runs) <= MAX_LISTED_RUNS else None
    return stray._replace(part=stray.part._replace(runs=listed))


def _name_replacing(layout: Layout, log: PartsLog, stray: Stray) -> None:
    old = tuple(sorted(path for path in stray.replaces if path in log.parts))
    line = Replacement(uuid.uuid4().hex, old, (stray.part,), "repair", (), time.time_ns() // 1000)
    append_line(layout, line.to_entry())


def _sealed(log: PartsLog, segment: SegmentId, parts: Iterable[PartEntry]) -> SealedSegment:
    found = tuple(sorted(parts))
    first = min(part.first_sequence for part in found)
    last = max(part.last_sequence for part in found)
    rows = sum(part.rows for part in found)
    block = _block_of(log, segment, first)
    return SealedSegment(segment, first, last, block, rows, found)


def _block_of(log: PartsLog, segment: SegmentId, first: int) -> int:
    """Return the reservation of a segment, from its neighbors; its own first number without."""
    spans = [(s.reservation, s.first_sequence) for s in log.spans.of_writer(segment.writer_id)]
    spans += [
        (entry.reservation, entry.first_sequence)
        for known, entry in log.entries.items()
        if known.writer_id == segment.writer_id
    ]
    blocks = [block for block, _ in spans if block <= first < block + SEQUENCE_BLOCK]
    return max(blocks, default=first)
