"""``contexta artifact list``: what is stored."""

from typing import Any

import click

from contexta.cli._draw import Column, Styled, size, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._words import counted

_MOST = 50


@click.command("list")
@click.option("--run", "run_id", metavar="RUN", help="Only artifacts of this run.")
@click.option("--stage", metavar="STAGE", help="Only artifacts of this stage of the run.")
@click.option("--kind", metavar="KIND", help="Only artifacts of this kind, such as model_bundle.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many.  Default: {_MOST} for people, all for programs.",
)
@global_options
@click.pass_obj
def list_(
    state: State, run_id: str | None, stage: str | None, kind: str | None, limit: int | None
) -> None:
    """List artifacts, by their refs."""
    ctx = state.open()
    found = [
        one
        for one in ctx.repository.list_artifacts(run_id=run_id, stage_id=stage)
        if kind in (None, one.kind)
    ]
    total = len(found)
    if limit is None and state.form == "text":
        limit = _MOST
    found = found[:limit]
    rows = [one.to_dict() for one in found]
    show(state, {"artifacts": rows}, lambda: _lines(found, total, state), rows=lambda: rows)


def _lines(found: Any, total: int, state: State) -> list[str]:
    if not found:
        return ["no artifacts"]
    pen = state.pen
    columns = [
        Column("ARTIFACT", middle=True, keep=True),
        Column("KIND"),
        Column("SIZE", right=True),
        Column("STORED"),
        Column("SHA-256"),
    ]
    rows = [
        (
            # Commands take it without the word, too.
            one.artifact_ref.partition(":")[2],
            one.kind,
            Styled("missing", "bad") if one.body_missing else size(one.size_bytes),
            pen.when(one.created_at),
            (one.hash_value or "")[:12],
        )
        for one in found
    ]
    lines = table(columns, rows, pen)
    if total > len(found):
        lines.append(pen.paint(f"{counted(total - len(found), 'more artifact')}; --limit N", "dim"))
    return lines
