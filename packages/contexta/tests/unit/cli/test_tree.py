"""The tree of commands as a whole: names, help, parameters."""

from collections.abc import Iterator

import click
import pytest

from contexta.cli._group import LazyGroup, cli

OF_1_0 = [
    "aggregate",
    "alert",
    "anomaly",
    "artifact put",
    "artifact register",
    "backup create",
    "compare",
    "compare-multi",
    "diagnostics",
    "export csv anomaly",
    "export csv compare",
    "export csv runs",
    "export csv trend",
    "export html",
    "lineage",
    "provenance audit",
    "provenance diff",
    "recover replay",
    "report compare",
    "report snapshot",
    "restore apply",
    "run compare",
    "run compare-many",
    "run diagnose",
    "run list",
    "run show",
    "runs",
    "search artifacts",
    "search runs",
    "serve http",
    "trend",
]


def _walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))


TREE = dict(_walk(cli))


def test_every_command_of_1_0_is_there():
    """And none of them became a group."""
    assert [name for name in OF_1_0 if name not in TREE] == []
    assert [name for name in OF_1_0 if isinstance(TREE[name], click.Group)] == []


@pytest.mark.parametrize("name", sorted(TREE))
def test_every_command_and_option_has_help(name):
    """One sentence at least, for each."""
    command = TREE[name]

    silent = [
        param.opts[-1]
        for param in command.params
        if isinstance(param, click.Option) and not param.help
    ]
    assert command.help
    assert silent == []


@pytest.mark.parametrize("name", sorted(TREE))
def test_every_command_takes_the_global_options(name):
    """People type them anywhere."""
    options = {text for param in TREE[name].params for text in param.opts}

    assert {"--workspace", "--format", "--quiet", "--debug", "--set"} <= options


def test_the_list_of_commands_says_what_their_own_help_says():
    """It is written beside the path of the command, so that the list loads nothing."""
    wrong = []
    for name in ("", "run", "search", "provenance"):
        command = TREE[name] if name else cli
        assert isinstance(command, LazyGroup)
        for child, entry in command._lazy.items():
            own = TREE[f"{name} {child}".strip()].help or ""
            first = " ".join(own.split("\n\n")[0].split())
            if isinstance(entry, tuple) and _start(entry[1]) != _start(first):
                wrong.append((name, child, entry[1], first))

    assert wrong == []


def _start(text: str) -> list[str]:
    """The verb: the list may be shorter than the command's own sentence."""
    return [word.strip(".,:") for word in text.split()[:1]]
