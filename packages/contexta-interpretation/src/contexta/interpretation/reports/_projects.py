"""Reports over the runs of a project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from contexta.interpretation.alert.models import AlertResult
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports._parts import labels_of
from contexta.interpretation.reports.completeness import highlight, in_words, is_known
from contexta.interpretation.reports.models import (
    ChartLine,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.repositories.records import RunRecord
from contexta.interpretation.trend.models import MetricTrend
from contexta.interpretation.wording import in_reports as fmt

_PARAMS_SHOWN = 6


def project_report(
    project_name: str,
    runs: Sequence[RunRecord],
    notes: Iterable[CompletenessNote | str],
    completeness: Completeness | None = None,
) -> ReportDocument:
    """Build the report of a project's runs, in the order given."""
    lines = [
        f"{run.run_id}: name={run.name}, status={run.status}, started_at={run.started_at}"
        for run in runs
    ]
    varied = _varied_params(runs)
    columns = ("Run", "Run id", "Status", "Started", "Duration", *varied)
    rows = tuple(
        (
            run.name,
            run.run_id,
            run.status,
            fmt.moment(run.started_at),
            fmt.elapsed(run.started_at, run.ended_at),
            *(fmt.plain(run.params.get(key)) for key in varied),
        )
        for run in runs
    )
    counts = Counter(run.status for run in runs)
    items = [n if isinstance(n, CompletenessNote) else CompletenessNote("info", n) for n in notes]
    return ReportDocument(
        f"Project Summary Report: {project_name}",
        (
            ReportSection(
                "Runs",
                "\n".join(lines) or "No runs.",
                tuple(EvidenceLink("run", run.run_id, run.name) for run in runs),
                (ReportTable(columns, rows),) if rows else (),
            ),
            notes_section(items, completeness),
        ),
        (
            ("Runs", str(len(runs))),
            *((status.capitalize(), str(n)) for status, n in sorted(counts.items())),
            *highlight(completeness),
        ),
    )


def _varied_params(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The parameters whose values differ between the runs: what a reader looks for."""
    keys = dict.fromkeys(key for run in runs for key in run.params)
    varied = [key for key in keys if len({repr(run.params.get(key)) for run in runs}) > 1]
    return tuple(sorted(varied)[:_PARAMS_SHOWN])


def trend_report(trend: MetricTrend) -> ReportDocument:
    """Build the report of one metric over runs."""
    lines = [
        f"{p.run_name}: value={fmt.number(p.value)}, captured_at={p.captured_at}"
        for p in trend.points
    ]
    rows = tuple(
        (p.run_name, p.run_id, fmt.number(p.value), fmt.moment(p.captured_at)) for p in trend.points
    )
    table = ReportTable(("Run", "Run id", "Value", "Captured"), rows, numeric=(2,))
    line = ChartLine(
        trend.metric_key, tuple((float(i), p.value) for i, p in enumerate(trend.points))
    )
    labels = labels_of([p.run_name for p in trend.points], [p.run_id for p in trend.points])
    ticks = tuple((float(i), label) for i, label in enumerate(labels))
    chart = ReportChart(trend.metric_key, (line,), "run", x_ticks=ticks)
    links = tuple(EvidenceLink("run", p.run_id, p.run_name) for p in trend.points)
    return ReportDocument(
        f"Trend Report: {trend.metric_key}",
        (
            ReportSection(
                "Series",
                "\n".join(lines) or "No run has this metric.",
                links,
                (table,) if rows else (),
                (chart,) if len(rows) > 1 else (),
            ),
            notes_section(trend.completeness_notes, trend.completeness),
        ),
        (("Runs", str(len(rows))), *highlight(trend.completeness)),
    )


def alert_report(
    results: Sequence[AlertResult], completeness: Completeness | None = None
) -> ReportDocument:
    """Build the report of evaluated rules; one whose run lacks the metric has not passed."""
    triggered = [item for item in results if item.triggered]
    others = [item for item in results if not item.triggered]
    passed = [item for item in others if item.actual_value is not None]
    valueless = [item for item in others if item.actual_value is None]
    sections = [
        _alerts("Triggered", triggered, "No rule triggered."),
        _alerts("Passed", passed, "No rule passed."),
    ]
    counts = [("Triggered", str(len(triggered))), ("Passed", str(len(passed)))]
    if valueless:
        sections.append(_alerts("No Value", valueless, ""))
        counts.append(("No value", str(len(valueless))))
    return ReportDocument("Alert Report", tuple(sections), (*counts, *highlight(completeness)))


def _alerts(title: str, results: Sequence[AlertResult], empty: str) -> ReportSection:
    lines = [
        f"{r.rule_name}: {r.metric_key} {r.operator} {fmt.number(r.threshold)}, "
        f"actual={fmt.number(r.actual_value)}, run={r.run_id}"
        for r in results
    ]
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            r.severity,
            r.rule_name,
            r.metric_key,
            r.operator,
            fmt.number(r.threshold),
            fmt.number(r.actual_value),
            r.run_id,
        )
        for r in results
    )
    columns: tuple[str, ...]
    columns = ("Severity", "Rule", "Metric", "Operator", "Threshold", "Actual", "Run id")
    if any(is_known(r.completeness) for r in results):
        columns += ("Missing or doubtful",)
        rows = tuple(
            (*row, in_words(r.completeness) if r.completeness is not None else fmt.missing)
            for row, r in zip(rows, results, strict=True)
        )
    links = tuple(dict.fromkeys(link for r in results for link in r.evidence_links))
    tables = (ReportTable(columns, rows, numeric=(4, 5)),) if rows else ()
    return ReportSection(title, "\n".join(lines) or empty, links, tables)
