"""The entry points of the command line for scripts written against 1.0."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta

__all__ = ["build_parser", "main", "run_cli"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_cli(argv)


def run_cli(argv: Sequence[str] | None = None, *, prog: str = "contexta") -> int:
    """Run one command and return its exit code.

    Args:
        argv: arguments without the name of the program; by default those of the process.
        prog: name shown in usage texts.

    Raises:
        SystemExit: 2, wrong usage; 0, help was asked for.
    """
    from contexta.cli import _main

    code = _main.run_cli(argv, prog=prog, resolve=_resolve)
    if code == _main.USAGE:
        raise SystemExit(code)
    return code


def build_parser(*, prog: str = "contexta") -> argparse.ArgumentParser:
    """Return an argparse parser of all commands.

    A parsed namespace has ``handler``: called with the namespace, it runs the command and
    returns the exit code.
    """
    from contexta.cli._argparse import parser_of

    return parser_of(prog, run_cli)


def _resolve(args: Any) -> Contexta:
    # Looked up at each call: tests replace the name in this module.
    return _resolve_context(args)


def _resolve_context(args: Any) -> Contexta:
    """Open the workspace that the options in ``args`` name.

    Every command that needs a workspace gets it from here.

    Args:
        args: any object with the attributes ``workspace``, ``profile``, ``config``, ``set``.
    """
    from contexta.cli._state import open_context

    return open_context(args)
