"""The global options: the same on every level, so that they work before and after a command."""

from collections.abc import Callable
from typing import Any

import click

from contexta.cli._state import State

FORMATS = ("text", "json", "ndjson", "csv")


class GlobalOption(click.Option):
    """An option of every command; only the help of the whole program describes it."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Describe the option, on the top level."""
        return super().get_help_record(ctx) if ctx.parent is None else None


def global_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the global options to a command or group."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _option(*names: str, **rest: Any) -> Callable[..., Any]:
    if rest.get("is_flag"):
        rest["default"] = None  # so that a flag that is not given takes nothing back
    return click.option(*names, cls=GlobalOption, expose_value=False, callback=_remember, **rest)


def _version(context: click.Context, _option: click.Parameter, value: Any) -> None:
    if value and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"contexta {version('contexta')}")
        context.exit()


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    state = context.find_object(State)
    if value is None or value == () or state is None or option.name is None:
        return
    if option.name == "overrides":
        value = (*state.overrides, *value)
    setattr(state, option.name, value)


_OPTIONS = (
    click.option(
        "-V",
        "--version",
        cls=GlobalOption,
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version.",
    ),
    _option(
        "-w",
        "--workspace",
        metavar="PATH",
        help="The workspace folder.  Default: CONTEXTA_WORKSPACE, else the settings, else the "
        ".contexta of this folder or of one above it.",
    ),
    _option("--profile", metavar="NAME", help="Settings to start from: local or test."),
    _option(
        "--config", "config_file", metavar="FILE", help="Settings from this TOML or JSON file."
    ),
    _option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="One setting, such as project_name=vision.  Repeatable; wins over all others.",
    ),
    _option(
        "-f",
        "--format",
        type=click.Choice(FORMATS),
        is_eager=True,
        help="Text for people, JSON for programs; lists also as NDJSON or CSV.",
    ),
    _option("-q", "--quiet", is_flag=True, help="No status lines, no progress."),
    _option("--debug", is_flag=True, is_eager=True, help="Show where an error happened."),
    _option("--no-color", is_flag=True, help="No color; NO_COLOR does the same."),
    _option("--utc", is_flag=True, help="Exact times in UTC instead of relative ones."),
)
