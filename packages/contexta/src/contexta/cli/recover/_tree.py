"""The groups ``contexta recover``, ``recover dead-letters`` and ``recover outbox``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "recover",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "rehearse": ("recover._rehearse:rehearse", "Restore a backup to a scratch folder and ask."),
        "replay": ("recover._replay:replay", "Read the stored records, and say what is missing."),
        "salvage": ("recover._salvage:salvage", "Make a new workspace of what can be read."),
    },
)
@global_options
def recover() -> None:
    """Find out what is left, and get it back."""


@recover.group(
    "dead-letters",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "discard": ("recover._dead_letters:discard", "Remove dead letters for good."),
        "list": ("recover._dead_letters:list_", "List the deliveries that were given up."),
        "retry": ("recover._dead_letters:retry", "Put dead letters back into the outbox."),
    },
)
@global_options
def dead_letters() -> None:
    """Deliveries to sinks that were given up."""


@recover.group(
    "outbox",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={
        "list": ("recover._outbox:list_", "List the deliveries that wait."),
        "replay": ("recover._outbox:replay", "Deliver what waits."),
    },
)
@global_options
def outbox() -> None:
    """Deliveries to sinks that failed and wait."""
