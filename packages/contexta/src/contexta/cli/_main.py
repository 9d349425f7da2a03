"""The entry point: run a command, turn whatever ends it into output and an exit code."""

import errno
import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._entry import INTERRUPTED
from contexta.cli._group import cli, completes
from contexta.cli._options import FORMATS
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._ways_out import in_commands, in_words

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.contract.errors import ContextaError

USAGE = 2
_FAILURE = 1
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
# A word of 10 kB in a message would push the message off the screen.
_ENDLESS = re.compile(r"(\S{200})\S{200,}(\S{60})")


def run_cli(
    argv: Sequence[str] | None = None,
    *,
    prog: str = "contexta",
    resolve: "Callable[[Any], Contexta] | None" = None,
) -> int:
    """Run one command and return its exit code.  Never raises, for any input.

    Args:
        argv: arguments without the name of the program; by default those of the process.
        prog: name shown in usage texts.
        resolve: makes the workspace of a command from its options; by default it is opened.
    """
    arguments = [str(one) for one in (sys.argv[1:] if argv is None else argv)]
    state = State(resolve)
    # Known before parsing, so that a parse error has the form that was asked for.
    state.format = _format_in(arguments)
    if sys.stdout is None:
        _say(state, "stdout_closed", "stdout is closed, so there is no place for a result", None)
        return _FAILURE
    _let_through(sys.stdout)
    _let_through(sys.stderr)
    try:
        if completes():
            from contexta.cli._completing import teach

            teach(cli)
        code = cli.main(arguments, prog_name=prog, standalone_mode=False, obj=state)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BaseException as error:  # the one place where everything ends
        return _ended(error, state)
    finally:
        _close(state)


def _ended(error: BaseException, state: State) -> int:
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else _FAILURE
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return _no_command(error, state)
    if isinstance(error, click.UsageError):
        return _usage(error, state)
    if isinstance(error, click.ClickException):
        _say(state, "failed", error.format_message(), None)
        return error.exit_code
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        if not state.quiet:
            _say(state, "interrupted", "stopped by the user", None)
        return INTERRUPTED if _by_signal(error) else _FAILURE
    if isinstance(error, BrokenPipeError):
        _drop_stdout()  # the reader, such as `head`, has what it wanted
        return _FAILURE
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        # The stores say themselves what they could not write, so this was stdout.
        _drop_stdout()
        message = f"the result could not be written to stdout: {error.strerror}; make room, or use "
        _say(state, "stdout_failed", f"{message}another file", None)
        return _FAILURE
    return _failed(error, state)


def _by_signal(error: BaseException) -> bool:
    """Whether Ctrl-C ended it; click makes the same error of that and of the answer no."""
    return any(isinstance(one, KeyboardInterrupt) for one in (error, error.__context__))


def _drop_stdout() -> None:
    """Let what is left of the output go nowhere: flushing it again at exit must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: BaseException, state: State) -> int:
    from contexta.contract.errors import ContextaError

    if isinstance(error, ContextaError):
        return _refused(error, state)
    message = f"{type(error).__name__}: {error}; run again with --debug to see where"
    _say(state, "internal_error", message, None)
    _trace(error, state)
    return _FAILURE


def _no_command(error: click.exceptions.NoArgsIsHelpError, state: State) -> int:
    if state.wants_json:
        _say(state, "usage", "a command is missing", None)
    else:
        click.echo(error.format_message(), err=True)
    return USAGE


def _usage(error: click.UsageError, state: State) -> int:
    hint = f"; see `{error.ctx.command_path} --help`" if error.ctx is not None else ""
    message = in_words(error.format_message())
    message = message.removesuffix(".") if hint else message
    _say(state, "usage", f"{message}{hint}", None)
    return USAGE


def _refused(error: "ContextaError", state: State) -> int:
    shown = error.to_dict()
    _say(state, error.code, in_commands(error.code, error.message), shown["details"])
    _trace(error, state)
    return error.exit_code


def _close(state: State) -> None:
    try:
        state.close()
    except Exception as error:  # the answer is out already; say it and keep the exit code
        state.warn(f"the workspace was not closed cleanly: {error}")


def _trace(error: BaseException, state: State) -> None:
    if state.debug:
        from traceback import format_exception

        shown = "".join(format_exception(error))
        click.echo(printable(shown, keep_lines=True), err=True)


def _say(state: State, code: str, message: str, details: dict[str, Any] | None) -> None:
    if state.form in ("json", "ndjson"):
        import json

        shown = {"error": {"code": code, "message": message, "details": details}}
        click.echo(json.dumps(shown, indent=2, sort_keys=True), err=True)
    else:
        text = _ENDLESS.sub(r"\1…\2", printable(message, keep_lines=True))
        click.echo(f"ERROR [{code}]: {text}", err=True)


def _format_in(arguments: Sequence[str]) -> str | None:
    for name in FORMATS:
        pairs = (("--format", name), ("-f", name))
        if f"--format={name}" in arguments or f"-f{name}" in arguments:
            return name
        if any(pair in pairs for pair in pairwise(arguments)):
            return name
    return None


def _let_through(stream: Any) -> None:
    """Escape what the encoding of a terminal lacks, rather than fail on it."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
