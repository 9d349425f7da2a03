"""Rows of the five results whose columns 1.0 promised, with the real values behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.interpretation import (
        MetricTrend,
        MultiRunComparison,
        ReportDocument,
        RunComparison,
        RunSnapshot,
    )

_KINDS = {bool: "bool", int: "int", float: "float"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the kind of each column: text, int, float, bool, time or texts."""

    rows: list[dict[str, Any]]
    columns: dict[str, str]


def table_of(value: Any) -> Table | None:
    """Return the table of one of the five, `None` for everything else."""
    from contexta.interpretation import (
        MetricTrend,
        MultiRunComparison,
        ReportDocument,
        RunComparison,
        RunSnapshot,
    )

    if isinstance(value, RunSnapshot):
        return _snapshot(value)
    if isinstance(value, RunComparison):
        return _comparison(value)
    if isinstance(value, MultiRunComparison):
        return _several(value)
    if isinstance(value, MetricTrend):
        return _trend(value)
    return _report(value) if isinstance(value, ReportDocument) else None


def _snapshot(snapshot: RunSnapshot) -> Table:
    """One row: counts, then times, revision, metrics, params and tags."""
    run = snapshot.run
    columns = {
        **dict.fromkeys(("run_id", "run_name", "project_name", "status"), "text"),
        **dict.fromkeys(("stage_count", "artifact_count", "record_count"), "int"),
        **dict.fromkeys(("started_at", "ended_at"), "time"),
        **dict.fromkeys(("code_revision", "dataset_ref"), "text"),
    }
    row: dict[str, Any] = {
        "run_id": run.run_id,
        "run_name": run.name,
        "project_name": run.project_name,
        "status": run.status,
        "stage_count": len(snapshot.stages),
        "artifact_count": len(snapshot.artifacts),
        "record_count": len(snapshot.records),
        "started_at": _instant(run.started_at),
        "ended_at": _instant(run.ended_at),
        "code_revision": run.code_revision,
        "dataset_ref": run.dataset_ref,
    }
    for metric in snapshot.metrics:
        name = f"metrics.{_key(metric.stage_name, metric.metric_key)}"
        row[name], columns[name] = metric.last, "float"
    for prefix, values in (("params", run.params), ("tags", run.tags)):
        for key, value in values.items():
            name = f"{prefix}.{key}"
            row[name], columns[name] = _scalar(value)
    return Table([row], columns)


def _comparison(comparison: RunComparison) -> Table:
    """A row per stage: how many metrics differ, then each with both values and the difference."""
    columns = {
        **dict.fromkeys(("stage_name", "left_status", "right_status"), "text"),
        "metric_delta_count": "int",
    }
    rows = []
    for stage in comparison.stage_comparisons:
        row: dict[str, Any] = {
            "stage_name": stage.stage_name,
            "left_status": stage.left_status,
            "right_status": stage.right_status,
            "metric_delta_count": len(stage.metric_deltas),
        }
        for delta in stage.metric_deltas:
            for name, value in (
                ("left", delta.left_value),
                ("right", delta.right_value),
                ("delta", delta.delta),
                ("relative", delta.relative_change),
            ):
                row[f"{delta.metric_key}.{name}"] = value
                columns[f"{delta.metric_key}.{name}"] = "float"
        rows.append(row)
    return _complete(rows, columns)


def _several(comparison: MultiRunComparison) -> Table:
    """A row per metric: the values by position as in 1.0, then by the names of the runs."""
    places = [f"value_{index}" for index in range(len(comparison.run_ids))]
    columns = {
        **dict.fromkeys(("metric_key", "stage_name", "best_run_id"), "text"),
        **dict.fromkeys(places, "float"),
    }
    names = list(_labels(comparison, columns))
    columns.update(dict.fromkeys(names, "float"))
    rows = [
        {
            "metric_key": row.metric_key,
            "stage_name": row.stage_name,
            "best_run_id": row.best_run_id,
            **dict(zip(places, row.values, strict=True)),
            **dict(zip(names, row.values, strict=True)),
        }
        for row in comparison.metric_table
    ]
    return Table(rows, columns)


def _labels(comparison: MultiRunComparison, taken: Mapping[str, str]) -> Iterator[str]:
    """Names of the runs, or their ids where a name repeats or is a column already."""
    names = comparison.run_names
    for name, run_id in zip(names, comparison.run_ids, strict=True):
        yield name if names.count(name) == 1 and name not in taken else run_id


def _trend(trend: MetricTrend) -> Table:
    """A row per run."""
    columns = {
        **dict.fromkeys(("run_id", "run_name", "stage_name"), "text"),
        "value": "float",
        "captured_at": "time",
        **dict.fromkeys(("metric_key", "project_name"), "text"),
    }
    rows = [
        {
            "run_id": point.run_id,
            "run_name": point.run_name,
            "stage_name": point.stage_name,
            "value": point.value,
            "captured_at": _instant(point.captured_at),
            "metric_key": trend.metric_key,
            "project_name": trend.project_name,
        }
        for point in trend.points
    ]
    return Table(rows, columns)


def _report(report: ReportDocument) -> Table:
    """A row per section."""
    columns = {
        **dict.fromkeys(("section_title", "body"), "text"),
        **dict.fromkeys(("evidence_link_count", "table_count", "chart_count"), "int"),
        "evidence_refs": "texts",
    }
    rows = [
        {
            "section_title": section.title,
            "body": section.body,
            "evidence_link_count": len(section.evidence_links),
            "table_count": len(section.tables),
            "chart_count": len(section.charts),
            "evidence_refs": [link.ref for link in section.evidence_links],
        }
        for section in report.sections
    ]
    return Table(rows, columns)


def _complete(rows: list[dict[str, Any]], columns: dict[str, str]) -> Table:
    return Table([{name: row.get(name) for name in columns} for row in rows], columns)


def _key(stage: str | None, key: str) -> str:
    return f"{stage}/{key}" if stage else key


def _scalar(value: Any) -> tuple[Any, str]:
    kind = _KINDS.get(type(value), "text")
    if kind == "int" and not -(2**63) <= value < 2**63:
        return str(value), "text"
    return (value if kind != "text" or value is None else str(value)), kind


def _instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text).astimezone(dt.UTC)
