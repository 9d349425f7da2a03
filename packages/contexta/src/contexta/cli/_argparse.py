"""The tree of commands as an argparse parser, for scripts that ask for one."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import click

from contexta.cli._group import cli

Run = Callable[[Sequence[str]], int]


def parser_of(prog: str, run: Run) -> argparse.ArgumentParser:
    """Build the parser; ``handler`` of its namespaces gives their arguments to ``run``."""
    parser = argparse.ArgumentParser(prog=prog, description=cli.help)
    context = click.Context(cli, info_name=prog)
    _add_parameters(parser, cli, top=True)
    _add_commands(parser, cli, context, (), run)
    return parser


def _add_commands(
    parser: argparse.ArgumentParser,
    group: click.Group,
    context: click.Context,
    path: tuple[str, ...],
    run: Run,
) -> None:
    dest = "command" if not path else f"{path[-1]}_command"
    below = parser.add_subparsers(dest=dest, required=True, metavar="COMMAND")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        short = command.get_short_help_str().replace("%", "%%")
        child = below.add_parser(name, help=short, description=command.help)
        _add_parameters(child, command, top=False)
        if isinstance(command, click.Group):
            _add_commands(child, command, context, (*path, name), run)
        else:
            handler = partial(_handle, (*path, name), command, run)
            child.set_defaults(handler=handler)


def _add_parameters(parser: argparse.ArgumentParser, command: click.Command, *, top: bool) -> None:
    for param in command.params:
        if isinstance(param, click.Argument):
            nargs = {-1: "+" if param.required else "*"}.get(param.nargs)
            if nargs is None and not param.required:
                nargs = "?"
            extra: dict[str, Any] = {} if nargs is None else {"nargs": nargs}
            parser.add_argument(param.name, type=_converter(param), **extra)
        elif isinstance(param, click.Option):
            _add_option(parser, param, top=top)


def _add_option(parser: argparse.ArgumentParser, option: click.Option, *, top: bool) -> None:
    # A default below would hide what was given before the command.
    given: dict[str, Any] = {"dest": option.name}
    given["default"] = None if top or option.expose_value else argparse.SUPPRESS
    if option.is_flag:
        given["action"] = "store_true"
        for name in option.secondary_opts:
            parser.add_argument(name, dest=f"no_{option.name}", action="store_true", default=None)
    else:
        given["type"] = _converter(option)
        if isinstance(option.type, click.Choice):
            given["choices"] = list(option.type.choices)
        if option.multiple:
            given["action"] = "append"
    parser.add_argument(*option.opts, help=(option.help or "").replace("%", "%%"), **given)


def _converter(param: click.Parameter) -> Callable[[str], Any]:
    if isinstance(param.type, click.types.IntParamType):
        return int
    return float if isinstance(param.type, click.types.FloatParamType) else str


def _handle(
    path: tuple[str, ...], command: click.Command, run: Run, namespace: argparse.Namespace
) -> int:
    """Run the command that a namespace describes."""
    return run([*path, *_arguments(command, namespace)])


def _arguments(command: click.Command, namespace: argparse.Namespace) -> Iterator[str]:
    """The namespace as arguments again, so that there is one way to run a command."""
    positional: list[str] = []
    for param in command.params:
        value = getattr(namespace, str(param.name), None)
        if isinstance(param, click.Argument):
            values = value if isinstance(value, list) else [] if value is None else [value]
            positional += [str(one) for one in values]
        elif isinstance(param, click.Option):
            if getattr(namespace, f"no_{param.name}", None):
                yield param.secondary_opts[0]
            if param.is_flag:
                if value:
                    yield param.opts[-1]
            elif value is not None:
                for one in value if isinstance(value, list) else [value]:
                    yield f"{param.opts[-1]}={one}"
    yield "--"
    yield from positional
