"""Points, problems and damage out of the record plane's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from contexta.contract.time import from_epoch_us
from contexta.interpretation._record_reader import RecordReader
from contexta.interpretation.query.metrics import thin_positions
from contexta.interpretation.repositories._columns import ColumnRecords, RefOf, problem_mask
from contexta.interpretation.repositories.records import (
    MetricPoint,
    MetricSeries,
    MetricSummaryRecord,
    ObservationRecord,
)

_POINT_COLUMNS = [
    "sequence",
    "record_ref",
    "observed_at",
    "stage_execution_ref",
    "metric_key",
    "value",
    "step",
    "epoch",
]


_REACH = {
    "project": " Which runs of the project it concerns is not known.",
    "store": " Which runs it concerns is not known.",
}


class RecordPlane(RecordReader, Protocol):
    """The part of the record store that is asked here."""

    def series(
        self,
        run_ref: str,
        key: str,
        *,
        stage_execution_ref: str | None = None,
        of_no_stage: bool = False,
    ) -> Any:
        """Return the points of a series as an Arrow table sorted by sequence."""
        ...

    def doubt_counts(self, run_refs: Iterable[str] | None = None) -> dict[str, int]:
        """Return numbers of records by type, and of those that are ``marked`` as degraded."""
        ...


def read_points(store: RecordPlane, run_ref: str, keys: Sequence[str]) -> Any:
    """Read the points of some metrics of one run, over all stages."""
    return store.arrow("metric", run_refs=[run_ref], keys=list(keys), columns=_POINT_COLUMNS)


def series_points(
    store: RecordPlane, run_ref: str, key: str, stage_ref: str | None
) -> tuple[MetricPoint, ...]:
    """Return every point of one series, in sequence order, without ids, from the index."""
    import pyarrow as pa

    table = store.series(run_ref, key, stage_execution_ref=stage_ref, of_no_stage=stage_ref is None)
    cells = (table.column(name).to_pylist() for name in ("value", "step", "epoch"))
    moments = table.column("observed_at").cast(pa.int64()).to_pylist()
    return tuple(
        MetricPoint(value, from_epoch_us(moment), step, epoch)
        for value, step, epoch, moment in zip(*cells, moments, strict=True)
    )


def all_points(
    table: Any, run_ref: str, key: str, stage_id: str | None, ref_of: RefOf
) -> tuple[MetricPoint, ...]:
    """Return every point of one series, in sequence order."""
    rows = _Series(table, key, stage_id)
    return tuple(rows.point(i, run_ref, ref_of) for i in range(len(rows.values)))


def curve(table: Any, row: MetricSummaryRecord, max_points: int, ref_of: RefOf) -> MetricSeries:
    """Return one series in step order, thinned before any object is built."""
    rows = _Series(table, row.metric_key, row.stage_id)
    order = rows.order()
    chosen = thin_positions([rows.values[i] for i in order], max_points)
    points = tuple(rows.point(order[i], row.run_id, ref_of) for i in chosen)
    return MetricSeries(row.metric_key, row.stage_id, points, len(order), row.unit)


class _Series:
    """The columns of one series as lists."""

    def __init__(self, table: Any, key: str, stage_id: str | None) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        mask = pc.equal(table.column("metric_key").cast(pa.string()), key)
        stages = table.column("stage_execution_ref").cast(pa.string())
        same = pc.is_null(stages) if stage_id is None else pc.equal(stages, stage_id)
        part = table.filter(pc.and_(mask, same))
        self.values: list[float] = part.column("value").to_pylist()
        self.steps: list[int | None] = part.column("step").to_pylist()
        self._epochs = part.column("epoch").to_pylist()
        self._refs = part.column("record_ref").to_pylist()
        self._sequences = part.column("sequence").to_pylist()
        self._observed = part.column("observed_at").cast(pa.int64()).to_pylist()

    def order(self) -> list[int]:
        """Positions by step when every point has one, else by time observed."""
        steps = self.steps
        positions = range(len(steps))
        if None in steps:
            return sorted(positions, key=self._observed.__getitem__)
        return sorted(positions, key=lambda index: steps[index] or 0)

    def point(self, index: int, run_ref: str, ref_of: RefOf) -> MetricPoint:
        """Build one point."""
        return MetricPoint(
            value=self.values[index],
            observed_at=from_epoch_us(self._observed[index]),
            step=self.steps[index],
            epoch=self._epochs[index],
            record_id=self._refs[index] or ref_of(run_ref, "metric", self._sequences[index]),
        )


def problems(store: RecordPlane, run_ref: str, ref_of: RefOf) -> Iterator[ObservationRecord]:
    """Yield degraded records, and events of level error or critical.

    The index knows how many records there are, how many of them are marked and how many are grave
    events, so of a run that is well nothing is read. Else the columns that tell come first, whole
    rows where they do.
    """
    counts = store.doubt_counts([run_ref])
    if not any(counts[name] for name in ("degraded", "grave", "marked")):
        return
    for record_type in ("event", "metric", "span"):
        if not counts[record_type] or (record_type != "event" and not counts["marked"]):
            continue
        telling = ["degradation_marker", *(["level"] if record_type == "event" else [])]
        table = store.arrow(record_type, run_refs=[run_ref], columns=["sequence", *telling])
        if not table.num_rows or not problem_mask(table).true_count:
            continue
        rows = store.arrow(record_type, run_refs=[run_ref])
        yield from ColumnRecords({record_type: rows.filter(problem_mask(rows))}, ref_of)
    degraded = store.arrow("degraded", run_refs=[run_ref]) if counts["degraded"] else None
    if degraded is not None and degraded.num_rows:
        yield from ColumnRecords({"degraded": degraded}, ref_of)


def damage_notes(store: RecordPlane, run_ref: str) -> tuple[str, ...]:
    """Describe the gaps that may concern a run.

    The record plane ties a gap to runs where the catalogue, the index or the rest of the file
    tells which share it; a gap of which that is unknown may concern every run.
    """
    found = store.damage(run_refs=[run_ref])
    notes = (
        f"{gap.code}: {gap.message}{_REACH.get((gap.details or {}).get('scope', ''), '')}"
        for gap in found
    )
    return tuple(dict.fromkeys(notes))
