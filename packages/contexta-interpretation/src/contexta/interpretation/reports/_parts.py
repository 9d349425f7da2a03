"""Building blocks that several reports share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contexta.interpretation.diagnostics.models import DiagnosticsIssue, DiagnosticsResult
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports.models import ReportSection, ReportTable
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import listed, short_id

_RUNS_SHOWN = 12
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


def runs_section(sides: Iterable[tuple[str, Sequence[str]]]) -> ReportSection:
    """The runs of each side; the table shows the first."""
    groups = [(name, list(runs)) for name, runs in sides]
    rows = tuple((name, f"{len(runs):,}", listed(runs, _RUNS_SHOWN)) for name, runs in groups)
    lines = [f"{name}: {run}" for name, runs in groups for run in runs]
    links = tuple(EvidenceLink("run", run, short_id(run)) for _, runs in groups for run in runs)
    table = ReportTable(("Group", "Runs", "Run ids"), rows, numeric=(1,))
    return ReportSection("Runs", "\n".join(lines) or "No runs.", links, (table,))


def labels_of(names: Sequence[str], refs: Sequence[str]) -> tuple[str, ...]:
    """Names of runs, or the last part of their refs where names repeat."""
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(map(short_id, refs))


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
