"""Arrow tables of the record plane made into observation records, when somebody looks at them.

A run may have millions of points; a snapshot keeps them as columns (about 100 bytes a row) and
builds an object for a row only when it is asked for.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, overload

from contexta.contract.time import from_epoch_us
from contexta.interpretation._base import FrozenRows
from contexta.interpretation.repositories.records import ObservationRecord

RefOf = Callable[[str, str, int], str]

_KEY_COLUMNS = {"event": "event_key", "metric": "metric_key", "span": "span_name"}
_BATCH = 4_096
_ENVELOPE = frozenset(
    {
        "sequence",
        "writer_id",
        "record_ref",
        "run_ref",
        "appended_at",
        "recorded_at",
        "observed_at",
        "producer_ref",
        "deployment_execution_ref",
        "stage_execution_ref",
        "batch_execution_ref",
        "sample_observation_ref",
        "operation_context_ref",
        "correlation_trace_id",
        "correlation_session_id",
        "completeness_marker",
        "degradation_marker",
        "schema_version",
        "extensions",
        "extra",
    }
)


class ColumnRecords(FrozenRows):
    """Records of several tables in one order, that of their sequence.

    Equal to, hashed as, and pickled into a tuple of ``ObservationRecord``.
    """

    __slots__ = ("_built", "_ref_of", "_tables")

    def __init__(self, tables: dict[str, Any], ref_of: RefOf) -> None:
        """Hold one Arrow table by record type; ``ref_of`` derives refs that were not stored."""
        self._tables = tables
        self._ref_of = ref_of
        self._built: tuple[ObservationRecord, ...] | None = None

    def table(self, record_type: str) -> Any:
        """Return the Arrow table of one record type, or ``None``."""
        return self._tables.get(record_type)

    def materialized(self) -> tuple[ObservationRecord, ...]:
        """Build every record, once."""
        if self._built is None:
            rows = [
                item
                for record_type, table in self._tables.items()
                for item in _rows(record_type, table, self._ref_of)
            ]
            if len(self._tables) > 1:
                rows.sort(key=lambda item: item[0])
            self._built = tuple(record for _, record in rows)
        return self._built

    def stream(self) -> Iterator[ObservationRecord]:
        """Yield every record in order and keep none, for those who read them once."""
        if self._built is not None:
            yield from self._built
            return
        rows = [_rows(kind, table, self._ref_of) for kind, table in self._tables.items()]
        for _, record in heapq.merge(*rows, key=itemgetter(0)):
            yield record

    def counts(self) -> dict[str, int]:
        """Return the number of records by record type, without building any."""
        return {kind: table.num_rows for kind, table in self._tables.items()}

    def problems(self) -> tuple[ObservationRecord, ...]:
        """Return degraded records and grave events, building only these."""
        found = {
            kind: table if kind == "degraded" else table.filter(problem_mask(table))
            for kind, table in self._tables.items()
            if table.num_rows
        }
        return ColumnRecords(found, self._ref_of).materialized()

    def __len__(self) -> int:
        return sum(table.num_rows for table in self._tables.values())

    @overload
    def __getitem__(self, index: int) -> ObservationRecord: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ObservationRecord, ...]: ...
    def __getitem__(self, index: int | slice) -> ObservationRecord | tuple[ObservationRecord, ...]:
        if self._built is None and isinstance(index, slice):
            first = self._first(index)
            if first is not None:
                return first
        return self.materialized()[index]

    def _first(self, index: slice) -> tuple[ObservationRecord, ...] | None:
        """The head of the sequence without building the rest; ``None`` for other slices."""
        if index.start not in (None, 0) or index.step not in (None, 1):
            return None
        if index.stop is None or index.stop < 0:
            return None
        heads = {kind: table.slice(0, index.stop) for kind, table in self._tables.items()}
        return ColumnRecords(heads, self._ref_of).materialized()[: index.stop]

    def __iter__(self) -> Iterator[ObservationRecord]:
        return iter(self.materialized())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ColumnRecords):
            return self.materialized() == other.materialized()
        return self.materialized() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.materialized())

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[tuple[ObservationRecord, ...]]]:
        return (tuple, (self.materialized(),))

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def problem_mask(table: Any) -> Any:
    """A mask of the rows that say that something is missing or went wrong."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = pc.not_equal(table.column("degradation_marker").cast(pa.string()), "none")
    if "level" in table.column_names:
        levels = table.column("level").cast(pa.string())
        grave = pc.is_in(levels, value_set=pa.array(["error", "critical"]))
        mask = pc.or_(mask, grave)
    return mask.combine_chunks() if hasattr(mask, "combine_chunks") else mask


def _rows(record_type: str, table: Any, ref_of: RefOf) -> Iterator[tuple[int, ObservationRecord]]:
    times = _times(table)
    start = 0
    for batch in table.select(_plain_columns(table)).to_batches(max_chunksize=_BATCH):
        for offset, row in enumerate(batch.to_pylist()):
            observed = {name: values[start + offset] for name, values in times.items()}
            yield row["sequence"], _record(record_type, row, observed, ref_of)
        start += batch.num_rows


def _plain_columns(table: Any) -> list[str]:
    return [field.name for field in table.schema if not str(field.type).startswith("timestamp")]


def _times(table: Any) -> dict[str, list[int | None]]:
    """Timestamps as microseconds: ``to_pylist`` of aware timestamps would want pytz."""
    import pyarrow as pa

    return {
        field.name: table.column(field.name).cast(pa.int64()).to_pylist()
        for field in table.schema
        if str(field.type).startswith("timestamp")
    }


def _record(
    record_type: str, row: dict[str, Any], times: dict[str, int | None], ref_of: RefOf
) -> ObservationRecord:
    key = row.get(_KEY_COLUMNS.get(record_type, "issue_key"))
    value, unit = row.get("value"), row.get("unit")
    if record_type == "span":
        value, unit = _span_ms(times), "ms"
    tags = row.get("tags") or ()
    record_ref = row.get("record_ref") or ref_of(row["run_ref"], record_type, row["sequence"])
    return ObservationRecord(
        record_id=record_ref,
        run_id=row["run_ref"],
        stage_id=row.get("stage_execution_ref"),
        record_type=record_type,
        key=key or "",
        observed_at=_time_text(times.get("observed_at")),
        value=None if value is None else float(value),
        message=row.get("message") or row.get("summary"),
        completeness_marker=row.get("completeness_marker") or "complete",
        degradation_marker=row.get("degradation_marker") or "none",
        payload=_payload(row, times),
        tags=dict(tags),
        schema_version=row.get("schema_version") or "1.0.0",
        producer_ref=row.get("producer_ref"),
        correlation_id=(row.get("correlation_trace_id") or row.get("correlation_session_id")),
        unit=unit,
    )


def _payload(row: dict[str, Any], times: dict[str, int | None]) -> dict[str, Any]:
    payload = {
        name: value for name, value in row.items() if name not in _ENVELOPE and value is not None
    }
    for name, moment in times.items():
        if name not in _ENVELOPE and moment is not None:
            payload[name] = _time_text(moment)
    if "tags" in payload:
        payload["tags"] = dict(payload["tags"])
    attributes = payload.get("attributes")
    if isinstance(attributes, str):
        payload["attributes"] = json.loads(attributes)
    return payload


def _span_ms(times: dict[str, int | None]) -> float | None:
    start, end = times.get("started_at"), times.get("ended_at")
    return None if start is None or end is None else (end - start) / 1_000


def _time_text(moment: int | None) -> str:
    return "" if moment is None else from_epoch_us(moment)
