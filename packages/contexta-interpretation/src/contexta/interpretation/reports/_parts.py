"""Building blocks that several reports share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.diagnostics.models import DiagnosticsIssue, DiagnosticsResult
from contexta.interpretation.reports import _format as fmt
from contexta.interpretation.reports.models import ReportSection, ReportTable

_SEVERITY_ORDER = {"error": 0, "warning": 1, "info": 2}


def field_table(pairs: Iterable[tuple[str, str]], caption: str = "") -> ReportTable:
    """A table of two columns: field and value."""
    return ReportTable(("Field", "Value"), tuple(pairs), caption)


def mapping_table(values: Mapping[str, Any], caption: str, heading: str) -> ReportTable:
    """A table of names and values, in the order of the mapping."""
    rows = tuple((key, fmt.plain(value)) for key, value in values.items())
    return ReportTable((heading, "Value"), rows, caption)


def field_lines(pairs: Iterable[tuple[str, str]]) -> str:
    """The same as plain text: ``field: value`` lines."""
    return "\n".join(f"{name}: {value}" for name, value in pairs)


def diagnostics_section(diagnostics: DiagnosticsResult) -> ReportSection:
    """Issues, the gravest first."""
    issues = sorted(diagnostics.issues, key=lambda issue: _SEVERITY_ORDER.get(issue.severity, 3))
    return ReportSection(
        "Diagnostics",
        "\n".join(f"{i.severity}:{i.code}: {i.summary}" for i in issues) or "No issues found.",
        diagnostics.evidence_links if issues else (),
        tables=(_issue_table(issues),) if issues else (),
    )


def both_diagnostics_section(
    left: DiagnosticsResult, right: DiagnosticsResult | None
) -> ReportSection:
    """Issues of one run, or of two runs with the run named in each line."""
    if right is None:
        return diagnostics_section(left)
    sides = (("left", left), ("right", right))
    lines = [f"{side}: {i.severity}:{i.code}: {i.summary}" for side, d in sides for i in d.issues]
    rows = tuple(
        (i.severity, side, i.code, i.summary) for side, result in sides for i in result.issues
    )
    table = ReportTable(("Severity", "Run", "Issue", "What was found"), rows)
    links = tuple(dict.fromkeys((*left.evidence_links, *right.evidence_links)))
    return ReportSection(
        "Diagnostics",
        "\n".join(lines) or "No issues found.",
        links if rows else (),
        tables=(table,) if rows else (),
    )


def _issue_table(issues: Sequence[DiagnosticsIssue]) -> ReportTable:
    rows = tuple((issue.severity, issue.code, issue.summary) for issue in issues)
    return ReportTable(("Severity", "Issue", "What was found"), rows)


def notes_section(notes: Iterable[CompletenessNote]) -> ReportSection:
    """Completeness notes with what they mean."""
    items = [(note.severity, note.summary) for note in notes]
    rows = tuple((severity, summary, explain(summary)) for severity, summary in items)
    table = ReportTable(("Severity", "Note", "Meaning"), rows)
    return ReportSection(
        "Completeness Notes",
        "\n".join(f"{severity}: {summary}" for severity, summary in items)
        or "Nothing is known to be missing.",
        tables=(table,) if rows else (),
    )


_MEANINGS = {
    "run_open": "the run has not been closed; numbers can still change",
    "run_interrupted": "the process ended without closing the run; its last moments may be missing",
    "record_scope_empty": "the run has no records",
    "degraded_records": "records that say that something is missing",
    "nonfinite_values": "values that are NaN or infinite; extremes and means leave them out",
    "damage": "stored data that could not be read and is left out",
    "artifact_body_missing": "the artifact is registered, its content is gone",
    "missing_stage_records": "a completed stage without records",
    "missing_stage": "only one of the runs has this stage",
    "sparse_metric_capture": "only one of the runs has this metric",
    "missing_metric_for_run": "a run has no value of this metric",
    "metric_in_several_stages": "several stages have the metric; the one observed last was used",
    "projects_mixed": "the runs belong to several projects",
    "project_runs_empty": "the project has no runs",
}


def explain(summary: str) -> str:
    """Say in words what a note means; empty for notes of others."""
    parts = summary.split(":")
    name = parts[1] if parts[0] in ("left", "right") and len(parts) > 1 else parts[0]
    return _MEANINGS.get(name, "")
