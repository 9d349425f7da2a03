"""``contexta recover dead-letters``: deliveries that were given up."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import confirm, require_document, show_plan, yes_option
from contexta.cli._draw import Column, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import outcome_lines


@click.command("list")
@click.option("--target", metavar="SINK", help="Only those of this sink.")
@global_options
@click.pass_obj
def list_(state: State, target: str | None) -> None:
    """List the deliveries that were given up, oldest first."""
    from contexta.recovery import list_dead_letters

    state.root()
    found = list_dead_letters(state.config, target=target)
    rows = [one.to_dict() for one in found]
    show(state, {"dead_letters": rows}, lambda: _table(found, state), rows=lambda: rows)


@click.command("retry")
@click.argument("refs", metavar="[LETTER]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@global_options
@click.pass_obj
def retry(state: State, refs: tuple[str, ...], everything: bool) -> None:
    """Put dead letters back into the outbox; `contexta recover outbox replay` delivers it."""
    require_document(state)
    from contexta.recovery import retry_dead_letters

    state.root()
    if bool(refs) == everything:
        raise click.UsageError("name dead letters or pass --all")
    result = retry_dead_letters(state.config, None if everything else refs)
    show(state, result, lambda: _done(result, "put back into the outbox"))


@click.command("discard")
@click.argument("refs", metavar="LETTER...", nargs=-1, required=True)
@yes_option
@global_options
@click.pass_obj
def discard(state: State, refs: tuple[str, ...], yes: bool) -> None:
    """Remove dead letters for good."""
    from contexta.recovery import discard_dead_letters, list_dead_letters

    state.root()
    known = list_dead_letters(state.config)
    named = [one for one in known if one.letter_ref in refs or one.replay_ref in refs]
    show_plan(state, _table(named, state) if named else [])
    confirm(
        state,
        f"Remove {counted(len(refs), 'dead letter')} for good?",
        yes=yes,
        plan=[one.letter_ref for one in named],
    )
    result = discard_dead_letters(state.config, refs)
    show(state, result, lambda: _done(result, "removed"))


def _done(result: Any, verb: str) -> Iterator[str]:
    yield (
        f"{counted(len(result.letter_refs), 'dead letter')} {verb}, {result.remaining_count:,} left"
    )
    yield from outcome_lines(result)


def _table(found: Any, state: State) -> list[str]:
    if not found:
        return ["no dead letters"]
    pen = state.pen
    rows = [
        (
            one.letter_ref,
            one.sink_name,
            one.family or "no delivery",
            one.attempts,
            pen.when(one.dead_lettered_at),
            printable(one.reason),
        )
        for one in found
    ]
    columns = [
        Column("LETTER"),
        Column("SINK"),
        Column("FAMILY"),
        Column("TRIES", right=True),
        Column("GIVEN UP"),
        Column("REASON"),
    ]
    return table(columns, rows, pen)
