"""Show a plan, and ask before something that cannot be taken back."""

import sys
from collections.abc import Iterable, Sequence

import click

from contexta.cli._output import show_lines
from contexta.cli._state import State
from contexta.cli._text import printable

yes_option = click.option(
    "-y", "--yes", is_flag=True, help="Do not ask; needed where nobody can be asked."
)


def require_document(state: State) -> None:
    """Refuse NDJSON and CSV before anything is done; the result of the command is no list.

    Raises:
        UsageError: another format than text and JSON was asked for.
    """
    if state.form not in ("text", "json"):
        raise click.UsageError(f"this command has no rows for --format {state.form}; use json")


def show_plan(state: State, lines: Iterable[object]) -> None:
    """Print what would be done, for people; programs get it with the result."""
    if state.form == "text":
        show_lines(printable(line) for line in lines)


def confirm(state: State, question: str, *, yes: bool, plan: Sequence[str] = ()) -> None:
    """Ask, unless it was answered by ``--yes``; whoever does not agree ends the command.

    Args:
        state: the options of the call.
        question: what is about to be done; it ends with a question mark.
        yes: the answer that was given before.
        plan: what the question is about, for the error that programs get.

    Raises:
        UsageError: NDJSON or CSV, which the result does not have.
        SurfaceError: `confirmation_required`: nobody can be asked, and nobody said yes.
        Abort: the answer was no.
    """
    require_document(state)
    if yes:
        return
    if state.form != "text" or sys.stdin is None or not sys.stdin.isatty():
        from contexta.contract.errors import SurfaceError

        raise SurfaceError(
            f"nothing was changed, because there is nobody to ask: {question} "
            "Look at the plan, then pass --yes",
            code="confirmation_required",
            details={"question": question, "plan": list(plan)},
        )
    click.confirm(printable(question), default=False, abort=True, err=True)
