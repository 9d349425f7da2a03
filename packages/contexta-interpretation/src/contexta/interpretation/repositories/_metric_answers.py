"""Metrics of runs, for the repository over the planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contexta.contract.time import from_epoch_us
from contexta.interpretation.repositories import _metrics, _sql, _values
from contexta.interpretation.repositories._columns import ColumnRecords
from contexta.interpretation.repositories.records import (
    MetricPoint,
    MetricSeries,
    MetricSummaryRecord,
    ObservationRecord,
    PointStatistics,
)

if TYPE_CHECKING:
    from contexta.interpretation.repositories._resolve import RunResolver
    from contexta.store.records import RecordStore


class MetricAnswers:
    """Summaries, values, points and curves, out of the index and the columns of the records."""

    record_store: RecordStore
    _resolver: RunResolver

    def metric_summaries(
        self, run_ids: Sequence[str], keys: Sequence[str] | None = None
    ) -> tuple[MetricSummaryRecord, ...]:
        """Return one row per run, stage and key from the record plane's index."""
        if not run_ids:
            return ()
        rows = self.record_store.metric_summaries(
            run_refs=[self._resolver.require(run_id) for run_id in run_ids],
            keys=None if keys is None else list(keys),
        )
        return tuple(
            MetricSummaryRecord(
                run_id=row.run_ref,
                stage_id=row.stage_execution_ref,
                metric_key=row.metric_key,
                count=row.count,
                first=row.first,
                last=row.last,
                minimum=row.min,
                maximum=row.max,
                mean=row.mean,
                nonfinite_count=row.nonfinite_count,
                last_step=row.last_step,
                first_observed_at=from_epoch_us(row.first_observed_us),
                last_observed_at=from_epoch_us(row.last_observed_us),
                last_record_id=row.last_record_ref,
                unit=row.unit,
            )
            for row in rows
        )

    def metric_values(
        self,
        metric_key: str,
        *,
        run_ids: Sequence[str] | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> dict[str, float]:
        """Return one value by run ref, of the runs that have one, from the index.

        See ``query.metrics`` for the values that stand for a run.
        """
        return _values.values_by_run(
            self.record_store, metric_key, run_ids, stage_name, aggregation
        )

    def metric_points(
        self, run_id: str, metric_key: str, stage_id: str | None
    ) -> tuple[MetricPoint, ...]:
        """Return the points of one series in the order of their sequence."""
        run_ref = self._resolver.require(run_id)
        table = _metrics.read_points(self.record_store, run_ref, [metric_key])
        return _metrics.all_points(table, run_ref, metric_key, stage_id, derive_record_ref)

    def series_points(
        self, run_id: str, metric_key: str, stage_id: str | None
    ) -> tuple[MetricPoint, ...]:
        """Return the points of one series without the ids of their records, from the index."""
        run_ref = self._resolver.require(run_id)
        return _metrics.series_points(self.record_store, run_ref, metric_key, stage_id)

    def metric_curves(
        self,
        run_id: str,
        rows: Sequence[MetricSummaryRecord],
        max_points: int,
        records: Sequence[ObservationRecord] | None = None,
    ) -> tuple[MetricSeries, ...]:
        """Return the thinned curves of several series of one run from one read, or from none.

        ``records`` are all of the run's, when the caller has them.
        """
        table = records.table("metric") if isinstance(records, ColumnRecords) else None
        if table is None:
            run_ref = self._resolver.require(run_id)
            keys = sorted({row.metric_key for row in rows})
            table = _metrics.read_points(self.record_store, run_ref, keys)
        return tuple(_metrics.curve(table, row, max_points, derive_record_ref) for row in rows)

    def point_statistics(
        self, run_ids: Sequence[str], metric_key: str
    ) -> tuple[PointStatistics, ...]:
        """Return statistics over all finite points of a metric, by run and stage."""
        refs = [self._resolver.require(run_id) for run_id in run_ids]
        if not refs:
            return ()
        columns = _sql.POINT_COLUMNS
        table = self.record_store.arrow("metric", run_refs=refs, keys=[metric_key], columns=columns)
        return _sql.point_statistics(table) if table.num_rows else ()


def derive_record_ref(run_ref: str, record_type: str, sequence: int) -> str:
    from contexta.store.records import derive_record_ref

    return derive_record_ref(run_ref, record_type, sequence)
