"""The report of a gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from contexta.interpretation.gate.models import OUTCOMES, GateResult, RuleOutcome
from contexta.interpretation.reports._parts import field_table, runs_section
from contexta.interpretation.reports.completeness import highlight
from contexta.interpretation.reports.models import ReportDocument, ReportSection, ReportTable
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import listed

_VALUES_SHOWN = 12


def gate_report(result: GateResult) -> ReportDocument:
    """Build the report of a gate: its rules at a glance, then the numbers of each."""
    counts = Counter(item.outcome for item in result.outcomes)
    rules = [(_words(name).capitalize(), str(counts[name])) for name in OUTCOMES if counts[name]]
    return ReportDocument(
        f"Gate Report: {_words(result.verdict)}",
        (
            _verdict(result),
            *(_rule(index, item) for index, item in enumerate(result.outcomes, 1)),
            runs_section(_sides(result)),
            notes_section(result.completeness_notes, result.completeness),
        ),
        (
            ("Verdict", _words(result.verdict)),
            ("Exit code", str(result.exit_code)),
            *rules,
            *highlight(result.completeness),
        ),
    )


def _sides(result: GateResult) -> list[tuple[str, tuple[str, ...]]]:
    sides = [("candidate", result.run_ids), ("baseline", result.baseline_run_ids)]
    return [(name, runs) for name, runs in sides if runs]


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
        return listed([f"{name}: {fmt.plain(item)}" for name, item in value.items()], _VALUES_SHOWN)
    if isinstance(value, (list, tuple)):
        return listed([fmt.plain(item) for item in value], _VALUES_SHOWN) or "none"
    return fmt.plain(value)
