"""Runs: one as a whole, two or several side by side, and lists of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from contexta.interpretation.compare.models import MultiRunComparison, RunComparison
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.fragments._parts import curve, from_report
from contexta.interpretation.query.models import RunPage, RunSnapshot
from contexta.interpretation.reports._comparison import multi_run_report, run_report
from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports._parts import labels_of, mapping_table
from contexta.interpretation.reports._projects import project_report
from contexta.interpretation.reports._snapshot import snapshot_report
from contexta.interpretation.reports.models import ReportChart, ReportSection, ReportTable
from contexta.interpretation.repositories.records import MetricSeries, RunRecord
from contexta.interpretation.wording import counted, short_id
from contexta.interpretation.wording import in_reports as fmt

_RUNS_SHOWN = 30
_ARTIFACTS_SHOWN = 10
_CHARTS_SHOWN = 6


def snapshot_view(snapshot: RunSnapshot, diagnostics: DiagnosticsResult | None) -> FragmentView:
    """A run: its numbers and curves at once, everything else folded."""
    known = DiagnosticsResult(snapshot.run.run_id) if diagnostics is None else diagnostics
    report = snapshot_report(snapshot, known)
    without = {"Run Summary", "Artifacts"}
    if diagnostics is None:
        without |= {"Diagnostics", "Issues"}  # nobody looked
    view = from_report(
        "Run",
        snapshot.run.name,
        report,
        facts=(("Run ID", snapshot.run.run_id), ("Project", snapshot.run.project_name)),
        shown=("Metrics", "Diagnostics") if known.issues else ("Metrics",),
        without=without,
    )
    counts = (("Stages", str(len(snapshot.stages))), ("Artifacts", str(len(snapshot.artifacts))))
    given = [
        ReportSection(title, title, tables=(mapping_table(values, title, title),))
        for title, values in (("Parameters", snapshot.run.params), ("Tags", snapshot.run.tags))
        if values
    ]
    view = _few_charts(view)
    return replace(
        view,
        highlights=(*view.highlights, *counts),
        folded=(*given, *_artifacts(snapshot), *view.folded),
        absent=(*view.absent, *(() if snapshot.artifacts else ("No artifacts.",))),
    )


def _artifacts(snapshot: RunSnapshot) -> tuple[ReportSection, ...]:
    if not snapshot.artifacts:
        return ()
    rows = tuple(
        (a.kind, a.artifact_ref, short_id(a.stage_id) if a.stage_id else "run",
         fmt.size(a.size_bytes), fmt.short_hash(a.hash_value))
        for a in snapshot.artifacts[:_ARTIFACTS_SHOWN]
    )  # fmt: skip
    total = len(snapshot.artifacts)
    more = f", the first {_ARTIFACTS_SHOWN} of {total:,}" if total > len(rows) else ""
    table = ReportTable(("Kind", "Ref", "Stage", "Size", "Hash"), rows, numeric=(3,))
    return (ReportSection(f"Artifacts{more}", "", tables=(table,)),)


def _few_charts(view: FragmentView) -> FragmentView:
    """Keep some curves open, and fold the others."""
    shown, folded = [], []
    for part in view.shown:
        rest = part.charts[_CHARTS_SHOWN:]
        shown.append(replace(part, charts=part.charts[:_CHARTS_SHOWN]) if rest else part)
        if rest:
            folded.append(ReportSection(counted(len(rest), "more curve"), "", charts=rest))
    return replace(view, shown=tuple(shown), folded=(*folded, *view.folded))


def comparison_view(comparison: RunComparison, snapshots: Sequence[RunSnapshot]) -> FragmentView:
    """Two runs: what differs in numbers, then in everything else."""
    document = run_report(comparison, DiagnosticsResult(comparison.left_run_id), None)
    left, right = short_id(comparison.left_run_id), short_id(comparison.right_run_id)
    view = from_report(
        "Comparison",
        f"{left} and {right}",
        document,
        facts=(("Left", comparison.left_run_id), ("Right", comparison.right_run_id)),
        shown=("Metric Deltas", "Parameters"),
        without=("Diagnostics", "Summary"),
    )
    stages = [part for part in document.sections if part.title == "Summary"]
    tables = tuple(table for part in stages for table in part.tables if table.caption == "Stages")
    folded = (ReportSection("Stages", comparison.summary, tables=tables),) if tables else ()
    view = replace(view, folded=(*folded, *view.folded))
    return _with_curves(view, snapshots)


def multi_view(comparison: MultiRunComparison, snapshots: Sequence[RunSnapshot]) -> FragmentView:
    """Several runs: their metrics in one table, and as curves where the runs are given."""
    view = from_report(
        "Comparison",
        f"{len(comparison.run_ids)} runs",
        multi_run_report(comparison),
        shown=("Metric Table",),
        without=("Summary", "Runs"),
    )
    return _with_curves(_few_charts(view), snapshots)


def _with_curves(view: FragmentView, snapshots: Sequence[RunSnapshot]) -> FragmentView:
    charts = overlaid(snapshots)
    if not charts:
        return view
    # Curves say more than the last values that a chart over the runs would draw.
    shown = tuple(replace(part, charts=()) for part in view.shown)
    curves = ReportSection("Curves", "", charts=charts[:_CHARTS_SHOWN])
    more = charts[_CHARTS_SHOWN:]
    folded = (ReportSection(counted(len(more), "more curve"), "", charts=more),) if more else ()
    return replace(view, shown=(*shown, curves), folded=(*folded, *view.folded))


def overlaid(snapshots: Sequence[RunSnapshot]) -> tuple[ReportChart, ...]:
    """One chart per metric and stage that several of the runs have as a curve."""
    names = labels_of([s.run.name for s in snapshots], [s.run.run_id for s in snapshots])
    found: dict[tuple[str, str], list[tuple[str, MetricSeries]]] = defaultdict(list)
    for name, snapshot in zip(names, snapshots, strict=True):
        for series in snapshot.series:
            stage = short_id(series.stage_id) if series.stage_id else ""
            found[stage, series.metric_key].append((name, series))
    return tuple(
        _overlay(f"{stage}/{key}" if stage else key, curves)
        for (stage, key), curves in found.items()
        if len(curves) > 1 and any(len(series.points) > 1 for _, series in curves)
    )


def _overlay(title: str, curves: Sequence[tuple[str, MetricSeries]]) -> ReportChart:
    stepped = all(point.step is not None for _, series in curves for point in series.points)
    lines = [
        (
            name,
            [
                (float(point.step if stepped and point.step is not None else index), point.value)
                for index, point in enumerate(series.points)
            ],
        )
        for name, series in curves
    ]
    unit = next((series.unit for _, series in curves if series.unit), None)
    thin = any(series.total_points > len(series.points) for _, series in curves)
    note = "thinned, with the ends and the extremes of each curve" if thin else ""
    return curve(title, lines, x_label="step" if stepped else "point", unit=unit, note=note)


def runs_view(runs: Sequence[RunRecord], *, more: bool = False) -> FragmentView:
    """A list of runs with the params that differ; ``more`` follow on another page."""
    document = project_report("", tuple(runs[:_RUNS_SHOWN]), ())
    projects = sorted({run.project_name for run in runs})
    hidden = len(runs) - _RUNS_SHOWN
    told = [f"{counted(hidden, 'more run is', 'more runs are')} in the list."] if hidden > 0 else []
    told += ["More runs follow on the next page."] if more else []
    view = from_report(
        "Runs",
        counted(len(runs), "run"),
        document,
        facts=(("Project", ", ".join(projects[:5])),) if projects else (),
        shown=("Runs",),
        without=("Completeness Notes", "Runs") if not runs else ("Completeness Notes",),
    )
    empty = () if runs else ("No run is in this list.",)
    return replace(view, highlights=_by_status(runs), folded=(), absent=(*told, *empty))


def _by_status(runs: Sequence[RunRecord]) -> tuple[tuple[str, str], ...]:
    statuses = [run.status for run in runs]
    return tuple((name.capitalize(), str(statuses.count(name))) for name in sorted(set(statuses)))


def page_view(page: RunPage) -> FragmentView:
    """One page of a list."""
    return runs_view(page.runs, more=page.next_cursor is not None)


def run_view(run: RunRecord) -> FragmentView:
    """The row of one run, without its records."""
    pairs = [
        ("Status", run.status),
        ("Started", fmt.moment(run.started_at)),
        ("Duration", fmt.elapsed(run.started_at, run.ended_at)),
        ("Code", fmt.short_hash(run.code_revision)),
        ("Dataset", run.dataset_ref or fmt.missing),
    ]
    given = tuple(
        ReportSection(title, title, tables=(mapping_table(values, title, title),))
        for title, values in (("Parameters", run.params), ("Tags", run.tags))
        if values
    )
    facts = (("Run ID", run.run_id), ("Project", run.project_name))
    return FragmentView("Run", run.name, facts, tuple(pairs), shown=given)
