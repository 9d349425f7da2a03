"""Which backup a word of the command line means, and options that several commands share."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.contract.errors import RecoveryError

_NOT_FOUND = "recovery_backup_not_found"


def backup_ref(text: str) -> str | Path:
    """Return a path for what looks like one or exists, else the name of a backup."""
    if os.sep in text or text.endswith((".tar", ".zip")) or Path(text).exists():
        return Path(text).absolute()
    return text


def key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--key-file``."""
    return click.option(
        "--key-file",
        metavar="PATH",
        help="Key of encrypted backups. Default: the setting recovery.backup_key_file.",
    )(command)


@contextmanager
def nearest_named(state: State, text: str) -> Iterator[None]:
    """Name the backups that were probably meant, if the one asked for is not there."""
    try:
        yield
    except RecoveryError as error:
        if error.code != _NOT_FOUND:
            raise
        from contexta.recovery import list_backups

        known = [one.backup_ref for one in list_backups(state.config)]
        raise _with_nearest(error, text, known) from error


@contextmanager
def nearest_remote(url: str, text: str) -> Iterator[None]:
    """Name the backups elsewhere that were probably meant, if the one asked for is not there."""
    try:
        yield
    except RecoveryError as error:
        if error.code != _NOT_FOUND:
            raise
        from contexta.recovery import list_remote_backups

        known = [one.backup_ref for one in list_remote_backups(url) if one.complete]
        raise _with_nearest(error, text, known) from error


def _with_nearest(error: RecoveryError, text: str, known: list[str]) -> RecoveryError:
    near = get_close_matches(Path(text).name, known, n=3, cutoff=0.3) or known[-3:]
    hint = f"nearest: {', '.join(map(printable, near))}" if near else "there are none"
    return type(error)(
        f"there is no backup {text!r}; {hint}",
        code=_NOT_FOUND,
        details={**dict(error.details or {}), "nearest": near},
    )


def remote_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--remote``."""
    return click.option(
        "--remote", metavar="URL", help="Those at a URL, such as s3://bucket/backups."
    )(command)


def outcome_lines(result: Any) -> Iterator[str]:
    """Yield the warnings of a result of recovery, a line each."""
    for line in result.warnings:
        yield f"Warning: {printable(line)}"
