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
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports import _format as fmt
from contexta.interpretation.reports._notes import notes_section
from contexta.interpretation.reports._parts import field_lines, field_table
from contexta.interpretation.reports._words import counted, highlight
from contexta.interpretation.reports.models import (
    IntervalChart,
    IntervalRow,
    ReportDocument,
    ReportSection,
    ReportTable,
)

_RUNS_SHOWN = 50


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
            _sides(comparison),
            _method(comparison),
            _runs(comparison),
            notes_section(comparison.completeness_notes, comparison.completeness),
        ),
        (*verdicts, *highlight(comparison.completeness)),
    )


def _differences(comparison: GroupComparison) -> ReportSection:
    """Verdicts with their intervals, and the same drawn."""
    rows = comparison.metrics
    if not rows:
        return ReportSection("Differences", "No metric to compare.")
    level = f"{(1 - comparison.alpha) * 100:g} %"
    columns = (
        *("Metric", "Unit", "Outcome", "Left mean", "Right mean", "Difference", "Relative"),
        *(f"{level} low", f"{level} high", "p", "p adjusted", "Effect size"),
        *("Smallest detectable", "Reason"),
    )
    table = ReportTable(columns, tuple(map(_cells, rows)), numeric=tuple(range(3, 13)))
    lines = [
        f"{row.metric_key}: {row.verdict}, difference={fmt.signed(row.difference)}, "
        f"low={fmt.number(row.low)}, high={fmt.number(row.high)}, "
        f"p_adjusted={fmt.number(row.p_adjusted)}, {row.reason}"
        for row in rows
    ]
    links = tuple(dict.fromkeys(link for row in rows for link in row.evidence_links))
    return ReportSection("Differences", "\n".join(lines), links, (table,), (_forest(comparison),))


def _cells(row: GroupMetric) -> tuple[str, ...]:
    return (
        row.metric_key,
        row.unit or "",
        row.verdict,
        fmt.number(row.left.mean),
        fmt.number(row.right.mean),
        fmt.signed(row.difference),
        fmt.percent(row.relative),
        fmt.number(row.low),
        fmt.number(row.high),
        fmt.number(row.p_value),
        fmt.number(row.p_adjusted),
        fmt.number(row.effect_size),
        fmt.number(row.smallest_detectable),
        row.reason,
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


def _runs(comparison: GroupComparison) -> ReportSection:
    sides = (("left", comparison.left_run_ids), ("right", comparison.right_run_ids))
    rows = [(name, run) for name, runs in sides for run in runs[:_RUNS_SHOWN]]
    for name, runs in sides:
        if len(runs) > _RUNS_SHOWN:
            rows.append((name, f"and {len(runs) - _RUNS_SHOWN} more"))
    lines = [f"{name}: {run}" for name, runs in sides for run in runs]
    links = [EvidenceLink("run", run, run.rsplit(".", 1)[-1]) for _, runs in sides for run in runs]
    table = ReportTable(("Group", "Run id"), tuple(rows))
    return ReportSection(
        "Runs", "\n".join(lines) or "No runs.", tuple(links), (table,) if rows else ()
    )
