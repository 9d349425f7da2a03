"""``contexta bisect``: since which run a metric is different, and what came with it."""

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._change_options import ChangeOptions, bisect_options, change_options
from contexta.cli._draw import Column, Pen, Styled, facts, heading, sparkline, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._values import number, percent, signed
from contexta.cli._words import counted

if TYPE_CHECKING:
    from contexta.interpretation.changes import Bisection, ChangePoint

_MOST = 15
_WIDEST = 100
# The counts behind these stand in a column of their own.
_SHORT = re.compile(r" across |: |, ")
_DIRECTIONS = {"better": "good", "worse": "bad", "unclear": "doubt"}


@click.command("bisect")
@change_options
@bisect_options
@click.option("--all", "everything", is_flag=True, help="All differences, not the first 15.")
@global_options
@click.pass_obj
def bisect(state: State, asked: ChangeOptions, everything: bool) -> None:
    """Find the first run after a metric changed.

    Shows also what came with it.  Looks at completed runs, oldest first.  A difference is a
    trace, not a proof.

    \b
    contexta bisect loss
    contexta bisect accuracy --good night-02 --bad night-29
    """  # noqa: D301 - click takes the backspace for the mark of lines to keep
    found = asked.bisect(state.open())
    show(
        state,
        found,
        lambda: _lines(found, state.pen, None if everything else _MOST),
        rows=lambda: [_flat(one.to_dict()) for one in found.differences],
    )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "evidence_links"}


def _lines(found: "Bisection", pen: Pen, most: int | None) -> Iterator[str]:
    yield from _wrapped(found.summary, pen)
    history = found.history
    if history.points:
        yield ""
        yield from _curve(found, pen)
    if found.change is not None:
        yield ""
        yield from facts(_change(found.change), pen)
    elif found.first_run_after is not None:
        yield ""
        yield from facts(
            [
                ("First run after", found.first_run_after),
                ("Last run before", found.last_run_before),
                ("Found by", "the level of the good and the bad run; too few for statistics"),
            ],
            pen,
        )
    if found.found:
        yield from heading("What is different since then", pen)
        yield from _differences(found, pen, most)
    elif found.smallest_detectable is not None:
        yield ""
        shift = number(found.smallest_detectable)
        yield from _wrapped(f"A lasting shift of {shift} would most likely have been seen.", pen)
    yield from limits(found.completeness_notes, found.completeness, pen)


def _curve(found: "Bisection", pen: Pen) -> Iterator[str]:
    """The history as bars, and a mark below the first run after the change."""
    values = found.history.values
    room = min(pen.width or _WIDEST, _WIDEST, len(values))
    yield sparkline(values, pen, room)
    places = [one.index for one in found.history.points if one.run_id == found.first_run_after]
    label = f"{counted(len(values), 'run')}, oldest first"
    if places:
        place = places[0] * room // len(values)
        mark = "↑" if pen.fancy else "^"
        yield f"{' ' * place}{pen.paint(mark, 'title')} {one_line(found.first_run_after, 60)}"
    yield pen.paint(label, "dim")


def _change(change: "ChangePoint") -> Iterator[tuple[str, object]]:
    yield "First run after", change.first_run_after
    yield "Last run before", change.last_run_before
    ratio = percent(change.relative_change)
    text = f"{number(change.mean_before)} -> {number(change.mean_after)} on average ({ratio})"
    yield "Level", Styled(f"{text}, {change.direction}", _DIRECTIONS.get(change.direction))
    if change.interval is not None:
        low, high = change.interval
        yield "By", f"{signed(low)} to {signed(high)} (95 %)"
    yield "p value", number(change.p_value)
    if change.earliest_index != change.latest_index:
        first, last = change.earliest_index + 1, change.latest_index + 1
        yield "Place", f"run {first} to {last} of the history (95 %)"


def _differences(found: "Bisection", pen: Pen, most: int | None) -> Iterator[str]:
    if not found.differences:
        yield "nothing that is recorded differs"
        return
    shown = found.differences if most is None else found.differences[:most]
    rows = [
        (
            one.kind,
            one.key,
            Styled(_value(one.before_value), None),
            Styled(_value(one.after_value), None),
            Styled(f"{one.runs_agreeing}/{one.runs_known}", "good" if one.separates else "dim"),
            _SHORT.split(one.label, 1)[0],
        )
        for one in shown
    ]
    heads = [
        "WHAT",
        Column("NAME", keep=True),
        # Of two refs of one kind, the ends differ.
        Column("BEFORE", middle=True),
        Column("AFTER", middle=True),
        Column("AGREE", right=True),
        "HOW WELL IT FITS",
    ]
    yield from table(heads, rows, pen)
    hidden = len(found.differences) - len(shown)
    if hidden > 0:
        yield pen.paint(f"({hidden} more; --all shows them)", "dim")


def _value(value: object) -> str:
    return number(value) if value is None or isinstance(value, float) else one_line(value, 60)


def _wrapped(text: str, pen: Pen) -> list[str]:
    line = one_line(text, 1_000)
    return [line] if pen.width is None else textwrap.wrap(line, min(pen.width, _WIDEST))
