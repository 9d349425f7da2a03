"""The report of the unusual values of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from contexta.interpretation.anomaly.models import AnomalyResult
from contexta.interpretation.compare.models import unique_notes
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.reports.completeness import highlight, in_words, is_known
from contexta.interpretation.reports.models import (
    IntervalChart,
    IntervalRow,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import in_reports as fmt


def anomaly_report(results: Sequence[AnomalyResult]) -> ReportDocument:
    """Build the report of values held against their baselines: the unusual, then the usual."""
    unusual = [item for item in results if item.severity != "info"]
    usual = [item for item in results if item.severity == "info"]
    runs = dict.fromkeys(item.run_id for item in results)
    title = "Anomaly Report" + (f": {next(iter(runs))}" if len(runs) == 1 else "")
    notes = unique_notes([note for item in results for note in item.completeness_notes])
    found = _common(results)
    one_run = len(runs) == 1
    return ReportDocument(
        title,
        (
            _values("Unusual", unusual, "No value is unusual.", found, one_run=one_run),
            _values("Usual", usual, "No value is usual.", found, one_run=one_run),
            notes_section(notes, found),
        ),
        (("Unusual", str(len(unusual))), ("Usual", str(len(usual))), *highlight(found)),
    )


def _common(results: Sequence[AnomalyResult]) -> Completeness | None:
    """The counts, where all results rest on the same; else each row shows its own."""
    found = {item.completeness for item in results}
    return found.pop() if len(found) == 1 else None


def _values(
    title: str,
    results: Sequence[AnomalyResult],
    empty: str,
    common: Completeness | None,
    *,
    one_run: bool,
) -> ReportSection:
    if not results:
        return ReportSection(title, empty)
    columns: tuple[str, ...] = (
        *("Metric", "Severity", "Value", "Usual from", "Usual to", "Score", "Runs"),
        "Left out",
    )
    rows = [_cells(item) for item in results]
    if not one_run:
        columns += ("Run id",)
        rows = [(*row, item.run_id) for row, item in zip(rows, results, strict=True)]
    if common is None and any(is_known(item.completeness) for item in results):
        columns += ("Missing or doubtful",)
        rows = [(*r, in_words(i.completeness)) for r, i in zip(rows, results, strict=True)]
    lines = [
        f"{item.metric_key}: {item.severity}, value={fmt.number(item.actual_value)}, "
        f"usual={fmt.number(item.expected_range[0])} to {fmt.number(item.expected_range[1])}, "
        f"score={fmt.number(item.z_score)}, run={item.run_id}"
        for item in results
    ]
    links = tuple(dict.fromkeys(link for item in results for link in item.evidence_links))
    table = ReportTable(columns, tuple(rows), numeric=tuple(range(2, 8)))
    return ReportSection(title, "\n".join(lines), links, (table,), _chart(title, results))


def _cells(item: AnomalyResult) -> tuple[str, ...]:
    base = item.baseline
    left_out = 0
    if base is not None:
        left_out = base.excluded_missing + base.excluded_nonfinite + base.excluded_status
    return (
        item.metric_key,
        item.severity,
        fmt.number(item.actual_value),
        fmt.number(item.expected_range[0]),
        fmt.number(item.expected_range[1]),
        fmt.brief(item.z_score),
        fmt.missing if base is None else str(base.computed_from_n_runs),
        fmt.missing if base is None else str(left_out),
    )


def _chart(title: str, results: Sequence[AnomalyResult]) -> tuple[IntervalChart, ...]:
    """Scores on one axis; a score that does not exist is a gap with its reason."""
    rows = tuple(
        IntervalRow(
            item.metric_key,
            item.z_score,
            None,
            None,
            outcome="" if item.severity == "info" else item.severity,
            note=""
            if item.z_score is not None
            else f"{fmt.number(item.actual_value)}: no score"
            + ("" if math.isfinite(item.actual_value) else ", the value is not finite"),
        )
        for item in results
    )
    scale = "robust deviations" if any(item.robust for item in results) else "standard deviations"
    return (IntervalChart(f"{title} values", rows, f"{scale} from the baseline"),)
