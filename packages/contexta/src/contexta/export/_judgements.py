"""Tables of trends, anomalies and alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from contexta.export._facade import joined, noted
from contexta.export._model import Row, RowTable, columns

if TYPE_CHECKING:
    from contexta.export._facade import Workspace
    from contexta.interpretation import AlertRule, MetricTrend, RunListQuery

_TREND = columns(
    "*run_id",
    "*run_name",
    "*metric_key",
    "*project_name",
    "*stage_name",
    "*value:float",
    "*captured_at:time",
    "notes",
)
_ANOMALY = columns(
    "*run_id",
    "*metric_key",
    "*actual_value:float",
    "*expected_low:float",
    "*expected_high:float",
    "*z_score:float",
    "*severity",
    "*notes",
    "robust:bool",
    "baseline_runs:int",
    "baseline_mean:float",
    "baseline_std:float",
    "baseline_median:float",
)
_ALERTS = columns(
    "run_id",
    "rule_name",
    "metric_key",
    "stage_name",
    "actual_value:float",
    "operator",
    "threshold:float",
    "triggered:bool",
    "severity",
    "notes",
)


def trend_table(
    ctx: Workspace,
    metric_key: str,
    *,
    project_name: str | None = None,
    stage_name: str | None = None,
    query: RunListQuery | None = None,
) -> RowTable:
    """One row per run, in the order of the trend; then, with a note, those without the metric."""
    trend = ctx.get_metric_trend(
        metric_key, project_name=project_name, stage_name=stage_name, query=query
    )
    notes = noted(trend.completeness_notes, trend.completeness)
    return RowTable("trend", _TREND, _trend(ctx, trend), notes)


def _trend(ctx: Workspace, trend: MetricTrend) -> Iterator[Row]:
    about: dict[str, list[Any]] = {}
    for note in trend.completeness_notes:
        run_id = (note.details or {}).get("run_id")
        if isinstance(run_id, str):
            about.setdefault(run_id, []).append(note)
    for point in trend.points:
        yield (
            point.run_id,
            point.run_name,
            trend.metric_key,
            trend.project_name,
            point.stage_name,
            point.value,
            point.captured_at,
            joined(about.pop(point.run_id, ())),
        )
    for run_id, notes in about.items():
        run = ctx.repository.get_run(run_id)
        name, project = (None, trend.project_name) if run is None else (run.name, run.project_name)
        yield run_id, name, trend.metric_key, project, None, None, None, joined(notes)


def anomaly_table(
    ctx: Workspace,
    run_id: str,
    *,
    baseline_query: RunListQuery | None = None,
    metric_keys: Sequence[str] | None = None,
    stage_name: str | None = None,
) -> RowTable:
    """One row per metric of a run that was compared with the runs before it."""
    found = ctx.anomaly_service.detect_anomalies_in_run(
        run_id, baseline_query=baseline_query, metric_keys=metric_keys, stage_name=stage_name
    )
    notes = [note for item in found for note in item.completeness_notes]
    return RowTable("anomalies", _ANOMALY, map(_anomaly, found), noted(notes))


def _anomaly(item: Any) -> Row:
    low, high = item.expected_range
    usual = item.baseline
    return (
        item.run_id,
        item.metric_key,
        item.actual_value,
        low,
        high,
        item.z_score,
        item.severity,
        joined(item.completeness_notes),
        item.robust,
        None if usual is None else usual.n,
        None if usual is None else usual.mean,
        None if usual is None else usual.std,
        None if usual is None else usual.median,
    )


def alerts_table(
    ctx: Workspace,
    rules: Iterable[AlertRule],
    *,
    run_id: str | None = None,
    project_name: str | None = None,
    query: RunListQuery | None = None,
) -> RowTable:
    """One row per run and rule: of one run, or of all that a query selects."""
    if run_id is not None:
        results = ctx.evaluate_alerts(run_id, rules)
        notes = noted(note for item in results for note in item.completeness_notes)
    else:
        report = ctx.evaluate_alerts_fleet(rules, project_name=project_name, query=query)
        results = report.results
        lacking = [note for item in results for note in item.completeness_notes]
        notes = noted([*report.completeness_notes, *lacking], report.completeness)
    return RowTable("alerts", _ALERTS, map(_alert, results), notes)


def _alert(item: Any) -> Row:
    cells = [getattr(item, column.name, None) for column in _ALERTS]
    return (*cells[:-1], joined(item.completeness_notes))
