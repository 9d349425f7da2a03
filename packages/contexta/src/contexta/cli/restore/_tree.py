"""The group ``contexta restore``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "restore",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "apply": ("restore._apply:apply", "Restore a backup."),
        "load-ledger": ("restore._load_ledger:load_ledger", "Put a restored ledger on a server."),
        "plan": ("restore._plan:plan", "Say what restoring a backup would change."),
    },
)
@global_options
def restore() -> None:
    """Bring a backup back."""
