"""One command of ``contexta export csv|jsonl|parquet``."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._draw import note_lines
from contexta.cli._options import global_options
from contexta.cli._output import show_json
from contexta.cli._progress import progress
from contexta.cli._state import State
from contexta.cli._words import counted
from contexta.cli.export._kinds import Kind

if TYPE_CHECKING:
    from contexta.export import RowTable

_OUTPUT = click.option("-o", "--output", metavar="PATH", help="Write to this file.")
_ALL = click.option(
    "--all-columns", is_flag=True, help="All columns, not only those of release 1.0."
)


def table_command(kind: Kind, form: str) -> click.Command:
    """Build the command that writes one kind of table in one form."""

    def command(state: State, output: str | None, all_columns: bool = True, **rest: Any) -> None:
        if form == "parquet" and output is None:
            raise click.UsageError("Parquet is no text; name a file with --output")
        table = kind.build(state.open(), **rest)
        if not all_columns:
            table = _classic(kind, table)
        write(state, table, form, output, kind.name)

    built: Any = click.pass_obj(command)
    options: Iterable[Any] = (*kind.options, _OUTPUT, *((_ALL,) if form == "csv" else ()))
    for option in reversed((*options, global_options)):
        built = option(built)
    decorate = click.command(kind.name, help=kind.text)
    made: click.Command = decorate(built)
    return made


def _classic(kind: Kind, table: "RowTable") -> "RowTable":
    if kind.name != "compare":
        return table.classic(also=kind.also)
    # Values have no place in the columns of then, only what they are of.
    place = table.header.index("row_kind")
    shown = ("metric", "stage", "artifact")
    rows = (row for row in table.rows if row[place] in shown)
    return type(table)(table.name, table.columns, rows, table.notes).classic()


def write(state: State, table: "RowTable", form: str, output: str | None, kind: str) -> None:
    """Write a table into a file or to stdout, and say what is missing from it.

    With ``--format json`` stdout gets a summary, and without a file the text in it.
    """
    from contexta.common.io import resolve_path
    from contexta.export import text_chunks, write_table

    checked: Any = form
    facts: dict[str, Any] = {"kind": kind, "render": form}
    config = state.config
    if output is not None:
        with progress(state, f"writing {kind}"):
            rows = write_table(table, output, config, form=checked)
        path = str(resolve_path(output))
        facts |= {"rows": rows, "output": path, "notes": list(table.notes)}
        if state.wants_json:
            show_json(facts)
        else:
            state.say(f"wrote {path} ({counted(rows, 'row')})")
    elif state.wants_json:
        content = "".join(text_chunks(table, config, form=checked))
        show_json(facts | {"content": content, "notes": list(table.notes)})
    else:
        chunks = iter(text_chunks(table, config, form=checked))
        for chunk in chain([next(chunks, "")], chunks):
            click.echo(chunk, nl=False)
    if not state.quiet and state.form == "text":
        for line in note_lines(table.notes, state.pen):
            click.echo(line, err=True)
