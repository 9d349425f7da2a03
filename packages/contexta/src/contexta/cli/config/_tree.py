"""The group ``contexta config``."""

import click

from contexta.cli._group import CONTEXT, LazyGroup, global_options


@click.group(
    "config",
    cls=LazyGroup,
    context_settings=CONTEXT,
    lazy={"show": ("config._show:show_", "Show the settings, and where each came from.")},
)
@global_options
def config() -> None:
    """The settings."""
