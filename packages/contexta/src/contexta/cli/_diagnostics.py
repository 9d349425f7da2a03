"""``contexta diagnostics``: what looks wrong with a run."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, severity, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._severity import SEVERITIES, at_least
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted


@click.command("diagnostics")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit with 1 if an issue is this severe or more.",
)
@global_options
@click.pass_obj
def diagnostics(state: State, run_id: str, fail_on: str | None) -> int:
    """Say what looks wrong with a run."""
    result = state.open().diagnose_run(run_id)
    show(
        state,
        result,
        lambda: _lines(result, state.pen),
        rows=lambda: [_flat(one) for one in result.issues],
    )
    return int(at_least((one.severity for one in result.issues), fail_on))


def _flat(issue: Any) -> dict[str, Any]:
    names = ("severity", "code", "summary", "subject_ref")
    return {name: getattr(issue, name) for name in names}


def _lines(result: Any, pen: Pen) -> Iterator[str]:
    count = len(result.issues)
    yield pen.paint(f"{one_line(result.run_id, 100)}: {counted(count, 'issue')}", "bold")
    if result.issues:
        yield ""
        rows: list[tuple[object, ...]] = []
        for one in result.issues:
            rows.append((severity(one.severity), one.code, one.summary))
            if one.subject_ref not in (None, result.run_id):
                rows.append(("", "", Styled(one.subject_ref, "dim")))
        yield from table(["SEVERITY", "CODE", Column("SUMMARY", wrap=True)], rows, pen)
    yield from limits(result.completeness_notes, result.completeness, pen)
