"""Values over runs and over steps, and statistics of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

from contexta.interpretation._base import Result
from contexta.interpretation.aggregates.models import AggregateAnswer
from contexta.interpretation.aggregation.models import (
    MetricAggregate,
    RunStatusDistribution,
    RunSummaryTable,
)
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.fragments._parts import curve, from_report
from contexta.interpretation.fragments._plain import table_of
from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports._parts import labels_of
from contexta.interpretation.reports._projects import trend_report
from contexta.interpretation.reports.completeness import highlight, thinned
from contexta.interpretation.reports.models import ReportDocument, ReportSection, ReportTable
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.trend.models import (
    ArtifactSizeTrend,
    DurationTrend,
    MetricTrend,
    StepSeries,
)
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import short_id

_STATISTICS = (
    *("count", "mean", "std", "min", "p25", "p50", "p75", "p90", "p95", "p99", "max"),
    "mad",
)
_LEFT_OUT = (("without a value", "excluded_missing"), ("NaN or ∞", "excluded_nonfinite"))


def noted(
    title: str,
    sections: Iterable[ReportSection],
    pairs: Iterable[tuple[str, str]],
    notes: Iterable[CompletenessNote],
    completeness: Completeness | None,
) -> ReportDocument:
    """A document that ends with what is missing, and says so at its top."""
    parts = (*sections, notes_section(notes, completeness))
    return ReportDocument(title, parts, (*pairs, *highlight(completeness)))


def trend_view(trend: MetricTrend) -> FragmentView:
    """A metric over runs: its chart, then its table."""
    stages = dict.fromkeys(point.stage_name or "run" for point in trend.points)
    facts = [("Project", trend.project_name)] if trend.project_name else []
    return from_report(
        "Metric over runs",
        f"Trend: {trend.metric_key}",
        trend_report(trend),
        facts=[*facts, ("Stage", ", ".join(stages))] if stages else facts,
        shown=("Series",),
    )


def series_view(series: Sequence[StepSeries]) -> FragmentView:
    """Curves of one metric, or of several: those of one metric share a chart."""
    names = _curve_names(series)
    charts = []
    for key in dict.fromkeys(item.metric_key for item in series):
        same = [(n, item) for n, item in zip(names, series, strict=True) if item.metric_key == key]
        lines = [(name, [(float(p.step), p.value) for p in item.points]) for name, item in same]
        told = [thinned(len(item.points), item.total_points) for _, item in same]
        unit = next((item.unit for _, item in same if item.unit), None)
        note = "; ".join(filter(None, dict.fromkeys(told)))
        charts.append(curve(key, lines, x_label="step", unit=unit, note=note))
    rows = tuple(_curve_row(name, item) for name, item in zip(names, series, strict=True))
    columns = ("Run", "Metric", "Stage", "Points", "First", "Last", "Last step")
    table = ReportTable(columns, rows, numeric=(3, 4, 5, 6))
    notes = [note for item in series for note in item.completeness_notes]
    one = series[0]
    of_each_run = {item.run_id: item.completeness for item in series}
    # Counts of the same run add up to nothing that is true.
    found = list(of_each_run.values()) if len(of_each_run) == len(series) else []
    document = noted(
        "Curves",
        (ReportSection("Curves", "", tables=(table,), charts=tuple(charts)),),
        (),
        notes,
        reduce(add, found) if found else None,
    )
    keys = ", ".join(dict.fromkeys(item.metric_key for item in series))
    facts = (("Run ID", one.run_id),) if len({item.run_id for item in series}) == 1 else ()
    kind = "Curve" if len(series) == 1 else "Curves"
    return from_report(kind, keys, document, facts=facts, shown=("Curves",))


def _curve_names(series: Sequence[StepSeries]) -> list[str]:
    """Runs where these differ, else stages."""
    runs = [short_id(item.run_id) for item in series]
    stages = [short_id(item.stage_id) if item.stage_id else "run" for item in series]
    if len(set(runs)) == 1:
        return stages
    many = len(set(stages)) > 1
    return [f"{run}/{stage}" if many else run for run, stage in zip(runs, stages, strict=True)]


def _curve_row(name: str, item: StepSeries) -> tuple[str, ...]:
    first, last = (item.points[0], item.points[-1]) if item.points else (None, None)
    return (
        short_id(item.run_id),
        item.metric_key,
        short_id(item.stage_id) if item.stage_id else "run",
        f"{max(item.total_points, len(item.points)):,}",
        fmt.number(first.value if first else None),
        fmt.number(last.value if last else None),
        fmt.number(last.step if last else None),
    )


def duration_view(trend: DurationTrend) -> FragmentView:
    """How long a stage took over runs."""
    labels = labels_of([p.run_name for p in trend.points], [p.run_id for p in trend.points])
    rows = tuple(
        (p.run_name, p.run_id, fmt.number(p.duration_seconds), fmt.moment(p.started_at))
        for p in trend.points
    )
    values = [(float(i), p.duration_seconds) for i, p in enumerate(trend.points)]
    section = _series(
        ("Run", "Run id", "Seconds", "Started"), rows, trend.stage_name, values, labels, "s"
    )
    document = noted(
        "", (section,), (("Runs", str(len(rows))),), trend.completeness_notes, trend.completeness
    )
    return from_report("Durations", trend.stage_name, document, shown=("Series",))


def size_view(trend: ArtifactSizeTrend) -> FragmentView:
    """How large the artifacts of a kind are."""
    labels = labels_of([p.run_name for p in trend.points], [p.artifact_ref for p in trend.points])
    rows = tuple(
        (p.run_name, p.artifact_ref, fmt.size(p.size_bytes), fmt.moment(p.created_at))
        for p in trend.points
    )
    values = [(float(i), float(p.size_bytes)) for i, p in enumerate(trend.points)]
    section = _series(
        ("Run", "Artifact", "Size", "Created"), rows, trend.artifact_kind, values, labels, "bytes"
    )
    pairs = (("Artifacts", str(len(rows))),)
    document = noted("", (section,), pairs, trend.completeness_notes, trend.completeness)
    return from_report("Sizes", trend.artifact_kind, document, shown=("Series",))


def _series(
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    title: str,
    values: Sequence[tuple[float, float]],
    labels: Sequence[str],
    unit: str,
) -> ReportSection:
    if not rows:
        return ReportSection("Series", "No run has a value.")
    chart = curve(title, [(title, values)], x_label="run", unit=unit, ticks=labels)
    charts = (chart,) if len(rows) > 1 else ()
    return ReportSection(
        "Series", "", tables=(ReportTable(columns, rows, "", (2,)),), charts=charts
    )


def aggregate_view(found: MetricAggregate) -> FragmentView:
    """Statistics of a metric over runs."""
    names = [name for name in _STATISTICS if getattr(found, name) is not None]
    row = tuple(fmt.number(getattr(found, name)) for name in names)
    heads = tuple(name.replace("_", " ") for name in names)
    table = ReportTable(heads, (row,), numeric=tuple(range(len(heads))))
    section = ReportSection("Statistics", "", tables=(table,))
    pairs = [(f"Runs {word}", f"{n:,}") for word, name in _LEFT_OUT if (n := getattr(found, name))]
    document = noted("", (section,), pairs, found.completeness_notes, found.completeness)
    facts = (("Project", found.project_name),) if found.project_name else ()
    return from_report("Aggregate", found.metric_key, document, facts=facts, shown=("Statistics",))


def summary_view(found: RunSummaryTable) -> FragmentView:
    """Metrics by stage."""
    return _rows_view("Summary", found.project_name, found.total_runs, found.by_stage, found)


def distribution_view(found: RunStatusDistribution) -> FragmentView:
    """Runs by status."""
    return _rows_view("Statuses", found.project_name, found.total, found.by_status, found)


def _rows_view(
    kind: str,
    project: str | None,
    runs: int,
    rows: Sequence[Result],
    found: RunSummaryTable | RunStatusDistribution,
) -> FragmentView:
    section = ReportSection("Rows", "No runs.", tables=(table_of(rows),) if rows else ())
    document = noted(
        "", (section,), (("Runs", str(runs)),), found.completeness_notes, found.completeness
    )
    return from_report(kind, project or "all projects", document, shown=("Rows",))


def answer_view(answer: AggregateAnswer[Any]) -> FragmentView:
    """The rows that an engine gave."""
    tables = (table_of(answer.rows),) if answer.rows else ()
    section = ReportSection("Rows", "No rows.", tables=tables)
    pairs = (("Rows", f"{len(answer.rows):,}"),)
    document = noted("", (section,), pairs, (), answer.completeness)
    facts = (("Engine", answer.engine),)
    return from_report("Answer", answer.question, document, facts=facts, shown=("Rows",))
