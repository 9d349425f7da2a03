"""``contexta gate``: hold runs against rules, with a verdict that a shell understands."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from contexta.cli._draw import Pen
from contexta.cli._gate_rules import GateOptions, gate_options
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line, padded, width_of
from contexta.cli._words import counted

if TYPE_CHECKING:
    from contexta.interpretation.gate import GateResult

EXIT_CODES = {"pass": 0, "fail": 1, "cannot_tell": 3}
_SIGNS = {"pass": ("✓", "good"), "fail": ("✗", "bad"), "cannot_tell": ("?", "doubt")}
_LONGEST_REASON = 1_000
_NAMES = 3


@click.command("gate")
@gate_options
@global_options
@click.pass_obj
@click.pass_context
def gate(context: click.Context, state: State, asked: GateOptions) -> None:
    """Hold runs against rules: pass, fail or cannot tell.

    Exit code: 0 for pass, 1 for fail (and for any error, such as an unknown run), 3 when it
    cannot be told.  2 is wrong usage, as everywhere.

    \b
    contexta gate candidate --rules gate.toml --baseline-where 'tags.branch == "main"'
    contexta gate candidate --require 'accuracy >= 0.8' --no-errors
    """  # noqa: D301 - click takes the backspace for the mark of lines to keep
    rules = asked.rules()
    result = asked.evaluate(state.open(), rules)
    show(
        state,
        {**result.to_dict(), "exit_code": EXIT_CODES[result.verdict]} if state.wants_json else None,
        lambda: _lines(result, state.pen),
        rows=lambda: [
            {
                "rule": one.rule,
                "rule_type": one.rule_type,
                "outcome": one.outcome,
                "reason": one.reason,
            }
            for one in result.outcomes
        ],
    )
    context.exit(EXIT_CODES[result.verdict])


def _lines(result: "GateResult", pen: Pen) -> Iterator[str]:
    sign, style = _SIGNS[result.verdict]
    word = result.verdict.replace("_", " ").upper()
    verdict = pen.paint(f"{sign} {word}" if pen.fancy else word, style)
    yield f"{verdict}  {_named(result.run_ids)}{_beside(len(result.baseline_run_ids))}"
    yield ""
    for outcome in result.outcomes:
        yield from _outcome(outcome.outcome, outcome.rule, outcome.reason, pen)
    yield from limits(result.completeness_notes, result.completeness, pen)


def _outcome(outcome: str, rule: str, reason: str, pen: Pen) -> Iterator[str]:
    sign, style = _SIGNS[outcome]
    word = outcome.replace("_", " ")
    head = padded(f"{sign} {word}" if pen.fancy else word, 13)
    yield f"{pen.paint(head, style)}  {one_line(rule, (pen.width or 200) - 15)}"
    text = one_line(reason, _LONGEST_REASON)
    if pen.width is None or width_of(text) <= pen.width - 15:
        yield f"{' ' * 15}{pen.paint(text, 'dim')}"
        return
    for line in textwrap.wrap(text, pen.width - 15):
        yield f"{' ' * 15}{pen.paint(line, 'dim')}"


def _named(run_ids: tuple[str, ...]) -> str:
    if not run_ids:
        return "no run"
    shown = ", ".join(one_line(run_id, 60) for run_id in run_ids[:_NAMES])
    more = len(run_ids) - _NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _beside(baseline: int) -> str:
    return f", beside {counted(baseline, 'baseline run')}" if baseline else ""
