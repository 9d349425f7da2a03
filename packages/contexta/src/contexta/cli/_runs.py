"""``contexta runs``: list the runs of a workspace."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Pen, table
from contexta.cli._options import global_options
from contexta.cli._output import finite, show
from contexta.cli._run_columns import column_names, column_values, drawn
from contexta.cli._runq import Asked, nothing_found, run_query, unknown_order
from contexta.cli._state import State

_MOST = 100
_EXAMPLES = """\b
Examples:
  contexta runs --where 'metrics.accuracy > 0.9' -c metrics.accuracy,params.lr
  contexta runs --sort metric:loss --limit 5
  contexta runs --sort param:lr -c params.lr,metrics.loss"""


@click.command("runs", epilog=_EXAMPLES)
@run_query
@click.option(
    "-c",
    "--columns",
    multiple=True,
    metavar="NAMES",
    help="Columns, with commas between: run, status, started, ended, duration, project, name, "
    "code, dataset, params.KEY, tags.KEY, metrics.KEY, metrics.KEY.max.",
)
@click.option("--all", "everything", is_flag=True, help="All runs, also on a terminal.")
@global_options
@click.pass_obj
def runs(state: State, asked: Asked, columns: Sequence[str], everything: bool) -> None:
    """List the runs.

    Oldest first.  Without options, a terminal shows the newest 100; a pipe gets all.
    """
    names = column_names(columns)
    ctx = state.open()
    found, hidden = _found(ctx, asked, state, everything)
    for hint in unknown_order(ctx, asked) if found else ():
        click.echo(hint, err=True)
    values = column_values(ctx, found, names)
    rows = (dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True))
    paired = list(zip(found, rows, strict=True))

    show(
        state,
        lambda: {"runs": [_listed(run, row if columns else None) for run, row in paired]},
        lambda: _lines(ctx, asked, names, values, hidden, state.pen),
        rows=lambda: [row if columns else _flat(run.to_dict()) for run, row in paired],
    )


def _listed(run: Any, row: dict[str, Any] | None) -> dict[str, Any]:
    listed: dict[str, Any] = run.to_dict()
    return listed if row is None else listed | {"columns": finite(row)}


def _found(ctx: Any, asked: Asked, state: State, everything: bool) -> tuple[Sequence[Any], int]:
    """The runs, and how many older ones a terminal does not show."""
    on_terminal = state.form == "text" and state.pen.person
    if asked.given or everything or not on_terminal:
        return ctx.list_runs(asked.project, query=asked.query()), 0
    newest = asked._replace(desc=True, limit=_MOST + 1).always()
    found = ctx.list_runs(query=newest)
    if len(found) <= _MOST:
        return found[::-1], 0
    return found[_MOST - 1 :: -1], len(ctx.query_service.list_run_ids()) - _MOST


def _lines(
    ctx: Any,
    asked: Asked,
    names: Sequence[str],
    values: dict[str, list[Any]],
    hidden: int,
    pen: Pen,
) -> Iterator[str]:
    if not values["run"]:
        yield from nothing_found(ctx, asked)
        return
    columns, rows = drawn(names, values, pen)
    yield from table(columns, rows, pen)
    if hidden > 0:
        yield pen.paint(f"({hidden} older runs; --all shows them)", "dim")


def _flat(run: dict[str, Any]) -> dict[str, Any]:
    """One run as a flat row: params and tags are columns of their own."""
    flat = {name: value for name, value in run.items() if not isinstance(value, dict)}
    for field in ("params", "tags"):
        flat |= {f"{field}.{key}": value for key, value in run[field].items()}
    return flat
