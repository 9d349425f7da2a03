"""The group ``contexta backup``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "backup",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "create": ("backup._create:create", "Back up the workspace."),
        "diff": ("backup._diff:diff", "Show how one backup differs from another."),
        "key": ("backup._key:key", "Make a key file for encrypted backups."),
        "list": ("backup._list:list_", "List the backups."),
        "prune": ("backup._prune:prune", "Remove the backups that a rule does not keep."),
        "pull": ("backup._pull:pull", "Fetch a backup from a bucket or another place."),
        "push": ("backup._push:push", "Send a backup to a bucket or another place."),
        "verify": ("backup._verify:verify", "Read every byte of backups."),
    },
)
@global_options
def backup() -> None:
    """Make, list, verify, compare, send, fetch and prune backups."""
