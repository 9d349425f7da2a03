"""The report of a gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from contexta.interpretation.gate.models import OUTCOMES, GateResult, RuleOutcome
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports import _format as fmt
from contexta.interpretation.reports._notes import notes_section
from contexta.interpretation.reports._parts import field_table
from contexta.interpretation.reports._words import counted, highlight
from contexta.interpretation.reports.models import ReportDocument, ReportSection, ReportTable

_VALUES_SHOWN = 12
_RUNS_SHOWN = 50


def gate_report(result: GateResult) -> ReportDocument:
    """Build the report of a gate: its rules at a glance, then the numbers of each."""
    counts = Counter(item.outcome for item in result.outcomes)
    rules = [(_words(name).capitalize(), str(counts[name])) for name in OUTCOMES if counts[name]]
    return ReportDocument(
        f"Gate Report: {_words(result.verdict)}",
        (
            _verdict(result),
            *(_rule(index, item) for index, item in enumerate(result.outcomes, 1)),
            _runs(result),
            notes_section(result.completeness_notes, result.completeness),
        ),
        (
            ("Verdict", _words(result.verdict)),
            ("Exit code", str(result.exit_code)),
            *rules,
            *highlight(result.completeness),
        ),
    )


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _verdict(result: GateResult) -> ReportSection:
    rows = tuple((_words(o.outcome), o.rule, o.reason) for o in result.outcomes)
    lines = [f"{outcome}: {rule}: {reason}" for outcome, rule, reason in rows]
    table = ReportTable(("Outcome", "Rule", "Reason"), rows)
    return ReportSection("Rules", "\n".join(lines) or "No rules.", tables=(table,) if rows else ())


def _rule(index: int, outcome: RuleOutcome) -> ReportSection:
    """What one outcome rests on."""
    pairs = [
        ("outcome", _words(outcome.outcome)),
        ("type", outcome.rule_type),
        ("reason", outcome.reason),
        *((name.replace("_", " "), _number(value)) for name, value in outcome.numbers.items()),
    ]
    return ReportSection(
        f"Rule {index}: {outcome.rule}",
        "\n".join(f"{name}: {value}" for name, value in pairs),
        outcome.evidence_links,
        (field_table(pairs),),
    )


def _number(value: Any) -> str:
    """A number, or the first of several."""
    if isinstance(value, Mapping):
        return _listed([f"{name}: {fmt.plain(item)}" for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return _listed([fmt.plain(item) for item in value])
    return fmt.plain(value)


def _listed(values: list[str]) -> str:
    shown = ", ".join(values[:_VALUES_SHOWN])
    more = len(values) - _VALUES_SHOWN
    return (f"{shown} and {more} more" if more > 0 else shown) or "none"


def _runs(result: GateResult) -> ReportSection:
    sides = (("candidate", result.run_ids), ("baseline", result.baseline_run_ids))
    rows = []
    for name, runs in sides:
        rows += [(name, run) for run in runs[:_RUNS_SHOWN]]
        if len(runs) > _RUNS_SHOWN:
            rows.append((name, f"and {len(runs) - _RUNS_SHOWN} more"))
    lines = [f"{name}: {counted(len(runs), 'run')}" for name, runs in sides]
    lines += [f"{name}: {run}" for name, runs in sides for run in runs]
    links = tuple(EvidenceLink("run", run, run.rsplit(".", 1)[-1]) for run in result.run_ids)
    table = ReportTable(("Side", "Run id"), tuple(rows))
    return ReportSection("Runs", "\n".join(lines), links, (table,) if rows else ())
