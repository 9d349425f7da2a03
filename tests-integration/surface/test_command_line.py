"""Every command of the tables exists with its options, and answers with its keys."""

import json

import click
import pytest
from _command_tables import GLOBAL, KEYS, LATER, OPTIONS
from _places import missing_keys

from contexta.cli import run_cli
from contexta.cli._group import cli


def command_of(path):
    """The click command of a path of names."""
    command = cli
    for name in path.split():
        command = command.get_command(click.Context(command), name)
        assert command is not None, path
    return command


def options_of(command):
    """Every option of a command, long and short."""
    return {text for option in command.params for text in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("path", OPTIONS)
def test_a_command_takes_its_options_and_the_global_ones(path):
    """No option of the table is missing, and those of the program stand after the command too."""
    command = command_of(path)
    taken = options_of(command) | set(command.get_help_option_names(click.Context(command)))

    assert set() == {*OPTIONS[path].split(), *GLOBAL.split()} - taken


@pytest.mark.parametrize("path", [one.strip() for one in LATER.split(",")])
def test_what_came_later_is_there_and_explains_itself(path, capsys):
    """Each command of later versions shows a help text with its name."""
    code = run_cli([*path.split(), "--help"])

    shown = capsys.readouterr().out
    assert (0, True, True) == (code, path.split()[-1] in shown, len(shown) > 80)


@pytest.mark.parametrize("call", KEYS)
def test_a_result_has_its_keys(call, captured, capsys):
    """The JSON of a command is strict, and has each key of the table."""
    code = run_cli(["--workspace", str(captured), "--format", "json", *call.split()])

    shown = capsys.readouterr()
    assert (0, "") == (code, shown.err)
    answer = json.loads(shown.out, parse_constant=pytest.fail)
    assert [] == missing_keys(answer, KEYS[call])


def test_a_usage_error_is_two_and_an_unknown_run_names_the_nearest(captured, capsys):
    """Wrong usage is told from what is not there, and the way out is shown."""
    codes = [run_cli(["no-such-command"]), run_cli(["run"]), run_cli(["trend"])]
    capsys.readouterr()
    unknown = run_cli(["-w", str(captured), "run", "show", "demo.fitt"])

    shown = capsys.readouterr().err
    assert [2, 2, 2] == codes
    assert (True, True, True) == (
        unknown != 0,
        shown.startswith("ERROR [query_run_not_found]: "),
        "demo.fit" in shown,
    )
