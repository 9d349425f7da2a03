"""The report of two groups of runs."""

from __future__ import annotations

import math
from collections import Counter

from contexta.interpretation.groups.models import (
    VERDICTS,
    GroupComparison,
    GroupMetric,
    GroupSide,
)
from contexta.interpretation.reports._parts import field_lines, field_table, runs_section
from contexta.interpretation.reports.completeness import highlight
from contexta.interpretation.reports.models import (
    IntervalChart,
    IntervalRow,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import counted
from contexta.interpretation.wording import in_reports as fmt


def group_report(comparison: GroupComparison) -> ReportDocument:
    """Build the report of two groups, one row per metric."""
    left, right = len(comparison.left_run_ids), len(comparison.right_run_ids)
    counts = Counter(row.verdict for row in comparison.metrics)
    verdicts = tuple(
        (verdict.capitalize(), str(counts[verdict])) for verdict in VERDICTS if counts[verdict]
    )
    return ReportDocument(
        f"Group Comparison Report: {counted(left, 'run')} vs {counted(right, 'run')}",
        (
            _differences(comparison),
            _numbers(comparison),
            _sides(comparison),
            _method(comparison),
            runs_section((("left", comparison.left_run_ids), ("right", comparison.right_run_ids))),
            notes_section(comparison.completeness_notes, comparison.completeness),
        ),
        (*verdicts, *highlight(comparison.completeness)),
    )


def _differences(comparison: GroupComparison) -> ReportSection:
    """Verdicts with their intervals, and the same drawn."""
    rows = comparison.metrics
    if not rows:
        return ReportSection("Differences", "No metric to compare.")
    table = ReportTable(
        ("Metric", "Outcome", "Reason"), tuple((r.metric_key, r.verdict, r.reason) for r in rows)
    )
    lines = [
        f"{row.metric_key}: {row.verdict}, difference={fmt.signed(row.difference)}, {row.reason}"
        for row in rows
    ]
    links = tuple(dict.fromkeys(link for row in rows for link in row.evidence_links))
    return ReportSection("Differences", "\n".join(lines), links, (table,), (_forest(comparison),))


def _numbers(comparison: GroupComparison) -> ReportSection:
    """Everything that was computed of each metric."""
    if not comparison.metrics:
        return ReportSection("Numbers", "No metric to compare.")
    level = f"{(1 - comparison.alpha) * 100:g} %"
    columns = (
        *("Metric", "Unit", "Left mean", "Right mean", "Difference", "Relative"),
        *(f"{level} low", f"{level} high", "p", "p adjusted", "Effect size"),
        "Smallest detectable",
    )
    rows = tuple(map(_cells, comparison.metrics))
    lines = [
        f"{row[0]}: "
        + ", ".join(f"{name}={cell}" for name, cell in zip(columns[1:], row[1:], strict=True))
        for row in rows
    ]
    table = ReportTable(columns, rows, numeric=tuple(range(2, 12)))
    return ReportSection("Numbers", "\n".join(lines), tables=(table,))


def _cells(row: GroupMetric) -> tuple[str, ...]:
    return (
        row.metric_key,
        row.unit or "",
        fmt.number(row.left.mean),
        fmt.number(row.right.mean),
        fmt.signed(row.difference),
        fmt.percent(row.relative),
        fmt.number(row.low),
        fmt.number(row.high),
        fmt.brief(row.p_value),
        fmt.brief(row.p_adjusted),
        fmt.brief(row.effect_size),
        fmt.number(row.smallest_detectable),
    )


def _forest(comparison: GroupComparison) -> IntervalChart:
    """One metric in its own unit; several in standard deviations, so that they share an axis."""
    rows = comparison.metrics
    alone = len(rows) == 1
    unit = rows[0].unit if alone else None
    label = f"right - left, in {unit}" if unit else "right - left"
    if not alone:
        label = "right - left, in standard deviations of the groups"
    drawn = tuple(_interval(row, 1.0 if alone else _deviation(row)) for row in rows)
    note = f"{(1 - comparison.alpha) * 100:g} % intervals"
    key = ""
    if any(row.unseen is not None for row in drawn):
        missed = f"{1 - comparison.power:.0%}"
        key = f"Shaded: differences that would be missed in more than {missed} of cases."
    return IntervalChart("Differences", drawn, label, note, key)


def _interval(row: GroupMetric, unit: float | None) -> IntervalRow:
    if unit is None or row.difference is None:
        told = row.reason if row.difference is None else "no spread to measure it by"
        return IntervalRow(row.metric_key, None, None, None, None, row.verdict, told)

    def scaled(value: float | None) -> float | None:
        return None if value is None else value / unit

    return IntervalRow(
        row.metric_key,
        *(scaled(row.difference), scaled(row.low), scaled(row.high)),
        *(scaled(row.smallest_detectable), row.verdict),
    )


def _deviation(row: GroupMetric) -> float | None:
    """The standard deviation of one run, from both groups alike; ``None`` without spread."""
    found = [side.sd for side in (row.left, row.right) if side.sd is not None]
    if not found:
        return None
    value = math.hypot(*found) / math.sqrt(len(found))
    return value if math.isfinite(value) and value > 0 else None


def _sides(comparison: GroupComparison) -> ReportSection:
    """The values of each group."""
    rows = tuple(
        (row.metric_key, name, *_side(side))
        for row in comparison.metrics
        for name, side in (("left", row.left), ("right", row.right))
    )
    columns = (
        *("Metric", "Group", "Runs used", "Mean", "SD", "Median", "Min", "Max"),
        *("Missing", "NaN or ∞", "Unpaired"),
    )
    lines = [
        f"{row[0]} {row[1]}: n={row[2]}, mean={row[3]}, sd={row[4]}, missing={row[8]}, "
        f"nan_or_infinite={row[9]}"
        for row in rows
    ]
    table = ReportTable(columns, rows, numeric=tuple(range(2, 11)))
    return ReportSection(
        "Groups", "\n".join(lines) or "No values.", tables=(table,) if rows else ()
    )


def _side(side: GroupSide) -> tuple[str, ...]:
    numbers = (side.mean, side.sd, side.median, side.minimum, side.maximum)
    counts = (side.missing, side.nonfinite, side.unpaired)
    return (str(side.n), *map(fmt.number, numbers), *map(str, counts))


def _method(comparison: GroupComparison) -> ReportSection:
    pairs = [
        ("method", comparison.method),
        ("alpha", fmt.number(comparison.alpha)),
        ("correction", comparison.correction or "none"),
        ("aggregation", comparison.aggregation),
        ("stage", comparison.stage_name or "not chosen"),
        ("paired_by", comparison.paired_by or "not paired"),
        ("power", fmt.number(comparison.power)),
        ("seed", str(comparison.seed)),
    ]
    return ReportSection("Method", field_lines(pairs), tables=(field_table(pairs),))
