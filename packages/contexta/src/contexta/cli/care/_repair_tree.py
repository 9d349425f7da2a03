"""The group ``contexta repair``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "repair",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "accept-log": ("care._repair_more:accept_log", "Accept that confirmed writes are lost."),
        "apply": ("care._repair_apply:apply", "Mend what can be mended."),
        "plan": ("care._repair_plan:plan", "Say what can be mended, and how."),
        "supply": ("care._repair_more:supply", "Mend a part with a right copy of it."),
        "undo": ("care._repair_more:undo", "Take a repair of the ledger back."),
    },
)
@global_options
def repair() -> None:
    """Mend a damaged workspace, with a copy of whatever is changed."""
