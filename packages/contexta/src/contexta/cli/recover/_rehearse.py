"""``contexta recover rehearse``: restore a backup beside the workspace and compare answers."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import backup_ref, key_option, nearest_named

_MOST = 20


@click.command("rehearse")
@click.argument("backup", metavar="[BACKUP]", required=False)
@key_option
@global_options
@click.pass_obj
def rehearse(state: State, backup: str | None, key_file: str | None) -> int:
    """Restore a backup to a scratch folder, ask it, and compare with the answers of now.

    BACKUP is a name of `contexta backup list` or a path; without one, the newest. The workspace
    is only read, and the scratch folder is removed. The exit code is 1 when the backup does not
    verify or an answer differs.
    """
    ctx = state.open()
    text = backup if backup is not None else _newest(state)
    with nearest_named(state, text), following(state, "rehearsal") as tell:
        result = ctx.rehearse_restore(backup_ref(text), key_file=key_file, progress=tell)
    show(state, result, lambda: _lines(result))
    return 0 if result.ok else 1


def _newest(state: State) -> str:
    from contexta.contract.errors import NotFoundError
    from contexta.recovery import list_backups

    known = [one.backup_ref for one in list_backups(state.config) if one.problem is None]
    if not known:
        raise NotFoundError(
            f"there are no backups in {state.config.recovery.backup_root}; make one with "
            "`contexta backup create`",
            code="backup_none",
            details={"backup_root": str(state.config.recovery.backup_root)},
        )
    return known[-1]


def _lines(result: Any) -> Iterator[str]:
    name = printable(result.backup_ref)
    asked = f"{counted(result.question_count, 'question')} about {counted(result.run_count, 'run')}"
    if result.ok:
        yield f"Backup {name} can be restored: {asked}, every answer is the same"
    elif result.status == "FAILURE":
        yield f"Backup {name} does NOT verify"
    else:
        yield f"Backup {name}: {asked}; {counted(len(result.differences), 'answer')} DIFFER"
    for one in result.differences[:_MOST]:
        yield f"  {printable(one.line)}"
    if len(result.differences) > _MOST:
        yield f"  and {len(result.differences) - _MOST} more; --format json has all"
    if result.changed_runs:
        yield f"  Changed since, so not asked about: {counted(len(result.changed_runs), 'run')}"
    if result.deleted_runs:
        yield f"  Deleted since: {counted(len(result.deleted_runs), 'run')}"
    if not result.differences:
        yield from (f"Warning: {printable(line)}" for line in result.warnings[:_MOST])
