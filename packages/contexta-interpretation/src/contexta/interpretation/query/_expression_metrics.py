"""The values of metrics that expressions ask for, by run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contexta.interpretation.instants import sort_instant
from contexta.interpretation.protocols import CompositeRepository
from contexta.interpretation.query._expression_nodes import AT, Field
from contexta.interpretation.query.metrics import (
    by_run,
    metric_summaries,
    pick_summary,
    points_of,
)
from contexta.interpretation.repositories.records import MetricSummaryRecord

COUNTS = ("count", "nonfinite")
_COLUMNS = {
    "last": "last",
    "first": "first",
    "min": "minimum",
    "max": "maximum",
    "mean": "mean",
    "count": "count",
    "nonfinite": "nonfinite_count",
}


def missing_value(field: Field) -> float | None:
    """What a run without the metric has: 0 points, and nothing else."""
    return 0.0 if field.statistic in COUNTS else None


def metric_values(
    repository: CompositeRepository, run_ids: Sequence[str], fields: Iterable[Field]
) -> dict[Field, dict[str, float]]:
    """Return for each field the values of the runs that have one, by run id."""
    wanted = tuple(dict.fromkeys(fields))
    if not wanted or not run_ids:
        return {field: {} for field in wanted}
    keys = sorted({field.key or "" for field in wanted})
    groups: dict[tuple[str, str], list[MetricSummaryRecord]] = {}
    for run_id, rows in by_run(metric_summaries(repository, run_ids, keys)).items():
        for row in rows:
            groups.setdefault((run_id, row.metric_key), []).append(row)
    return {field: _of_field(repository, run_ids, field, groups) for field in wanted}


def _of_field(
    repository: CompositeRepository,
    run_ids: Sequence[str],
    field: Field,
    groups: Mapping[tuple[str, str], list[MetricSummaryRecord]],
) -> dict[str, float]:
    out: dict[str, float] = {}
    for run_id in run_ids:
        row = pick_summary(groups.get((run_id, field.key or ""), ()), field.stage)
        if row is None:
            continue
        value = (
            _at_step(repository, row, field.step)
            if field.statistic == AT
            else getattr(row, _COLUMNS[field.statistic or "last"])
        )
        if value is not None:
            out[run_id] = float(value)
    return out


def _at_step(
    repository: CompositeRepository, row: MetricSummaryRecord, step: int | None
) -> float | None:
    """The value at a step; of several points the one observed last, ties: the later record."""
    best: tuple[int, float] | None = None
    for point in points_of(repository, row.run_id, row.metric_key, row.stage_id):
        moment = sort_instant(point.observed_at)
        if point.step == step and (best is None or moment >= best[0]):
            best = (moment, point.value)
    return None if best is None else best[1]
