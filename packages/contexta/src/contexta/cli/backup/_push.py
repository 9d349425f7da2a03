"""``contexta backup push``: send a backup to a bucket or another place."""

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
from contexta.cli.backup._refs import backup_ref, key_option, nearest_named, outcome_lines


@click.command("push")
@click.argument("backup", metavar="BACKUP")
@click.argument("url", metavar="URL")
@click.option("--no-read-back", is_flag=True, help="Do not read what was sent back to compare it.")
@key_option
@global_options
@click.pass_obj
def push(state: State, backup: str, url: str, no_read_back: bool, key_file: str | None) -> None:
    """Verify a backup and send it to URL as one archive.

    URL is a prefix in a bucket or a folder, such as s3://bucket/backups or
    file:///mnt/disk/backups. What was sent is read back and compared. Nothing there is
    overwritten; a push that was interrupted is made again by the same call.

    Credentials and endpoints come from where the library of the store looks for them, such as
    AWS_PROFILE and AWS_ENDPOINT_URL for s3://.
    """
    require_document(state)
    from contexta.recovery import push_backup

    with nearest_named(state, backup), following(state, "push") as tell:
        sent = push_backup(
            state.config,
            backup_ref(backup),
            url,
            key_file=key_file,
            read_back=not no_read_back,
            progress=tell,
        )
    show(state, sent, lambda: _lines(sent))


def _lines(sent: Any) -> Iterator[str]:
    if sent.already_there:
        yield f"Already there: {printable(sent.backup_ref)}, {size(sent.size_bytes)}"
    else:
        proof = ", read back and the same" if sent.read_back else ", not read back"
        yield f"Sent {printable(sent.backup_ref)}: {size(sent.size_bytes)}{proof}"
    yield f"  {printable(sent.url)}"
    yield from outcome_lines(sent)
