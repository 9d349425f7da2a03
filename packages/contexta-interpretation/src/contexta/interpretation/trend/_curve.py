"""The points of one series made into a curve."""

from __future__ import annotations

from collections.abc import Sequence

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness._records import steps_out_of_order
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.metrics import in_step_order, thin
from contexta.interpretation.repositories.records import MetricPoint, MetricSummaryRecord
from contexta.interpretation.trend.models import StepPoint, StepSeries


def curve(
    row: MetricSummaryRecord,
    arrived: Sequence[MetricPoint],
    max_points: int | None,
    notes: Sequence[CompletenessNote],
    counts: Completeness,
) -> StepSeries:
    """Order points by step, thin them, and say how many came late or without a step.

    Args:
        row: The series.
        arrived: All its points as they came.
        max_points: About so many are kept; ``None``: all.
        notes: What is known of the series already.
        counts: The completeness of the run for this metric.
    """
    stored = in_step_order(arrived)
    points = stored if max_points is None else thin(stored, max_points)
    position = {id(point): index for index, point in enumerate(stored)}
    late = steps_out_of_order(point.step for point in arrived)
    if any(point.step is None for point in stored):
        details = {"run_id": row.run_id, "stage_id": row.stage_id}
        notes = (*notes, CompletenessNote("info", f"steps_assumed:{row.metric_key}", details))
    if len(stored) < row.count:
        gone = {"run_id": row.run_id, "stored": row.count, "read": len(stored)}
        notes = (*notes, CompletenessNote("error", f"points_unreadable:{row.metric_key}", gone))
    return StepSeries(
        run_id=row.run_id,
        metric_key=row.metric_key,
        stage_id=row.stage_id,
        points=tuple(
            StepPoint(
                position[id(point)] if point.step is None else point.step,
                point.value,
                point.observed_at,
                point.epoch,
            )
            for point in points
        ),
        completeness_notes=tuple(notes),
        unit=row.unit,
        total_points=len(stored),
        completeness=counts + Completeness(late=late),
    )


def no_curve(
    run_id: str, metric_key: str, stage_id: str | None, near: Sequence[str], counts: Completeness
) -> StepSeries:
    """Return a curve without points that says so, and which metrics are near."""
    details = {"run_id": run_id, "stage_id": stage_id, "nearest": list(near)}
    note = CompletenessNote("info", f"step_series_empty:{metric_key}", details)
    # A metric of another stage is counted as present in the run; here it is not.
    lacking = Completeness(missing=max(0, 1 - counts.missing))
    return StepSeries(run_id, metric_key, stage_id, (), (note,), completeness=counts + lacking)
