"""Rows and records out of a snapshot, in sequence order, confined to what a filter touches."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import RecordError
from contexta.contract.time import from_epoch_us
from contexta.store.records import _damage as dmg
from contexta.store.records._documents import document_of
from contexta.store.records._encoding import record_of
from contexta.store.records._layout import Layout
from contexta.store.records._live import LiveView
from contexta.store.records._models import StoredRecord
from contexta.store.records._part_read import PartReader
from contexta.store.records._parts_log import PartEntry
from contexta.store.records._plain_arrays import no_rows
from contexta.store.records._refs import check_run_refs, offset_of, segment_id_of
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._snapshot import Snapshot, StoreReader
from contexta.store.records._tables import join_tables
from contexta.store.records.schema import columns_of, schema_for

_BATCH_ROWS = 1024


class Unit(NamedTuple):
    """A part or a live segment: what is loaded at once."""

    first: int
    last: int
    part: PartEntry | None
    live: LiveView | None


def touches(found: dmg.Damage, wanted: RowFilter) -> bool:
    """Whether damage may concern records that a filter wants."""
    if found.record_type is not None and found.record_type not in wanted.record_types:
        return False
    end = found.gap.end_sequence
    if end is not None and end <= wanted.after_sequence:
        return False
    return found.runs is None or wanted.runs is None or bool(found.runs & wanted.runs)


def units_of(snapshot: Snapshot, wanted: RowFilter) -> list[Unit]:
    """Return what has to be looked at for a filter, in order of the first sequence."""
    units = []
    projects = None if wanted.runs is None else {_project(run) for run in wanted.runs}
    for part in snapshot.parts:
        if (
            part.record_type in wanted.record_types
            and part.last_sequence > wanted.after_sequence
            and (projects is None or part.project in projects)
            and (wanted.runs is None or part.runs is None or wanted.runs & set(part.runs))
        ):
            units.append(Unit(part.first_sequence, part.last_sequence, part, None))
    for live in snapshot.live:
        if live.record_count and live.last_sequence > wanted.after_sequence:
            units.append(Unit(live.first_sequence, live.last_sequence, None, live))
    return sorted(units, key=lambda unit: (unit.first, unit.last))


def _project(run_ref: str) -> str:
    return run_ref[4:].split(".", 1)[0]


def load(
    unit: Unit, parts: PartReader, record_type: str, wanted: RowFilter, columns: Iterable[str]
) -> pa.Table | None:
    """Return the matching rows of one type in a unit; None when it has none.

    Raises:
        RecordError: When the part is missing or damaged.
    """
    if unit.part is not None:
        if unit.part.record_type != record_type:
            return None
        return parts.read(unit.part, wanted, columns)
    assert unit.live is not None  # noqa: S101 - a unit is one of the two
    needed = wanted.columns(record_type) | set(columns)
    names = [c.name for c in columns_of(record_type) if c.name in needed]
    tables = [
        wanted.apply(record_type, table.select(names))
        for (kind, _), table in unit.live.tables.items()
        if kind == record_type
    ]
    return join_tables(tables) if tables else None


def damage_of_part(part: PartEntry, path: str, error: RecordError) -> dmg.Damage:
    """Return the damage that a failed read of a part stands for."""
    return dmg.damage(
        dmg.UNREADABLE,
        error.message,
        path,
        first=part.first_sequence,
        last=part.last_sequence,
        runs=part.runs,
        record_type=part.record_type,
    )


class RecordScan:
    """One pass over a snapshot.

    After it is exhausted, `lost` lists the parts that could not be read. Only the rows of units
    whose sequence ranges overlap are in memory at once.
    """

    def __init__(self, snapshot: Snapshot, parts: PartReader, wanted: RowFilter) -> None:
        self._snapshot = snapshot
        self._parts = parts
        self._wanted = wanted
        self.lost: list[dmg.Damage] = []
        self._causes: dict[str, RecordError] = {}

    def tolerant(self) -> Iterator[StoredRecord]:
        """Yield every readable record; never raises for damage."""
        for _, row in self._rows(go_on=True):
            try:
                yield stored_record(row)
            except RecordError as error:
                self._note_row(row, error)

    def strict(self) -> Iterator[StoredRecord]:
        """Yield records up to the first damage that the filter touches, then raise.

        Raises:
            RecordError: Naming file and place.
        """
        blocking = [d for d in self._snapshot.damage if d.blocks and touches(d, self._wanted)]
        at = min((d.gap.start_sequence or 1 << 62 for d in blocking), default=1 << 63)
        for sequence, row in self._rows(go_on=False):
            if sequence >= at:
                break
            yield stored_record(row)
        for found in sorted([*self.lost, *blocking], key=lambda d: d.gap.start_sequence or 0):
            raise scan_error(found, self._causes.get(str((found.gap.details or {}).get("path"))))

    def _note_row(self, row: dict[str, Any], error: RecordError) -> None:
        self.lost.append(
            dmg.damage(
                dmg.UNREADABLE,
                error.message,
                str((error.details or {}).get("path", "")),
                first=row["sequence"],
                runs={row["run_ref"]},
                record_type=row["record_type"],
            )
        )

    def _rows(self, *, go_on: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        for cluster in clusters(units_of(self._snapshot, self._wanted)):
            found: dict[str, list[pa.Table]] = {}
            for unit in cluster:
                for record_type in self._wanted.record_types:
                    table = self._load(unit, record_type)
                    if table is not None and table.num_rows:
                        found.setdefault(record_type, []).append(table)
            streams = [_rows_of(kind, join_tables(tables)) for kind, tables in found.items()]
            # Damage of this cluster is known before its first row: stop where it begins.
            limit = min((d.gap.start_sequence or 0 for d in self.lost), default=1 << 63)
            for row in heapq.merge(*streams, key=lambda row: int(row["sequence"])):
                if row["sequence"] >= limit and not go_on:
                    return
                yield row["sequence"], row
            if self.lost and not go_on:
                return

    def _load(self, unit: Unit, record_type: str) -> pa.Table | None:
        names = schema_for(record_type).names
        try:
            return load(unit, self._parts, record_type, self._wanted, names)
        except RecordError as error:
            if unit.part is None:
                raise
            path = str((error.details or {}).get("path", unit.part.path))
            self.lost.append(damage_of_part(unit.part, path, error))
            self._causes[path] = error
            return None


def scan_error(found: dmg.Damage, cause: RecordError | None = None) -> RecordError:
    """Build the error that a scan raises at damage."""
    gap = found.gap
    again = cause is not None and cause.retryable
    return RecordError(
        gap.message if again else f"{gap.message} A tolerant replay reads the rest.",
        code="record_scan_damaged" if cause is None else cause.code,
        retryable=again,
        cause=cause,
        details={
            **dict(gap.details or {}),
            "gap": gap.code,
            "segment_id": gap.segment_id,
            "start_sequence": gap.start_sequence,
            "end_sequence": gap.end_sequence,
        },
    )


def clusters(units: list[Unit]) -> Iterator[list[Unit]]:
    """Group units whose sequence ranges overlap; writers' blocks do not, so groups are small."""
    cluster: list[Unit] = []
    end = -1
    for unit in units:
        if cluster and unit.first > end:
            yield cluster
            cluster = []
        cluster.append(unit)
        end = max(end, unit.last)
    if cluster:
        yield cluster


