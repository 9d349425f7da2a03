"""``contexta erased``: what went on purpose, and when."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State

_MOST = 50


@click.command("erased")
@click.option("--sweep", is_flag=True, help="Also take deleted bytes out of the ledger's files.")
@global_options
@click.pass_obj
def erased(state: State, sweep: bool) -> int:
    """Show what was erased, deleted or aged out: how many, when and why."""
    swept = None
    if sweep:
        swept = state.open(write=True).metadata_store.remove_deleted_bytes()
    ctx = state.open()
    records: list[dict[str, Any]] = [
        {
            "what": f"{one.count} {one.record_type or 'records'}",
            "where": one.project,
            "reason": one.reason,
            "at": one.erased_at,
            "subjects": list(one.subjects),
        }
        for one in ctx.record_store.erased()
    ]
    rows: list[dict[str, Any]] = [
        {"what": one.ref, "where": "ledger", "reason": one.reason, "at": one.deleted_at}
        for one in ctx.metadata_store.list_tombstones()
    ]
    artifacts: list[dict[str, Any]] = [
        {"what": one.artifact_ref, "where": "artifacts", "reason": one.reason, "at": one.removed_at}
        for one in ctx.artifact_store.list_tombstones()
    ]
    result = {"records": records, "ledger": rows, "artifacts": artifacts, "swept": swept}
    flat = [*records, *rows, *artifacts]
    show(state, result, lambda: _lines(flat, swept, state), rows=lambda: flat)
    return 1 if swept is False else 0


def _lines(flat: list[dict[str, Any]], swept: bool | None, state: State) -> Iterator[str]:
    pen = state.pen
    if not flat:
        yield "nothing was erased or deleted"
    else:
        cells = [
            (one["what"], one["where"], pen.when(one["at"]), one["reason"]) for one in flat[-_MOST:]
        ]
        columns = [Column("WHAT", middle=True), Column("WHERE"), Column("WHEN"), Column("WHY")]
        yield from table(columns, cells, pen)
        if len(flat) > _MOST:
            yield pen.paint(f"and {len(flat) - _MOST} older; --format json has all", "dim")
    if swept is True:
        yield "No deleted byte is left in the files of the ledger."
    if swept is False:
        yield "A reader is in the way, or the ledger is on a server; try again later."
