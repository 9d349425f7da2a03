"""The entry points, which load nothing: Ctrl-C is answered well before the program is there."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta

INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def main() -> None:
    """Run the command line of this process, then exit."""
    try:
        code = run_cli()
    except KeyboardInterrupt:  # while modules were loaded, or files closed
        code = INTERRUPTED
    sys.exit(code)


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
    from contexta.cli._main import run_cli as run

    return run(argv, prog=prog, resolve=resolve)
