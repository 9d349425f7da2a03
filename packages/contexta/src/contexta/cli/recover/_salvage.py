"""``contexta recover salvage``: a new workspace of what can still be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import Column, table
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import backup_ref, key_option, nearest_named, outcome_lines

_MOST = 20


@click.command("salvage")
@click.argument("source", metavar="SOURCE")
@click.option(
    "--target-workspace",
    metavar="PATH",
    required=True,
    help="Where the new workspace goes; it must not exist, or be empty.",
)
@key_option
@global_options
@click.pass_obj
def salvage(state: State, source: str, target_workspace: str, key_file: str | None) -> None:
    """Make a new workspace of everything that can still be read.

    SOURCE is a damaged backup, by name or path, or the folder of a damaged workspace; it is only
    read. What another backup of the same workspace still holds is taken from there. Each loss is
    listed, and noted in the runs that it touches.
    """
    require_document(state)
    from contexta.recovery import salvage as salvaged

    with nearest_named(state, source), following(state, "salvage") as tell:
        result = salvaged(
            state.config,
            backup_ref(source),
            target_workspace=Path(target_workspace).absolute(),
            key_file=key_file,
            progress=tell,
        )
    show(state, result, lambda: _lines(result, state))


def _lines(result: Any, state: State) -> Iterator[str]:
    yield f"Salvaged to {printable(result.target_workspace)}"
    taken = {plane: dict(counts) for plane, counts in (result.taken or {}).items()}
    held = [f"{count:,} {printable(noun)}" for counts in taken.values()
            for noun, count in counts.items()]  # fmt: skip
    if held:
        yield f"  {', '.join(held)}"
    if result.ledger_source != "source":
        yield f"  The ledger is from: {printable(result.ledger_source)}"
    if not result.lost:
        yield "  Nothing is lost."
    else:
        yield f"  Lost: {counted(len(result.lost), 'place')}"
        yield ""
        rows = [
            (one.plane, one.place, one.count, len(one.run_refs), one.message)
            for one in result.lost[:_MOST]
        ]
        columns = [
            Column("PLANE"),
            Column("PLACE", middle=True),
            Column("ITEMS", right=True),
            Column("RUNS", right=True),
            Column("WHAT"),
        ]
        yield from table(columns, rows, state.pen)
        if len(result.lost) > _MOST:
            yield f"and {len(result.lost) - _MOST} more; --format json has all"
    yield from outcome_lines(result) if not result.lost else ()
