"""``contexta migrate``: bring the ledger of an earlier release to the form of this one."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable


@click.command("migrate")
@click.option("--apply", "do_it", is_flag=True, help="Do it; asks before.")
@yes_option
@global_options
@click.pass_obj
def migrate(state: State, do_it: bool, yes: bool) -> None:
    """Bring the ledger of an earlier release to the form of this one.

    Close the workspace everywhere first. A copy of the ledger is kept; each step is one
    transaction. There is no way back but the copy.
    """
    from contexta.store.metadata import migrate_for, plan_migration_for

    state.root()
    settings = state.config.metadata
    plan = plan_migration_for(settings)
    lines = list(_plan_lines(plan))
    facts: dict[str, Any] = {
        "current_version": plan.current_version,
        "target_version": plan.target_version,
        "requires_migration": plan.requires_migration,
        "changed": False,
    }
    if not plan.requires_migration or not do_it:
        hint = ["Nothing was changed. Do it: --apply"] if plan.requires_migration else []
        show(state, facts, lambda: [*lines, *hint])
        return
    show_plan(state, lines)
    confirm(state, "Migrate the ledger?", yes=yes, plan=lines)
    result = migrate_for(settings)
    backup = getattr(result, "backup_path", None)
    facts |= {
        "changed": result.changed,
        "warnings": list(result.warnings),
        "backup_path": None if backup is None else str(backup),
    }
    show(
        state,
        facts,
        lambda: [
            f"The ledger is at version {printable(plan.target_version)}",
            *([] if backup is None else [f"The ledger before: {printable(backup)}"]),
            *(f"Warning: {printable(line)}" for line in result.warnings),
        ],
    )


def _plan_lines(plan: Any) -> Iterator[str]:
    if not plan.requires_migration:
        yield f"The ledger is at version {printable(plan.current_version)}; nothing to do."
        return
    yield (f"From version {printable(plan.current_version)} to {printable(plan.target_version)}:")
    for step in plan.steps:
        yield f"  - {printable(getattr(step, 'description', None) or step)}"
