"""Read every byte of a store and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from contexta.contract.errors import RecordError, StoreError
from contexta.store.fs import sha256_file
from contexta.store.records import _check_files as files
from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState
from contexta.store.records._journal import locate_part
from contexta.store.records._layout import Layout
from contexta.store.records._models import IntegrityIssue, IntegrityReport
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._reads import damage_of_part
from contexta.store.records._sequence_set import SequenceSet
from contexta.store.records._snapshot import Snapshot, StoreReader

DUPLICATE = "duplicate_sequence"
_SORTED_AT_ONCE = 1 << 21
_WARNINGS = frozenset(
    (
        dmg.GAP,
        dmg.MISMATCH,
        files.MARKER,
        files.NUMBERS,
        files.MARK,
        files.JOURNAL,
        files.AUDIT,
        files.INDEX,
    )
)


def check_store(layout: Layout) -> IntegrityReport:
    """Verify a store: hashes of parts, pages, frames, sequences, the log, the small files.

    Changes nothing and trusts no cache. Memory holds one row group and at most one byte per
    record. It cannot detect a change made together with all hashes, nor records that were cut
    from the end of a log before their first sync.
    """
    found, snapshot, count = look_at_everything(layout)
    return report_of(found, segment_count(snapshot), count)


def look_at_everything(layout: Layout) -> tuple[list[dmg.Damage], Snapshot, int]:
    """Return all damage, what was looked at, and the number of readable records."""
    reader = StoreReader(layout)
    try:
        snapshot = reader.snapshot()
        found = [*snapshot.damage, *files.damage_of_files(layout)]
        numbers = SequenceSet()
        count = 0
        for part in snapshot.parts:
            problem = check_part(layout, reader, part, numbers)
            if problem is not None:
                found.append(problem)
            else:
                count += part.rows
        for live in snapshot.live:
            for table in live.tables.values():
                numbers.add(table["sequence"])
            count += live.record_count
        found.extend(_duplicates(layout, numbers))
    finally:
        reader.clear()
    return found, snapshot, count


def segment_count(snapshot: Snapshot) -> int:
    """Return the number of segments with records, sealed or not."""
    return snapshot.sealed_count + sum(1 for live in snapshot.live if live.record_count)


def report_of(found: Iterable[dmg.Damage], segments: int, records: int) -> IntegrityReport:
    """Build the public report."""
    issues = tuple(
        IntegrityIssue(
            "warning" if d.gap.code in _WARNINGS else "error",
            d.gap.code,
            d.gap.message,
            d.gap.segment_id if d.gap.start_sequence else None,
            d.gap.line_number,
        )
        for d in found
    )
    codes = {issue.code for issue in issues}
    state = IntegrityState.CORRUPTED if DUPLICATE in codes else dmg.state_of(codes)
    healthy = state is IntegrityState.HEALTHY
    return IntegrityReport(healthy, issues, segments, records, state, advice_for(codes))


def advice_for(codes: set[str]) -> tuple[str, ...]:
    """Return the operations that help against damage, in the order to try them.

    A gap that is known for good needs none; a right copy of the part still heals it.
    """
    advice = []
    if dmg.TRUNCATED in codes:
        advice.append("repair_truncated_tails")
    if codes - {dmg.TRUNCATED, dmg.GAP, files.INDEX, DUPLICATE}:
        advice.append("apply_repairs")
    if files.INDEX in codes:
        advice.append("rebuild_indexes")
    if dmg.GAP in codes or dmg.UNREADABLE in codes:
        advice.append("supply_part")
    return tuple(advice)


def check_part(
    layout: Layout, reader: StoreReader, part: PartEntry, numbers: SequenceSet
) -> dmg.Damage | None:
    """Verify every byte of a part and decode every value; adds its numbers to a set."""
    path = layout.root / part.path
    try:
        if sha256_file(locate_part(layout, part.path)) != part.sha256:
            raise RecordError(
                f"The part {str(path)!r} is damaged: its SHA-256 is not the one in the log of "
                "parts. Restore it from a backup.",
                code="record_scan_part_damaged",
                details={"path": str(path)},
            )
        columns: list[pa.ChunkedArray] = []
        for table in reader.parts.groups(part):
            columns.append(table["sequence"])
    except StoreError as error:
        problem = RecordError(error.message, code=error.code, details=error.details)
        return damage_of_part(part, str(path), problem)
    # Sorted many at once, numbers of interleaved series become few ranges.
    for batch in _batches(columns):
        numbers.add(pa.chunked_array(batch))
    return None


def _batches(columns: list[pa.ChunkedArray]) -> Iterator[list[pa.Array]]:
    batch: list[pa.Array] = []
    for column in columns:
        batch += column.chunks
        if sum(map(len, batch)) >= _SORTED_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _duplicates(layout: Layout, numbers: SequenceSet) -> list[dmg.Damage]:
    found = [
        dmg.damage(
            DUPLICATE,
            f"The number {number} is used by more than one record.",
            str(layout.root),
            first=number,
        )
        for number in sorted(set(numbers.twice))
    ]
    if numbers.twice_count > len(numbers.twice):
        text = f"{numbers.twice_count} numbers are used by more than one record."
        found.append(dmg.damage(DUPLICATE, text, str(layout.root)))
    return found
