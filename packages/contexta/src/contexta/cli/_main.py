"""The entry point: run a command, turn whatever ends it into output and an exit code."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import click

from contexta.cli._group import cli
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.contract.errors import ContextaError

_FAILURE, _USAGE = 1, 2


def main() -> None:
    """Run the command line of this process, then exit."""
    sys.exit(run_cli())


def run_cli(argv: Sequence[str] | None = None, *, prog: str = "contexta") -> int:
    """Run one command and return its exit code.  Never raises, for any input.

    Args:
        argv: arguments without the name of the program; by default those of the process.
        prog: name shown in usage texts.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    state = State()
    if "--format=json" in arguments or ("--format", "json") in pairwise(arguments):
        # Known before parsing, so that a parse error has the form that was asked for.
        state.format = "json"
    if sys.stdout is None:
        _say(state, "stdout_closed", "stdout is closed, so there is no place for a result", None)
        return _FAILURE
    try:
        cli.main(arguments, prog_name=prog, standalone_mode=False, obj=state)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        return _usage(error, state)
    except (click.Abort, KeyboardInterrupt):
        _say(state, "interrupted", "stopped by the user", None)
        return _FAILURE
    except BrokenPipeError:
        # The reader, such as `head`, has what it wanted; flushing again at exit must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILURE
    except ContextaError as error:
        return _failed(error, state)
    except Exception as error:
        return _broken(error, state)
    finally:
        state.close()
    return 0


def _usage(error: click.UsageError, state: State) -> int:
    hint = f"; see `{error.ctx.command_path} --help`" if error.ctx is not None else ""
    _say(state, "usage", f"{error.format_message()}{hint}", None)
    return _USAGE


def _failed(error: ContextaError, state: State) -> int:
    shown = error.to_dict()
    _say(state, error.code, error.message, shown["details"])
    _trace(state)
    return error.exit_code


def _broken(error: Exception, state: State) -> int:
    message = f"{type(error).__name__}: {error}; run again with --debug to see where"
    _say(state, "internal_error", message, None)
    _trace(state)
    return _FAILURE


def _trace(state: State) -> None:
    if state.debug:
        click.echo(printable(traceback.format_exc(), keep_lines=True), err=True)


def _say(state: State, code: str, message: str, details: dict[str, Any] | None) -> None:
    if state.wants_json:
        shown = {"error": {"code": code, "message": message, "details": details}}
        click.echo(json.dumps(shown, indent=2, sort_keys=True), err=True)
    else:
        click.echo(f"ERROR [{code}]: {printable(message, keep_lines=True)}", err=True)
