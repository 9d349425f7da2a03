"""``contexta restore apply``: verify a backup, and put it in the place of a workspace."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import confirm, require_document, show_plan, yes_option
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import outcome_lines
from contexta.cli.restore._options import plan_dict, planned, restore_options

_MOST = 20


@click.command("apply")
@restore_options
@click.option("--verify-only", is_flag=True, help="Read every byte; restore nothing.")
@click.option(
    "--accept-damage",
    is_flag=True,
    help="Also a backup that was taken of a damaged workspace.",
)
@yes_option
@global_options
@click.pass_obj
def apply(
    state: State,
    /,
    backup: str,
    verify_only: bool,
    accept_damage: bool,
    yes: bool,
    key_file: str | None,
    **options: Any,
) -> int:
    """Restore a backup.

    BACKUP is a name of `contexta backup list` or a path. Every byte is verified first; then the
    target is backed up; then one exchange of names puts the replacement in place. A backup that
    does not verify changes nothing. The workspace need not exist.
    """
    require_document(state)
    from contexta.recovery import restore_workspace

    plan = planned(state, backup, verify_only=verify_only, key_file=key_file, **options)
    lines = plan.describe().split("\n")
    if not verify_only and _holds_something(plan.target_workspace):
        show_plan(state, lines)
        verb = "Merge into" if plan.projects else "Replace"
        confirm(state, f"{verb} {plan.target_workspace}?", yes=yes, plan=lines)
    with following(state, "verify" if verify_only else "restore") as tell:
        result = restore_workspace(
            state.config, plan, accept_damage=accept_damage, key_file=key_file, progress=tell
        )
    verified = result.status != "FAILURE"
    facts = result.to_dict() | {
        "backup_path": str(plan.source_root),
        "target_workspace": str(plan.target_workspace),
        "plan": plan_dict(plan),
    }
    facts |= {"verified": verified} if verify_only else {"restored": result.applied}
    show(state, facts, lambda: _lines(result, plan, verify_only=verify_only))
    return 0 if verified else 1


def _holds_something(target: Path) -> bool:
    """Whether there is anything that a restore could take away; planning makes empty folders."""
    if not target.is_dir():
        return target.exists() or target.is_symlink()
    return any(folder_files for _, _, folder_files in os.walk(target))


def _lines(result: Any, plan: Any, *, verify_only: bool) -> Iterator[str]:
    name = printable(result.backup_ref)
    if verify_only and result.status == "FAILURE":
        yield f"NOT verified: backup {name} is damaged; nothing was changed"
        yield from (f"  {printable(line)}" for line in result.warnings[:_MOST])
        if len(result.warnings) > _MOST:
            yield f"  and {len(result.warnings) - _MOST} more; --format json has all"
        return
    if verify_only:
        yield f"Verified backup {name}: every byte is what was written"
    elif result.applied:
        yield f"Restored backup {name} to {printable(plan.target_workspace)}"
    else:
        yield f"Backup {name} was not applied; {printable(plan.target_workspace)} is as it was"
    planes = {key: dict(value) for key, value in (result.plane_results or {}).items()}
    counts = [
        (planes.get("metadata", {}).get("run_count"), "run"),
        (planes.get("records", {}).get("record_count"), "record"),
        (planes.get("artifacts", {}).get("artifact_count"), "artifact"),
    ]
    held = ", ".join(counted(count, noun) for count, noun in counts if count is not None)
    if held:
        yield f"  {held}"
    if result.safety_backup_ref:
        yield f"  What was there before is backup {printable(result.safety_backup_ref)}"
    yield from outcome_lines(result)
