"""What was found: issues, alerts, anomalies, changes, gates, differences of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contexta.interpretation.alert.models import AlertReport, AlertResult
from contexta.interpretation.anomaly.models import AnomalyResult
from contexta.interpretation.changes.models import Bisection, ChangeHistory
from contexta.interpretation.compare.models import CompletenessNote, ReportComparison
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.fragments._parts import from_report
from contexta.interpretation.fragments._trends import noted
from contexta.interpretation.gate.models import GateResult
from contexta.interpretation.groups.models import GroupComparison, ReplicateGroups
from contexta.interpretation.reports._anomalies import anomaly_report
from contexta.interpretation.reports._changes import bisection_report, change_report
from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports._gate import gate_report
from contexta.interpretation.reports._groups import group_report
from contexta.interpretation.reports._parts import diagnostics_section
from contexta.interpretation.reports._projects import alert_report
from contexta.interpretation.reports.models import ReportDocument, ReportSection, ReportTable
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import counted, listed, short_id
from contexta.interpretation.wording import in_reports as fmt

_RUNS_SHOWN = 6


def report_view(document: ReportDocument) -> FragmentView:
    """A report: every section that has something to see, the notes folded."""
    shown = [part.title for part in document.sections if part.title != "Completeness Notes"]
    return from_report("Report", document.title, document, shown=shown)


def report_comparison_view(found: ReportComparison) -> FragmentView:
    """Two reports: the sections that differ, and how."""
    changed = [item for item in found.section_diffs if item.changed]
    rows = tuple(
        (item.section_title, item.left_body or fmt.missing, item.right_body or fmt.missing)
        for item in changed
    )
    tables = (ReportTable(("Section", "Left", "Right"), rows),) if rows else ()
    section = ReportSection("Differences", "No section differs.", tables=tables)
    pairs = (("Sections", str(len(found.section_diffs))), ("That differ", str(len(changed))))
    document = noted("", (section,), pairs, found.completeness_notes, None)
    title = f"{found.left_title} and {found.right_title}"
    return from_report("Comparison of reports", title, document, shown=("Differences",))


def diagnostics_view(found: DiagnosticsResult) -> FragmentView:
    """The issues of a run, the gravest first."""
    counts = [issue.severity for issue in found.issues]
    pairs = [(name.capitalize(), str(counts.count(name))) for name in ("error", "warning", "info")]
    shown = [pair for pair in pairs if pair[1] != "0"] or [("Issues", "none")]
    document = noted(
        "", (diagnostics_section(found),), shown, found.completeness_notes, found.completeness
    )
    facts = (("Run ID", found.run_id),)
    name = short_id(found.run_id)
    return from_report("Diagnostics", name, document, facts=facts, shown=("Diagnostics",))


def alerts_view(results: Sequence[AlertResult]) -> FragmentView:
    """Evaluated rules."""
    found = results[0].completeness if len(results) == 1 else None
    return _alerts(alert_report(results, found), results)


def alert_report_view(report: AlertReport) -> FragmentView:
    """Evaluated rules of many runs."""
    document = alert_report(report.results, report.completeness)
    notes = notes_section(report.completeness_notes, report.completeness)
    return _alerts(replace(document, sections=(*document.sections, notes)), report.results)


def _alerts(document: ReportDocument, results: Sequence[AlertResult]) -> FragmentView:
    runs = dict.fromkeys(item.run_id for item in results)
    title = f"{counted(len(results), 'answer')} for {counted(len(runs), 'run')}"
    return from_report("Alerts", title, document, shown=("Triggered", "No Value"))


def anomalies_view(results: Sequence[AnomalyResult]) -> FragmentView:
    """Values beside what is usual."""
    runs = list(dict.fromkeys(item.run_id for item in results))
    title = short_id(runs[0]) if len(runs) == 1 else counted(len(runs), "run")
    facts = (("Run ID", runs[0]),) if len(runs) == 1 else ()
    return from_report("Anomalies", title, anomaly_report(results), facts=facts, shown=("Unusual",))


def gate_view(result: GateResult) -> FragmentView:
    """A gate: its verdict and its rules."""
    return from_report(
        "Gate",
        f"Gate: {result.verdict.replace('_', ' ')}",
        gate_report(result),
        shown=("Rules",),
    )


def group_view(comparison: GroupComparison) -> FragmentView:
    """Two groups of runs: verdicts, intervals, numbers."""
    left, right = len(comparison.left_run_ids), len(comparison.right_run_ids)
    title = f"{counted(left, 'run')} and {counted(right, 'run')}"
    return from_report("Groups", title, group_report(comparison), shown=("Differences", "Numbers"))


def groups_view(found: ReplicateGroups) -> FragmentView:
    """Runs that are equal in some params."""
    rows = tuple(
        (item.label, str(item.size), listed([short_id(run) for run in item.run_ids], _RUNS_SHOWN))
        for item in found.groups
    )
    tables = (ReportTable(("Group", "Runs", "Run ids"), rows, numeric=(1,)),) if rows else ()
    section = ReportSection("Groups", "No groups.", tables=tables)
    pairs = (("Groups", str(len(rows))),)
    document = noted("", (section,), pairs, found.completeness_notes, found.completeness)
    return from_report("Replicates", f"by {', '.join(found.by)}", document, shown=("Groups",))


def changes_view(history: ChangeHistory) -> FragmentView:
    """A metric over runs, with the places where it changed."""
    return from_report(
        "Changes", history.metric_key, change_report(history), shown=("Changes", "Series")
    )


def bisection_view(found: Bisection) -> FragmentView:
    """The run that came with a change, and what sets it apart."""
    return from_report(
        "Bisection",
        found.metric_key,
        bisection_report(found),
        shown=("Change", "Differences", "Series"),
    )


def completeness_view(found: Completeness) -> FragmentView:
    """What is missing or doubtful, in counts."""
    document = noted("", (), (), (), found)
    return from_report("Completeness", "", document, shown=("Completeness Notes",))


def note_view(note: CompletenessNote) -> FragmentView:
    """One note, with what it means."""
    return from_report(
        "Note", note.summary, noted("", (), (), (note,), None), shown=("Completeness Notes",)
    )
