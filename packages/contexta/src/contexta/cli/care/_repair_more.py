"""``contexta repair undo``, ``supply`` and ``accept-log``."""

from typing import Any

import click

from contexta.cli._confirm import confirm, require_document, show_plan, yes_option
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted


@click.command("undo")
@click.argument("repair_id", metavar="REPAIR")
@yes_option
@global_options
@click.pass_obj
def undo(state: State, repair_id: str, yes: bool) -> None:
    """Take a repair of the ledger back: its rows return byte by byte, damage and all."""
    store = state.open(write=True).metadata_store
    plan = store.undo_repairs(repair_id)
    lines = [f"{one.action}: {one.ref or one.table}" for one in plan.changes]
    show_plan(state, lines)
    confirm(state, f"Take {counted(len(lines), 'change')} back?", yes=yes, plan=lines)
    done = store.undo_repairs(repair_id, dry_run=False)
    result = {"repair_id": repair_id, "changed": done.changed, "changes": len(done.changes)}
    show(state, result, lambda: [f"Took {counted(len(done.changes), 'change')} back"])


@click.command("supply")
@click.argument("path", metavar="PATH")
@global_options
@click.pass_obj
def supply(state: State, path: str) -> None:
    """Mend a damaged or lost part of the record plane with a right copy, as from a backup.

    The copy counts only when its SHA-256 is the one that the store wrote down.
    """
    require_document(state)
    part = state.open(write=True).record_store.supply_part(path)
    show(state, {"part": part, "source": path}, lambda: [f"Mended {printable(part)}"])


@click.command("accept-log")
@yes_option
@global_options
@click.pass_obj
def accept_log(state: State, yes: bool) -> None:
    """Accept that the log of the ledger lost confirmed writes (`metadata_log_damaged`).

    Restore a backup instead, if there is one. The damaged log is kept aside.
    """
    from contexta.store.metadata import accept_damaged_log

    state.root()
    confirm(state, "Go on without the writes that the damaged log held?", yes=yes)
    kept: Any = accept_damaged_log(state.config.metadata)
    result = {"kept": None if kept is None else str(kept)}
    show(
        state,
        result,
        lambda: [
            "The ledger can be opened again; what the log held is lost.",
            *([] if kept is None else [f"The damaged log: {printable(kept)}"]),
        ],
    )
