"""``contexta backup key``: make the key file of encrypted backups."""

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable


@click.command("key")
@click.argument("path", metavar="PATH")
@global_options
@click.pass_obj
def key(state: State, path: str) -> None:
    """Make a key file for encrypted backups; an existing file is never touched.

    Keep a copy where the backups are not: without it nobody can read them.
    """
    require_document(state)
    from contexta.recovery import create_key_file

    key_id = create_key_file(path)
    show(
        state,
        {"key_file": path, "key_id": key_id},
        lambda: [
            f"Wrote key {printable(key_id)} to {printable(path)}",
            "Keep a copy where the backups are not: without it nobody can read them.",
            f"Use it: contexta backup create --key-file {printable(path)}",
        ],
    )
