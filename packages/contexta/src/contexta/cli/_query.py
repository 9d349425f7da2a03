"""``contexta query``: ask the workspace in SQL."""

import sys
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._draw import Column, Pen, Styled, heading, note_lines, table
from contexta.cli._options import global_options
from contexta.cli._output import json_text, show, show_document, show_json
from contexta.cli._state import State
from contexta.cli._words import counted

if TYPE_CHECKING:
    from contexta.sql import QueryResult

_FORMS = ("table", "json", "csv", "jsonl", "parquet")
_SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_BY_FORMAT = {"text": "table", "json": "json", "csv": "csv", "ndjson": "jsonl"}
_ROWS_PRINTED, _ROWS_IN_FILES = 10_000, 10_000_000
_LONGEST = 100_000


@click.command("query")
@click.argument("sql", metavar="[SELECT …]", required=False)
@click.option(
    "--render",
    type=click.Choice(_FORMS),
    help="Form of the rows.  Default: by the ending of --output, else by --format.",
)
@click.option("-o", "--output", metavar="PATH", help="Write to this file instead of the terminal.")
@click.option(
    "--max-rows",
    type=click.IntRange(1, 100_000_000),
    metavar="N",
    help="Leave out rows beyond.  Default: 10,000, into a file 10 million.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop a query that takes longer.",
)
@click.option("--views", is_flag=True, help="Show the views and their columns.")
@global_options
@click.pass_obj
def query(
    state: State,
    sql: str | None,
    render: str | None,
    output: str | None,
    max_rows: int | None,
    timeout: float,
    views: bool,
) -> None:
    """Ask the workspace in SQL, read-only.

    One SELECT over the views runs, params, tags, projects, stages, batches, samples,
    deployments, artifacts, metrics, events, spans and degraded; `--views` shows their columns.
    Points of runs that are still open are there.  A SELECT of - is read from stdin.

    Nothing else is run: no files, no network, no extensions, no settings.

    \b
    contexta query "SELECT status, count(*) FROM runs GROUP BY status"
    contexta query "FROM metrics WHERE metric_key = 'loss'" -o loss.parquet
    """  # noqa: D301 - click takes the backspace for the mark of lines to keep
    if views:
        _show_views(state, sql)
        return
    if sql is None:
        raise click.UsageError("no query; write one, or --views to see what there is")
    form = _form(state, render, output)
    from contexta.sql import run_query

    most = max_rows or (_ROWS_PRINTED if output is None else _ROWS_IN_FILES)
    text = _from_stdin() if sql == "-" else sql
    found = run_query(state.open(), text, max_rows=most, max_seconds=timeout)
    if output is not None:
        _write(state, found, form, output)
    else:
        _print(state, found, form)


def _from_stdin() -> str:
    if sys.stdin is None:
        raise click.UsageError(
            "stdin is closed, so there is no query in it; write one instead of -"
        )
    return sys.stdin.read(_LONGEST)


def _form(state: State, render: str | None, output: str | None) -> str:
    if render is None and output is not None:
        suffix = PurePath(output).suffix.lower()
        render = _SUFFIXES.get(suffix)
        if render is None:
            raise click.UsageError(
                f"the ending {suffix!r} tells no form; name one with --render, or end the file "
                f"in {', '.join(_SUFFIXES)}"
            )
    form = render or _BY_FORMAT[state.form]
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is no text; name a file with --output")
    return form


def _print(state: State, found: "QueryResult", form: str) -> None:
    if form == "json" or (state.wants_json and form == "table"):
        show_json(found)
        return
    if form == "table":
        for line in _lines(found, state.pen):
            click.echo(line, color=True)
    else:
        from contexta.export import text_chunks

        checked: Any = form
        chunks = text_chunks(found.rows_table(), state.config, form=checked)
        if state.wants_json:
            show_json(_facts(found, form) | {"content": "".join(chunks)})
            return
        for chunk in chunks:
            click.echo(chunk, nl=False)
    if not state.quiet:
        for line in note_lines(found.all_notes(), state.pen):
            click.echo(line, err=form != "table", color=form == "table" or None)


def _write(state: State, found: "QueryResult", form: str, output: str) -> None:
    facts = _facts(found, form)
    if form in ("table", "json"):
        text = json_text(found) if form == "json" else "\n".join(_lines(found, Pen()))
        show_document(state, text, output, facts)
    else:
        from contexta.common.io import resolve_path

        _write_rows(state, found, form, output)
        path = str(resolve_path(output))
        if state.wants_json:
            show_json(facts | {"output": path})
        else:
            count = found.row_count
            state.say(f"wrote {path} ({counted(count, 'row')})")
    if state.form == "text" and not state.quiet:
        for line in note_lines(found.all_notes(), state.pen):
            click.echo(line, err=True)


def _write_rows(state: State, found: "QueryResult", form: str, output: str) -> None:
    if form == "parquet":
        from contexta.sql import write_parquet

        write_parquet(found, output, state.config)
    else:
        from contexta.export import write_table

        checked: Any = form
        write_table(found.rows_table(), output, state.config, form=checked)


def _facts(found: "QueryResult", form: str) -> dict[str, Any]:
    return {
        "kind": "query",
        "render": form,
        "columns": list(found.columns),
        "rows": found.row_count,
        "clipped": found.clipped,
        "notes": list(found.all_notes()),
    }


def _lines(found: "QueryResult", pen: Pen) -> Iterator[str]:
    from contexta.cli._values import moment

    rows = found.rows_table()
    heads = [
        Column(
            one.name,
            right=one.kind in ("int", "float", "time"),  # never cut
            middle=one.name.endswith("_id"),
        )
        for one in rows.columns
    ]
    times = [place for place, one in enumerate(rows.columns) if one.kind == "time"]

    def drawn(row: tuple[Any, ...]) -> list[Any]:
        cells = [Styled("-", "dim") if cell is None else cell for cell in row]
        for place in times:
            cells[place] = moment(row[place])
        return cells

    yield from table(heads, [drawn(row) for row in rows.rows], pen)
    count = found.row_count
    yield pen.paint(f"({counted(count, 'row')})", "dim")


def _show_views(state: State, name: str | None) -> None:
    from contexta.sql import VIEWS

    chosen = [view for view in VIEWS.values() if name in (None, view.name)]
    if not chosen:
        raise click.UsageError(f"there is no view {name!r}; there are {', '.join(VIEWS)}")
    flat = [
        {"view": view.name, "column": one.name, "type": one.type, "meaning": one.meaning}
        for view in chosen
        for one in view.columns
    ]

    def draw() -> Iterator[str]:
        for view in chosen:
            yield from heading(f"{view.name}: {view.meaning}", state.pen)
            rows = [(one.name, one.type, one.meaning) for one in view.columns]
            yield from table(["COLUMN", "TYPE", "MEANING"], rows, state.pen)

    show(state, {"views": flat}, draw, rows=lambda: flat)
