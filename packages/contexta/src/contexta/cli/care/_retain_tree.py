"""The group ``contexta retain``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "retain",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "artifacts": ("care._retain_artifacts:artifacts", "Remove old or too many artifacts."),
        "records": ("care._retain_records:records", "Remove records by age."),
        "runs": ("care._retain_runs:runs", "Delete finished runs by age or number."),
    },
)
@global_options
def retain() -> None:
    """Let go of what is old; without --apply, only say what would go.

    Open and deployed runs, and what others rest on, always stay.
    """
