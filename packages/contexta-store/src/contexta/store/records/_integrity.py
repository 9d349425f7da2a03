"""Read every byte of a store and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import RecordError, StoreError
from contexta.store.fs import sha256_file
from contexta.store.records import _damage as dmg
from contexta.store.records._enums import IntegrityState
from contexta.store.records._journal import locate_part
from contexta.store.records._layout import Layout
from contexta.store.records._models import IntegrityIssue, IntegrityReport
from contexta.store.records._parts_log import PartEntry
from contexta.store.records._reads import damage_of_part
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._snapshot import Snapshot, StoreReader
from contexta.store.records.schema import schema_for

DUPLICATE = "duplicate_sequence"


def check_store(layout: Layout) -> IntegrityReport:
    """Verify a store: hashes of parts, pages, frames, sequences, the log. Changes nothing.

    It trusts no cache. It cannot detect a change made together with all hashes, nor records
    that were cut from the end of a log before their first sync.
    """
    reader = StoreReader(layout)
    snapshot = reader.snapshot()
    found = list(snapshot.damage)
    sequences: list[pa.ChunkedArray] = []
    count = 0
    for part in snapshot.parts:
        problem, column = _check_part(layout, reader, part)
        if problem is not None:
            found.append(problem)
        if column is not None:
            sequences.append(column)
            count += len(column)
    for live in snapshot.live:
        sequences.extend(table["sequence"] for table in live.tables.values())
        count += live.record_count
    found.extend(_duplicates(layout, sequences))
    reader.clear()
    return report_of(found, segment_count(snapshot), count)


def segment_count(snapshot: Snapshot) -> int:
    """Return the number of segments with records, sealed or not."""
    return snapshot.sealed_count + sum(1 for live in snapshot.live if live.record_count)


def report_of(found: Iterable[dmg.Damage], segments: int, records: int) -> IntegrityReport:
    """Build the public report."""
    issues = tuple(
        IntegrityIssue(
            "warning" if d.gap.code in (dmg.GAP, dmg.MISMATCH) else "error",
            d.gap.code,
            d.gap.message,
            d.gap.segment_id if d.gap.start_sequence else None,
            d.gap.line_number,
        )
        for d in found
    )
    codes = {issue.code for issue in issues}
    state = IntegrityState.CORRUPTED if DUPLICATE in codes else dmg.state_of(codes)
    advice = []
    if dmg.TRUNCATED in codes:
        advice.append("repair_truncated_tails")
    if codes - {dmg.TRUNCATED}:
        advice.append("rebuild_indexes")
    healthy = state is IntegrityState.HEALTHY
    return IntegrityReport(healthy, issues, segments, records, state, tuple(advice))


def _check_part(
    layout: Layout, reader: StoreReader, part: PartEntry
) -> tuple[dmg.Damage | None, pa.ChunkedArray | None]:
    path = layout.root / part.path
    try:
        if sha256_file(locate_part(layout, part.path)) != part.sha256:
            raise RecordError(
                f"The part {str(path)!r} is damaged: its SHA-256 is not the one in the log of "
                "parts. Restore it from a backup.",
                code="record_scan_part_damaged",
                details={"path": str(path)},
            )
        names = schema_for(part.record_type).names
        table = reader.parts.read(part, RowFilter(record_types=(part.record_type,)), names)
    except StoreError as error:
        problem = RecordError(error.message, code=error.code, details=error.details)
        return damage_of_part(part, str(path), problem), None
    return None, table["sequence"]


def _duplicates(layout: Layout, sequences: list[pa.ChunkedArray]) -> list[dmg.Damage]:
    chunks = [chunk for column in sequences for chunk in column.chunks]
    counts = pc.value_counts(pa.chunked_array(chunks, pa.int64()))
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    return [
        dmg.damage(
            DUPLICATE,
            f"The number {number} is used by more than one record.",
            str(layout.root),
            first=number,
        )
        for number in sorted(twice)
    ]