def _rows_of(record_type: str, table: pa.Table) -> Iterator[dict[str, Any]]:
    table = table.take(pc.sort_indices(table["sequence"]))
    times = {c.name for c in columns_of(record_type) if c.kind == "time"}
    for start in range(0, table.num_rows, _BATCH_ROWS):
        batch = table.slice(start, _BATCH_ROWS)
        columns = {
            name: (batch[name].cast(pa.int64()) if name in times else batch[name]).to_pylist()
            for name in batch.column_names
        }
        for cells in zip(*columns.values(), strict=True):
            row = dict(zip(columns, cells, strict=True))
            row["record_type"] = record_type
            yield row


def stored_record(row: dict[str, Any]) -> StoredRecord:
    """Build the public record of a row.

    Raises:
        RecordError: `record_scan_materialization_failed` when the row is not a valid record.
    """
    from contexta.contract.errors import SerializationError

    sequence, record_type = row["sequence"], row["record_type"]
    recorded = row["observed_at"] if row["recorded_at"] is None else row["recorded_at"]
    appended = recorded if row["appended_at"] is None else row["appended_at"]
    try:
        record = record_of(record_type, document_of(record_type, row))
        return StoredRecord(
            sequence,
            segment_id_of(sequence),
            offset_of(sequence),
            from_epoch_us(appended),
            record,
            row.get("writer_id"),
        )
    except SerializationError as error:
        raise RecordError(
            f"Record {sequence} cannot be read: {error.message}",
            code="record_scan_materialization_failed",
            details={"sequence": sequence, "segment_id": segment_id_of(sequence)},
            cause=error,
        ) from error


def read_table(
    snapshot: Snapshot,
    parts: PartReader,
    record_type: str,
    wanted: RowFilter,
    columns: Iterable[str],
    lost: list[dmg.Damage],
) -> pa.Table:
    """Return all matching rows of one type sorted by sequence; damaged parts go to `lost`."""
    names = list(columns)
    tables = []
    for unit in units_of(snapshot, wanted):
        try:
            table = load(unit, parts, record_type, wanted, names)
        except RecordError as error:
            if unit.part is None:
                raise
            path = str((error.details or {}).get("path", unit.part.path))
            lost.append(damage_of_part(unit.part, path, error))
            continue
        if table is not None and table.num_rows:
            tables.append(table)
    schema = schema_for(record_type)
    target = pa.schema([schema.field(name) for name in names])
    if not tables:
        return no_rows(target)
    joined = join_tables(tables)
    return joined.take(pc.sort_indices(joined["sequence"])).select(names)


def was_replaced(reader: StoreReader, layout: Layout, lost: list[dmg.Damage]) -> bool:
    """Whether any part that could not be read is no longer current: then read again.

    An erasure removes replaced parts at once, also from under a read that began before it.
    """
    if not lost:
        return False
    current = {str(layout.root / part.path) for part in reader.snapshot().parts}
    return any((found.gap.details or {}).get("path") not in current for found in lost)


def project_filter(run_refs: Iterable[str]) -> frozenset[str]:
    """Return run references as a set, each checked.

    Raises:
        ValidationError: `record_store_invalid_run_ref`.
    """
    runs = frozenset(map(str, run_refs))
    check_run_refs(runs)
    return runs
