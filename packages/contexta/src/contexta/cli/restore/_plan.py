"""``contexta restore plan``: what a restore would change, without changing it."""

from typing import Any

import click

from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.restore._options import plan_dict, planned, restore_options


@click.command("plan")
@restore_options
@global_options
@click.pass_obj
def plan(state: State, /, backup: str, **options: Any) -> None:
    """Say what restoring a backup would change.

    BACKUP is a name of `contexta backup list` or a path. Nothing is changed.
    """
    found = planned(state, backup, **options)
    show(
        state,
        plan_dict(found),
        lambda: [printable(line) for line in found.describe().split("\n")],
    )
