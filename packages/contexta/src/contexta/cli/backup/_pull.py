"""``contexta backup pull``: fetch a backup from a bucket or another place."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import size
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.backup._refs import key_option, nearest_remote, outcome_lines


@click.command("pull")
@click.argument("url", metavar="URL")
@click.argument("backup", metavar="BACKUP")
@key_option
@global_options
@click.pass_obj
def pull(state: State, url: str, backup: str, key_file: str | None) -> None:
    """Fetch a backup from URL, verify it, and put it among the backups.

    BACKUP is a name of `contexta backup list --remote URL`. The workspace need not exist. An
    interrupted pull is made again by the same call.
    """
    require_document(state)
    from contexta.recovery import pull_backup

    with nearest_remote(url, backup), following(state, "pull") as tell:
        fetched = pull_backup(state.config, url, backup, key_file=key_file, progress=tell)
    show(state, fetched, lambda: _lines(fetched))


def _lines(fetched: Any) -> Iterator[str]:
    name = printable(fetched.backup_ref)
    if fetched.already_here:
        yield f"Already here: {name}, {size(fetched.size_bytes)}"
    else:
        yield f"Fetched {name}: {size(fetched.size_bytes)}, every byte is what was written"
    yield f"  {printable(fetched.location)}"
    yield from outcome_lines(fetched)
    yield f"See what it would restore: contexta restore plan {name}"
