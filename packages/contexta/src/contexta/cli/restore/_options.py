"""What both commands of ``contexta restore`` have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._state import State
from contexta.cli.backup._refs import backup_ref, key_option, nearest_named

if TYPE_CHECKING:
    from contexta.recovery import RestorePlan


def restore_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add BACKUP, ``--target-workspace``, ``--project`` and ``--key-file``."""
    for option in (
        key_option,
        click.option(
            "--project",
            "projects",
            metavar="NAME",
            multiple=True,
            help="Only this project, merged into what is there.  Repeatable.",
        ),
        click.option(
            "--target-workspace",
            metavar="PATH",
            help="Restore to this folder.  Default: the workspace.",
        ),
        click.argument("backup", metavar="BACKUP"),
    ):
        command = option(command)
    return command


def planned(
    state: State,
    backup: str,
    *,
    target_workspace: str | None,
    projects: tuple[str, ...],
    key_file: str | None,
    verify_only: bool = False,
) -> "RestorePlan":
    """Plan a restore; no workspace is opened, and it need not be there."""
    from contexta.recovery import plan_restore

    target = None if target_workspace is None else Path(target_workspace).absolute()
    with nearest_named(state, backup):
        return plan_restore(
            state.config,
            backup_ref(backup),
            target_workspace=target,
            verify_only=verify_only,
            projects=projects,
            key_file=key_file,
        )


def plan_dict(plan: "RestorePlan") -> dict[str, Any]:
    """Return a plan as JSON data."""
    return {
        "backup_ref": plan.backup_ref,
        "backup_path": str(plan.source_root),
        "target_workspace": str(plan.target_workspace),
        "projects": list(plan.projects),
        "create_safety_backup": plan.create_safety_backup,
        "verify_only": plan.verify_only,
        "preview": None if plan.preview is None else plan.preview.to_dict(),
        "notes": list(plan.notes),
    }
