"""Plan, verify and apply a restore."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._apply import apply_backup
from contexta.recovery._checks import texts
from contexta.recovery._errors import RestoreError, translated
from contexta.recovery._find import ARCHIVE_SUFFIX, find_backup
from contexta.recovery._hold import held_for_reading
from contexta.recovery._layout import absolute, layout_of, standard_layout
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._owner import take_owner
from contexta.recovery._preview import preview_of
from contexta.recovery._progress import Reporter
from contexta.recovery._restore_check import (
    Opened,
    check_staged,
    refuse_stale_backup,
    require_whole,
    result_of,
)
from contexta.recovery._scratch import (
    ensure_staging,
    remove_if_empty,
    scratch_folder,
    sweep_staging,
)
from contexta.recovery._selective import merge_projects
from contexta.recovery._space import require_room
from contexta.recovery._target import target_layout, units_of
from contexta.recovery._unlock import open_backup
from contexta.recovery.models import RestorePlan, RestoreResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._progress import Progress

__all__ = ["RestoreError", "plan_restore", "restore_workspace"]

_VERIFY_PREFIX = "verify-"


def plan_restore(
    config: RecoveryConfig,
    backup_ref: str | Path,
    *,
    target_workspace: str | Path | None = None,
    verify_only: bool = False,
    projects: Iterable[str] = (),
    key_file: str | Path | None = None,
) -> RestorePlan:
    """Say which backup would replace what. Creates the staging folder, and nothing else.

    Unless it only verifies, the plan tells what is in the target and in the backup, and which
    runs would vanish: see `RestorePlan.preview` and `RestorePlan.describe()`. It is bound to both
    as they are now.

    Args:
        config: The resolved configuration.
        backup_ref: The name of a backup, or the absolute path (or a `Path`) of one.
        target_workspace: The folder to restore to; the configured workspace by default.
        verify_only: Whether the restore only verifies.
        projects: Names of projects. Then nothing is replaced: what the target lacks of these is
            merged into it, also what was deleted there; nothing in it is set back.
        key_file: The key of an encrypted backup; `recovery.backup_key_file` by default. The plan
            keeps the path.

    Raises:
        RestoreError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`,
            `recovery_staging_inside_backup`, `recovery_key_missing`, `recovery_key_wrong`.
        ValidationError: `recovery_invalid_text` when `backup_ref` or a project is blank.
    """
    layout = layout_of(config)
    with translated(RestoreError, "plan the restore"):
        location = find_backup(backup_ref, layout.backups, RestoreError)
        staging = layout.staging / location.name.removesuffix(ARCHIVE_SUFFIX)
        _refuse_staging_inside(staging, location)
        opened = open_backup(location, RestoreError, config=config, key_file=key_file)
        ensure_staging(staging)
        if layout.is_inside(staging):  # who has the workspace must be able to plan later, too
            with suppress(FileNotFoundError):  # another call removed the empty folder just now
                for folder in (layout.staging, staging):
                    take_owner(layout.root, folder)
        loaded = opened.loaded
        target = layout.root if target_workspace is None else absolute(target_workspace)
        plan = RestorePlan(
            backup_ref=opened.source.ref,
            source_root=location,
            target_workspace=target,
            staging_root=staging,
            create_safety_backup=bool(config.recovery.create_backup_before_restore),
            verify_only=verify_only,
            notes=("verify_only" if verify_only else "apply_restore",),
            manifest_sha256=loaded.sha256,
            projects=texts("projects", projects),
            key_file=None if key_file is None else absolute(key_file),
        )
        if verify_only or loaded.manifest is None:
            return plan
        return _with_preview(config, plan, Opened(opened.source, loaded.manifest, loaded.sha256))


def _with_preview(config: RecoveryConfig, plan: RestorePlan, opened: Opened) -> RestorePlan:
    target = target_layout(config, plan.target_workspace)
    preview = preview_of(opened, target, units_of(target), plan.staging_root, plan.projects)
    return replace(plan, preview=preview.preview, target_state=preview.target_state)


def restore_workspace(
    config: RecoveryConfig,
    plan: RestorePlan,
    *,
    accept_damage: bool = False,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RestoreResult:
    """Verify a backup, and unless the plan only verifies, put it in the place of the target.

    Verifying reads every byte of the backup once, into a copy whose stores are then opened read
    only and without the environment. The backup itself is never written.

    Applying replaces the metadata, record and artifact planes as they were at the backup.
    Everything else in the target survives: reports, exports, backups, files of yours; waiting
    outbox entries of both are kept. The replacement is complete and on disk beside the target
    before one exchange of names puts it in place; killed at any moment, the target is the old
    state or the new one, and calling again finishes, without copying again what was copied.
    Before that, the target itself is backed up and that backup verified, if the plan says so.

    Planes outside the workspace, and all planes when its folder is a mount point, are exchanged
    one by one. Killed between two of them, the target is mixed until the restore is called again,
    which finishes it; so do call again before anything else opens it.

    A plan with `projects` replaces nothing: what the target lacks of them is merged into it.

    It cannot detect processes that opened the target without writing since; close them first.

    Args:
        config: The resolved configuration.
        plan: From `plan_restore`.
        accept_damage: Apply a backup that was taken of a damaged workspace. Bytes that differ
            from the manifest are refused in any case.
        key_file: The key of an encrypted backup; that of the plan by default, then
            `recovery.backup_key_file`.
        progress: Called with how far the work is, about ten times a second. An exception in it
            stops the restore; the target is as it was.

    Returns:
        For `verify_only`, status `FAILURE` with a warning per problem when it does not verify.

    Raises:
        RestoreError: `recovery_manifest_missing`, `recovery_manifest_invalid`,
            `recovery_backup_workspace_missing`, `recovery_plan_stale`,
            `recovery_staging_inside_backup`; when applying also
            `recovery_backup_damaged`, `recovery_backup_empty`, `recovery_target_in_use`,
            `recovery_target_changed`, `recovery_target_not_replaceable`,
            `recovery_target_contains_mount`, `recovery_restore_running`,
            `recovery_journal_invalid`, `recovery_swap_interrupted` (both states are kept; call
            again), with projects `recovery_project_not_found`, `recovery_target_not_mergeable`,
            `recovery_merge_failed`; for encrypted backups `recovery_key_missing`,
            `recovery_key_wrong`; and the codes of system failures.
        BackupError: When the safety backup fails; the target is untouched.
    """
    # No prune removes the backup meanwhile, also not once its files are read: it may be the only
    # one when the replacement fails.
    with translated(RestoreError, "restore the backup"), held_for_reading(plan.source_root):
        _refuse_staging_inside(plan.staging_root, plan.source_root)
        if key_file is not None:
            plan = replace(plan, key_file=absolute(key_file))
        opened = require_whole(
            open_backup(plan.source_root, RestoreError, config=config, key_file=plan.key_file)
        )
        refuse_stale_backup(config, plan, opened)
        reporter = Reporter(progress)
        if plan.verify_only:
            return _verify_only(plan, opened, reporter)
        apply = merge_projects if plan.projects else apply_backup
        result = apply(config, plan, opened, reporter, accept_damage=accept_damage)
        remove_if_empty(plan.staging_root)
        return result


def _refuse_staging_inside(staging: Path, location: Path) -> None:
    if staging.resolve().is_relative_to(location.resolve()):
        raise RestoreError(
            f"The staging folder {str(staging)!r} lies inside the backup {str(location)!r}. "
            "Set recovery.restore_staging_root to another folder.",
            code="recovery_staging_inside_backup",
            details={"staging_root": str(staging), "source_root": str(location)},
        )


def _verify_only(plan: RestorePlan, opened: Opened, reporter: Reporter) -> RestoreResult:
    staging = plan.staging_root
    require_room([(staging, opened.manifest.total_bytes)])
    ensure_staging(staging)
    sweep_staging(staging.parent)
    folder = staging / f"{_VERIFY_PREFIX}{secrets.token_hex(8)}"
    with scratch_folder(folder):
        check = check_staged(opened, standard_layout(folder / PAYLOAD), reporter)
    remove_if_empty(staging)
    return result_of(plan, opened.manifest, check)
