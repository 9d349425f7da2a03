"""``contexta backup verify``: read every byte of backups."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import size
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import (
    backup_ref,
    key_option,
    nearest_named,
    nearest_remote,
    outcome_lines,
    remote_option,
)

_MOST = 20


@click.command("verify")
@click.argument("backups", metavar="[BACKUP]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All backups of the workspace.")
@remote_option
@click.option("--deep", is_flag=True, help="Also open the stores and count what they hold.")
@key_option
@global_options
@click.pass_obj
def verify(
    state: State,
    backups: tuple[str, ...],
    everything: bool,
    remote: str | None,
    deep: bool,
    key_file: str | None,
) -> int:
    """Read every byte of backups and compare it with their manifests.

    BACKUP is a name of `contexta backup list` or a path; without one, the newest. Nothing in
    it is changed. The exit code is 1 when a backup is not what was written.

    With --remote, archives there are read to their end and compared with their data sheets;
    nothing of them is kept.
    """
    if remote is not None and deep:
        raise click.UsageError("--deep opens the stores; pull the backup, then verify it here")
    if remote is not None:
        reports = _remote_reports(state, remote, backups, everything=everything)
    else:
        reports = _reports(state, backups, everything=everything, deep=deep, key_file=key_file)
    damaged = [one.backup_ref for one in reports if not one.ok]
    facts = {"backups": [one.to_dict() for one in reports], "ok": not damaged}
    show(state, facts, lambda: [line for one in reports for line in _lines(one)])
    return 1 if damaged else 0


def _reports(
    state: State, backups: Sequence[str], *, everything: bool, deep: bool, key_file: str | None
) -> list[Any]:
    from contexta.recovery import verify_backup

    reports = []
    for text in _chosen(state, backups, everything=everything):
        with nearest_named(state, text), following(state, "verify") as tell:
            reports.append(
                verify_backup(
                    state.config, backup_ref(text), deep=deep, key_file=key_file, progress=tell
                )
            )
    return reports


def _remote_reports(state: State, url: str, given: Sequence[str], *, everything: bool) -> list[Any]:
    from contexta.recovery import list_remote_backups, verify_remote_backup

    if bool(given) == everything:
        raise click.UsageError("with --remote, name backups or pass --all")
    listed = () if given else list_remote_backups(url)
    names = given or dict.fromkeys(one.backup_ref for one in listed)
    reports = []
    for text in names:
        with nearest_remote(url, text), following(state, "verify") as tell:
            reports.append(verify_remote_backup(url, text, progress=tell))
    return reports


def _chosen(state: State, given: Sequence[str], *, everything: bool) -> Sequence[str]:
    if given and everything:
        raise click.UsageError("name backups or pass --all, not both")
    if given:
        return given
    from contexta.contract.errors import NotFoundError
    from contexta.recovery import list_backups

    # Those whose manifest cannot be trusted come last, and are no answer to "the newest".
    found = list_backups(state.config)
    known = [one.backup_ref for one in found if everything or one.problem is None]
    if not known:
        raise NotFoundError(
            f"there are no backups in {state.config.recovery.backup_root}; make one with "
            "`contexta backup create`",
            code="backup_none",
            details={"backup_root": str(state.config.recovery.backup_root)},
        )
    return known if everything else known[-1:]


def _lines(report: Any) -> Iterator[str]:
    name = printable(report.backup_ref)
    if report.ok:
        files = counted(report.file_count, "file")
        read = size(report.bytes_read)
        yield f"Verified {name}: {files}, {read} read, every byte is what was written"
    else:
        yield f"DAMAGED {name}: {counted(len(report.problems), 'problem')}"
        for one in report.problems[:_MOST]:
            yield f"  {printable(one.kind)}  {printable(one.place)}  {printable(one.message)}"
        if len(report.problems) > _MOST:
            yield f"  and {len(report.problems) - _MOST} more; --format json has all"
    yield from outcome_lines(report) if report.ok else ()
