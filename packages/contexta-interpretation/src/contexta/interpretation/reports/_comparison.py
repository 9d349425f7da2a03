"""Reports of two runs and of several."""

from __future__ import annotations

from collections.abc import Sequence

from contexta.interpretation.compare.models import (
    MetricDelta,
    MultiRunComparison,
    MultiRunMetricRow,
    ProvenanceComparison,
    RunComparison,
    ValueChange,
)
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports._parts import (
    both_diagnostics_section,
    field_lines,
    field_table,
    labels_of,
)
from contexta.interpretation.reports.completeness import highlight, in_words, is_known, looked_at
from contexta.interpretation.reports.models import (
    ChartLine,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import counted
from contexta.interpretation.wording import in_reports as fmt

_CHANGES_SHOWN = 60


def run_report(
    comparison: RunComparison,
    diagnostics: DiagnosticsResult,
    right_diagnostics: DiagnosticsResult | None,
) -> ReportDocument:
    """Build the report of two runs."""
    sections = [
        _summary(comparison),
        _deltas(comparison),
        _values("Parameters", comparison.value_changes, ("param", "tag", "run")),
        _values("Environment", comparison.value_changes, ("environment", "package", "variable")),
        _artifacts(comparison),
        both_diagnostics_section(diagnostics, right_diagnostics),
        notes_section(comparison.completeness_notes, comparison.completeness, _sides(comparison)),
    ]
    if comparison.provenance_comparison is not None:
        sections.append(_provenance(comparison.provenance_comparison))
    title = f"Run Comparison Report: {comparison.left_run_id} vs {comparison.right_run_id}"
    return ReportDocument(title, tuple(sections), _highlights(comparison))


def _highlights(comparison: RunComparison) -> tuple[tuple[str, str], ...]:
    deltas = [delta for stage in comparison.stage_comparisons for delta in stage.metric_deltas]
    better = sum(delta.improved is True for delta in deltas)
    worse = sum(delta.improved is False for delta in deltas)
    return (
        ("Metrics that differ", str(len(deltas))),
        ("Better", str(better)),
        ("Worse", str(worse)),
        *highlight(comparison.completeness),
    )


def _sides(comparison: RunComparison) -> tuple[ReportTable, ...]:
    """What each run lacks, where anything does."""
    found = (
        ("left", comparison.left_run_id, comparison.left_completeness),
        ("right", comparison.right_run_id, comparison.right_completeness),
    )
    if all(item.complete for _, _, item in found) or not any(is_known(i) for _, _, i in found):
        return ()
    rows = tuple((side, run, looked_at(item), in_words(item)) for side, run, item in found)
    return (ReportTable(("Side", "Run", "Looked at", "Missing or doubtful"), rows),)


def _summary(comparison: RunComparison) -> ReportSection:
    rows = tuple(
        (
            stage.stage_name or "run",
            stage.left_status or fmt.missing,
            stage.right_status or fmt.missing,
            str(len(stage.metric_deltas)),
        )
        for stage in comparison.stage_comparisons
    )
    tables = [
        field_table([("left", comparison.left_run_id), ("right", comparison.right_run_id)], "Runs")
    ]
    if rows:
        columns = ("Stage", "Left status", "Right status", "Metrics that differ")
        tables.append(ReportTable(columns, rows, "Stages", (3,)))
    return ReportSection("Summary", comparison.summary, comparison.evidence_links, tuple(tables))


def _deltas(comparison: RunComparison) -> ReportSection:
    deltas = [d for stage in comparison.stage_comparisons for d in stage.metric_deltas]
    if not deltas:
        return ReportSection("Metric Deltas", "No metric differs.")
    lines = [
        f"{d.stage_name or 'run'}/{d.metric_key}: left={fmt.number(d.left_value)}, "
        f"right={fmt.number(d.right_value)}, delta={fmt.signed(d.delta)}"
        for d in deltas
    ]
    columns = ("Metric", "Stage", "Unit", "Left", "Right", "Delta", "Relative", "Outcome")
    table = ReportTable(columns, tuple(_delta_row(d) for d in deltas), numeric=(3, 4, 5, 6))
    links = tuple(dict.fromkeys(link for d in deltas for link in d.evidence_links))
    return ReportSection("Metric Deltas", "\n".join(lines), links, (table,))


def _delta_row(delta: MetricDelta) -> tuple[str, ...]:
    return (
        delta.metric_key,
        delta.stage_name or "run",
        delta.unit or "",
        fmt.number(delta.left_value),
        fmt.number(delta.right_value),
        fmt.signed(delta.delta),
        fmt.percent(delta.relative_change),
        {True: "better", False: "worse", None: ""}[delta.improved],
    )


def _values(title: str, changes: Sequence[ValueChange], kinds: tuple[str, ...]) -> ReportSection:
    found = [change for change in changes if change.kind in kinds]
    if not found:
        return ReportSection(title, f"No difference in {title.lower()}.")
    rows = [
        (c.key, c.kind, fmt.plain(c.left_value), fmt.plain(c.right_value), c.change)
        for c in found[:_CHANGES_SHOWN]
    ]
    if len(found) > _CHANGES_SHOWN:
        rows.append((f"{len(found) - _CHANGES_SHOWN} more", "", "", "", ""))
    lines = [
        f"{c.kind} {c.key}: {c.change} ({fmt.plain(c.left_value)} -> {fmt.plain(c.right_value)})"
        for c in found
    ]
    table = ReportTable(("Name", "Kind", "Left", "Right", "Change"), tuple(rows))
    return ReportSection(title, "\n".join(lines), tables=(table,))


def _artifacts(comparison: RunComparison) -> ReportSection:
    changes = comparison.artifact_changes
    if not changes:
        return ReportSection("Artifact Changes", "No artifact differs.")
    lines = [
        f"{c.artifact_kind}: {c.change} ({c.left_ref or fmt.missing} -> "
        f"{c.right_ref or fmt.missing})"
        for c in changes
    ]
    rows = tuple(
        (
            c.artifact_kind,
            c.change,
            c.change_detail or "",
            c.left_ref or fmt.missing,
            c.right_ref or fmt.missing,
        )
        for c in changes
    )
    table = ReportTable(("Kind", "Change", "Detail", "Left", "Right"), rows)
    links = tuple(link for change in changes for link in change.evidence_links)
    return ReportSection("Artifact Changes", "\n".join(lines), links, (table,))


def _provenance(comparison: ProvenanceComparison) -> ReportSection:
    names = ("code_revision", "config_hash", "environment", "dataset_refs")
    pairs = [
        (f"{name}_changed", "yes" if getattr(comparison, f"{name}_changed") else "no")
        for name in names
    ]
    views = (comparison.left_provenance, comparison.right_provenance)
    links = tuple(
        EvidenceLink("provenance", view.provenance_ref, view.assertion_mode)
        for view in views
        if view is not None
    )
    return ReportSection("Provenance", field_lines(pairs), links, (field_table(pairs),))


def multi_run_report(comparison: MultiRunComparison) -> ReportDocument:
    """Build the report of several runs."""
    links = {link.ref: link for link in comparison.evidence_links if link.kind == "run"}
    runs = tuple(zip(comparison.run_ids, comparison.run_names, strict=True))
    lines = [
        f"{row.stage_name or 'run'}/{row.metric_key}: {', '.join(map(fmt.number, row.values))}"
        for row in comparison.metric_table
    ]
    labels = _labels(comparison)
    columns = ("Metric", "Stage", *labels, "Best")
    names = dict(zip(comparison.run_ids, labels, strict=True))
    table = ReportTable(
        columns,
        tuple(
            (
                row.metric_key,
                row.stage_name or "run",
                *map(fmt.number, row.values),
                names.get(row.best_run_id or "", fmt.missing),
            )
            for row in comparison.metric_table
        ),
        numeric=tuple(range(2, 2 + len(runs))),
    )
    return ReportDocument(
        f"Multi Run Report: {counted(len(comparison.run_ids), 'run')}",
        (
            ReportSection("Summary", comparison.summary, comparison.evidence_links),
            ReportSection(
                "Run IDs",
                "\n".join(comparison.run_ids),
                tuple(links.values()),
                (ReportTable(("Run id", "Name"), runs),),
            ),
            ReportSection(
                "Metric Table",
                "\n".join(lines) or "No metrics.",
                tables=(table,) if lines else (),
                charts=tuple(_over_runs(comparison, row) for row in comparison.metric_table[:12])
                if len(runs) > 2
                else (),
            ),
            notes_section(
                comparison.completeness_notes, comparison.completeness, _each(comparison)
            ),
        ),
        (("Runs", str(len(runs))), *highlight(comparison.completeness)),
    )


def _each(comparison: MultiRunComparison) -> tuple[ReportTable, ...]:
    """The runs that lack something."""
    rows = tuple(
        (run, in_words(found))
        for run, found in zip(comparison.run_ids, comparison.run_completeness, strict=False)
        if not found.complete
    )
    return (ReportTable(("Run id", "Missing or doubtful"), rows),) if rows else ()


def _labels(comparison: MultiRunComparison) -> tuple[str, ...]:
    """Names of the runs, or the last part of their ids where names repeat."""
    refs = [link.ref for link in comparison.evidence_links if link.kind == "run"]
    return labels_of(comparison.run_names, refs)


def _over_runs(comparison: MultiRunComparison, row: MultiRunMetricRow) -> ReportChart:
    points = tuple(
        (float(index), float("nan") if value is None else value)
        for index, value in enumerate(row.values)
    )
    ticks = tuple((float(i), name) for i, name in enumerate(_labels(comparison)))
    where = f"{row.stage_name}/" if row.stage_name else ""
    line = ChartLine(
        "value", tuple(p for p, v in zip(points, row.values, strict=True) if v is not None)
    )
    return ReportChart(f"{where}{row.metric_key}", (line,), "run", x_ticks=ticks)
