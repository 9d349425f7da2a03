"""The tree of commands, loaded on use, with the global options on every level."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from contexta.cli._state import State

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group whose commands are import paths until somebody calls them."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = self._lazy.get(cmd_name)
        if path is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = path.partition(":")
        command: click.Command = getattr(import_module(f"contexta.cli.{module}"), name)
        return command


def global_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--workspace``, ``--format`` and ``--debug`` to a command or group."""
    options = (
        click.option(
            "--workspace",
            metavar="PATH",
            help="The workspace folder. Default: as configured, else .contexta of the project.",
            expose_value=False,
            callback=_remember,
        ),
        click.option(
            "--format",
            type=click.Choice(["text", "json"]),
            help="Text for people or JSON for programs.",
            expose_value=False,
            is_eager=True,
            callback=_remember,
        ),
        click.option(
            "--debug",
            is_flag=True,
            default=None,
            help="Show where an error happened.",
            expose_value=False,
            callback=_remember,
            is_eager=True,
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    state = context.find_object(State)
    if value is not None and state is not None and option.name is not None:
        setattr(state, option.name, value)


def _version(context: click.Context, _option: click.Parameter, value: Any) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"contexta {version('contexta')}")
        context.exit()


@click.group(
    cls=LazyGroup,
    context_settings=_CONTEXT,
    lazy={"compare": "_compare:compare", "runs": "_runs:runs"},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
@global_options
def cli() -> None:
    """Ask a Contexta workspace what was run, on what, and what came out."""


@cli.group("run", cls=LazyGroup, context_settings=_CONTEXT, lazy={"show": "_run_show:show"})
@global_options
def run() -> None:
    """Look at one run."""


@cli.group(
    "report", cls=LazyGroup, context_settings=_CONTEXT, lazy={"snapshot": "_report:snapshot"}
)
@global_options
def report() -> None:
    """Write reports."""
