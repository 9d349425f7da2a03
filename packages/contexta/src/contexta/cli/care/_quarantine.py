"""``contexta quarantine``: files that repairs put aside."""

from typing import TYPE_CHECKING, Any

import click

from contexta.cli._confirm import confirm, require_document, show_plan, yes_option
from contexta.cli._draw import Column, size, table
from contexta.cli._group import CONTEXT, LazyGroup, global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.contract.errors import NotFoundError

if TYPE_CHECKING:
    from contexta.client import Contexta


@click.group("quarantine", cls=LazyGroup, context_settings=CONTEXT)
@global_options
def quarantine() -> None:
    """Files that repairs put aside: records and artifacts."""


@quarantine.command("list")
@global_options
@click.pass_obj
def list_(state: State) -> None:
    """List what was put aside, and why."""
    rows = _items(state.open())
    show(state, {"quarantine": rows}, lambda: _lines(rows, state), rows=lambda: rows)


@quarantine.command("restore")
@click.argument("item", metavar="ID")
@global_options
@click.pass_obj
def restore(state: State, item: str) -> None:
    """Move a body of an artifact back to its place.

    A damaged one is refused.
    """
    require_document(state)
    path = state.open(write=True).artifact_store.restore_quarantined(item)
    show(state, {"id": item, "path": str(path)}, lambda: [f"Restored {printable(path)}"])


@quarantine.command("release")
@click.argument("items", metavar="ID...", nargs=-1, required=True)
@yes_option
@global_options
@click.pass_obj
def release(state: State, items: tuple[str, ...], yes: bool) -> None:
    """Remove files from quarantine for good."""
    known = {row["id"]: row for row in _items(state.open())}
    missing = [item for item in items if item not in known]
    if missing:
        raise NotFoundError(
            f"not in quarantine: {', '.join(missing)}; `contexta quarantine list` names what is",
            code="quarantine_item_unknown",
            details={"ids": missing},
        )
    lines = _lines([known[item] for item in items], state)
    show_plan(state, lines)
    confirm(state, f"Remove {counted(len(items), 'file')} for good?", yes=yes, plan=list(items))
    ctx = state.open(write=True)
    for item in items:
        if known[item]["plane"] == "records":
            ctx.record_store.release_quarantine(item, confirmed=True)
        else:
            ctx.artifact_store.release_quarantined(item)
    freed = sum(known[item]["size_bytes"] for item in items)
    show(
        state,
        {"released": list(items), "freed_bytes": freed},
        lambda: [f"Removed {counted(len(items), 'file')}, {size(freed)}"],
    )


def _items(ctx: "Contexta") -> list[dict[str, Any]]:
    records = [
        {
            "plane": "records",
            "id": one.name,
            "size_bytes": one.size,
            "origin": one.origin,
            "reason": one.reason,
            "at": one.quarantined_at,
        }
        for one in ctx.record_store.list_quarantine()
    ]
    artifacts = [
        {
            "plane": "artifacts",
            "id": one.entry_id,
            "size_bytes": one.size_bytes,
            "origin": one.original_path,
            "reason": one.reason,
            "at": one.quarantined_at,
        }
        for one in ctx.artifact_store.list_quarantine()
    ]
    return [*records, *artifacts]


def _lines(rows: list[dict[str, Any]], state: State) -> list[str]:
    if not rows:
        return ["nothing is in quarantine"]
    pen = state.pen
    cells = [
        (
            row["id"],
            row["plane"],
            size(row["size_bytes"]),
            pen.when(row["at"]),
            row["origin"],
            row["reason"],
        )
        for row in rows
    ]
    columns = [
        Column("ID", middle=True),
        Column("PLANE"),
        Column("SIZE", right=True),
        Column("WHEN"),
        Column("FROM", middle=True),
        Column("WHY"),
    ]
    return table(columns, cells, pen)
