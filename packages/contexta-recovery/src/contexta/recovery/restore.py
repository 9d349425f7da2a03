"""Plan, verify and apply a restore."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._errors import RestoreError, translated
from contexta.recovery._inspect import Inspection, inspect_workspace, nothing_inspected
from contexta.recovery._layout import Layout, absolute, layout_of, standard_layout
from contexta.recovery._manifest import MANIFEST_NAME, PAYLOAD, Manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._names import new_backup_ref
from contexta.recovery._scratch import fsync_tree, remove_abandoned, scratch_folder
from contexta.recovery._snapshot import OPTIONAL_SECTIONS, SECTIONS
from contexta.recovery._source import open_source
from contexta.recovery._stage import stage
from contexta.recovery._survivors import carry_over, fingerprint
from contexta.recovery._swap import Swap, finish_swaps, read_journal, run_swaps
from contexta.recovery._target import (
    Unit,
    check_not_in_use,
    check_target,
    has_data,
    new_layout,
    target_layout,
    units_of,
)
from contexta.recovery.backup import back_up
from contexta.recovery.catalog import find_backup
from contexta.recovery.models import (
    BackupPlan,
    BackupProblem,
    BackupResult,
    RestorePlan,
    RestoreResult,
)
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig

__all__ = ["RestoreError", "plan_restore", "restore_workspace"]

SAFETY_LABEL = "pre-restore-safety"
_VERIFY_PREFIX = "verify-"


def plan_restore(
    config: RecoveryConfig,
    backup_ref: str | Path,
    *,
    target_workspace: str | Path | None = None,
    verify_only: bool = False,
) -> RestorePlan:
    """Say which backup would replace what. Creates the staging folder, and nothing else.

    Args:
        config: The resolved configuration.
        backup_ref: The name of a backup, or the absolute path (or a `Path`) of its folder.
        target_workspace: The folder to restore to; the configured workspace by default.
        verify_only: Whether the restore only verifies.

    Raises:
        RestoreError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`.
        ValidationError: `recovery_invalid_text` when `backup_ref` is blank.
    """
    layout = layout_of(config)
    with translated(RestoreError, "plan the restore"):
        source = find_backup(backup_ref, layout.backups, RestoreError)
        staging = layout.staging / source.name
        ensure_private_dir(staging)
        target = layout.root if target_workspace is None else absolute(target_workspace)
        return RestorePlan(
            backup_ref=source.name,
            source_root=source,
            target_workspace=target,
            staging_root=staging,
            create_safety_backup=bool(config.recovery.create_backup_before_restore),
            verify_only=verify_only,
            notes=("verify_only" if verify_only else "apply_restore",),
            manifest_sha256=load_manifest(open_source(source)).sha256,
        )


def restore_workspace(
    config: RecoveryConfig, plan: RestorePlan, *, accept_damage: bool = False
) -> RestoreResult:
    """Verify a backup, and unless the plan only verifies, put it in the place of the target.

    Verifying reads every byte of the backup once, into a copy whose stores are then opened read
    only and without the environment. The backup itself is never written.

    Applying replaces the metadata, record and artifact planes as they were at the backup.
    Everything else in the target survives: reports, exports, backups, files of yours; waiting
    outbox entries of both are kept. The replacement is complete and on disk beside the target
    before one exchange of names puts it in place; killed at any moment, the target is the old
    state or the new one, and calling again finishes. Before that, the target itself is backed up
    and that backup verified, if the plan says so.

    It cannot detect processes that opened the target without writing since; close them first.

    Args:
        config: The resolved configuration.
        plan: From `plan_restore`.
        accept_damage: Apply a backup that was taken of a damaged workspace. Bytes that differ
            from the manifest are refused in any case.

    Returns:
        For `verify_only`, status `FAILURE` with a warning per problem when it does not verify.

    Raises:
        RestoreError: `recovery_manifest_missing`, `recovery_manifest_invalid`,
            `recovery_backup_workspace_missing`, `recovery_plan_stale`; when applying also
            `recovery_backup_damaged`, `recovery_backup_empty`, `recovery_target_in_use`,
            `recovery_target_changed`, `recovery_target_not_replaceable`,
            `recovery_restore_running`, and the codes of system failures.
        BackupError: When the safety backup fails; the target is untouched.
    """
    with translated(RestoreError, "restore the backup"):
        manifest = _manifest_of(config, plan)
        if plan.verify_only:
            return _verify_only(plan, manifest)
        return _apply(config, plan, manifest, accept_damage=accept_damage)


def _manifest_of(config: RecoveryConfig, plan: RestorePlan) -> Manifest:
    source = plan.source_root
    loaded = load_manifest(open_source(source))
    if loaded.manifest is None:
        problem = loaded.problems[0]
        missing = problem.kind == "manifest_missing"
        raise RestoreError(
            f"{str(source)!r} cannot be trusted: {problem.message} Choose another backup.",
            code="recovery_manifest_missing" if missing else "recovery_manifest_invalid",
            details={"source_root": str(source), "problems": [problem.to_dict()]},
        )
    if not (source / PAYLOAD).is_dir():
        raise RestoreError(
            f"{str(source)!r} has no folder {PAYLOAD!r}. Choose another backup.",
            code="recovery_backup_workspace_missing",
            details={"source_root": str(source)},
        )
    binding = getattr(config.recovery, "require_plan_before_apply", True)
    if binding and plan.manifest_sha256 is not None and plan.manifest_sha256 != loaded.sha256:
        raise RestoreError(
            f"{MANIFEST_NAME} of {str(source)!r} changed since the plan was made. "
            "Look at the backup and plan again.",
            code="recovery_plan_stale",
            details={"source_root": str(source)},
        )
    return loaded.manifest


class _Check(NamedTuple):
    """What staging and opening found."""

    inspection: Inspection
    problems: tuple[BackupProblem, ...]
    damage: tuple[str, ...]


def _check_staged(source: Path, manifest: Manifest, layout: Layout) -> _Check:
    problems = stage(open_source(source), manifest, layout)
    if problems:
        return _Check(nothing_inspected(), problems, ())
    inspection = inspect_workspace(layout)
    differing = tuple(
        BackupProblem("count_differs", name, f"{name}: {found}, the manifest says {said}.")
        for name, found in inspection.counts.items()
        if found != (said := manifest.counts.get(name, 0))
    )
    return _Check(inspection, differing, inspection.damage)


def _verify_only(plan: RestorePlan, manifest: Manifest) -> RestoreResult:
    staging = plan.staging_root
    if staging.is_relative_to(plan.source_root):
        raise RestoreError(
            f"The staging folder {str(staging)!r} lies inside the backup "
            f"{str(plan.source_root)!r}. Set recovery.restore_staging_root to another folder.",
            code="recovery_staging_inside_backup",
            details={"staging_root": str(staging), "source_root": str(plan.source_root)},
        )
    ensure_private_dir(staging)
    remove_abandoned(staging, _VERIFY_PREFIX)
    folder = staging / f"{_VERIFY_PREFIX}{secrets.token_hex(8)}"
    with scratch_folder(folder):
        check = _check_staged(plan.source_root, manifest, standard_layout(folder / PAYLOAD))
    _remove_if_empty(staging)
    return _result(plan, manifest, check)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _result(plan: RestorePlan, manifest: Manifest, check: _Check) -> RestoreResult:
    planes = check.inspection.planes
    warnings = [problem.message for problem in check.problems]
    warnings += dict.fromkeys((*check.damage, *manifest.damage, *manifest.warnings))
    absent = tuple(f"plane_absent:{name}" for name, here in manifest.planes.items() if not here)
    return RestoreResult(
        status="FAILURE" if check.problems else "DEGRADED" if warnings else "SUCCESS",
        warnings=tuple(warnings),
        notes=(*plan.notes, *absent),
        details={"problems": [problem.to_dict() for problem in check.problems]},
        backup_ref=plan.backup_ref,
        target_workspace=plan.target_workspace,
        plane_results=planes,
        verification_notes=(
            f"metadata_runs:{planes['metadata']['run_count']}",
            f"record_replay:{planes['records']['record_count']}",
            f"artifact_count:{planes['artifacts']['artifact_count']}",
            f"manifest:{manifest.backup_ref or plan.backup_ref}",
            f"files_verified:{len(manifest.files) - len(check.problems)}",
        ),
    )


def _apply(
    config: RecoveryConfig, plan: RestorePlan, manifest: Manifest, *, accept_damage: bool
) -> RestoreResult:
    target = target_layout(config, plan.target_workspace)
    units = units_of(target)
    check_target(target, units, plan.source_root)
    with ExitStack() as stack:
        _lock_work(stack, units)
        new = new_layout(target, units)
        check = _check_staged(plan.source_root, manifest, new)
        _refuse_unverified(plan, manifest, check, target, accept_damage=accept_damage)
        check_not_in_use(target)
        before = fingerprint(target)
        safety = _back_up_target(config, plan, target)
        _complete(target, new, units)
        check_not_in_use(target)
        if fingerprint(target) != before:
            raise RestoreError(
                f"{str(target.root)!r} was written while the restore was prepared. Stop its "
                "writers and call again.",
                code="recovery_target_changed",
                details={"target_workspace": str(target.root)},
                retryable=True,
            )
        run_swaps(
            units[0].work,
            [Swap.of(unit.new, unit.target, unit.old) for unit in units if unit.new.exists()],
        )
    _remove_if_empty(plan.staging_root)
    result = _result(plan, manifest, check)
    safety_warnings = () if safety is None else safety.warnings
    return replace(
        result,
        applied=True,
        safety_backup_ref=None if safety is None else safety.backup_ref,
        warnings=(*result.warnings, *(f"safety backup: {line}" for line in safety_warnings)),
    )


def _lock_work(stack: ExitStack, units: tuple[Unit, ...]) -> None:
    """Lock the working folders, finish a killed restore, and leave the folders empty."""
    for unit in units:
        ensure_private_dir(unit.target.parent)
        try:
            stack.enter_context(scratch_folder(unit.work))
        except BlockingIOError as error:
            raise RestoreError(
                f"Another restore of {str(unit.target)!r} is running. Call again when it is done.",
                code="recovery_restore_running",
                details={"path": str(unit.work)},
                retryable=True,
            ) from error
    expected = {(str(unit.new), str(unit.target), str(unit.old)) for unit in units}
    finish_swaps(read_journal(units[0].work, expected))
    for unit in units:
        for entry in os.scandir(unit.work):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()


def _refuse_unverified(
    plan: RestorePlan, manifest: Manifest, check: _Check, target: Layout, *, accept_damage: bool
) -> None:
    damage = () if accept_damage else (*check.damage, *manifest.damage)
    if check.problems or damage:
        lines = [*(problem.message for problem in check.problems), *dict.fromkeys(damage)]
        raise RestoreError(
            f"Backup {plan.backup_ref!r} does not verify, so nothing was changed: "
            f"{'; '.join(lines[:5])}. Choose another backup.",
            code="recovery_backup_damaged",
            details={
                "backup_ref": plan.backup_ref,
                "problems": [problem.to_dict() for problem in check.problems],
                "damage": list(dict.fromkeys(damage)),
            },
        )
    # A database outside the root is replaced by itself; without a successor it would stay behind
    # and describe other records than the restored ones.
    database_stays = target.database.exists() and not (
        manifest.planes.get("metadata") or target.is_inside(target.database)
    )
    if (not any(manifest.planes.values()) or database_stays) and has_data(target):
        raise RestoreError(
            f"Backup {plan.backup_ref!r} holds no data for what {str(target.root)!r} has. "
            "Restore it to an empty folder instead.",
            code="recovery_backup_empty",
            details={"backup_ref": plan.backup_ref, "target_workspace": str(target.root)},
        )


def _back_up_target(
    config: RecoveryConfig, plan: RestorePlan, target: Layout
) -> BackupResult | None:
    if not plan.create_safety_backup or not has_data(target):
        return None
    safety = BackupPlan(
        backup_ref=new_backup_ref(SAFETY_LABEL),
        workspace_root=target.root,
        backup_root=target.backups,
        included_sections=(*SECTIONS, *OPTIONAL_SECTIONS),
        estimated_bytes=0,
        notes=(f"before_restore_of:{plan.backup_ref}",),
    )
    return back_up(config, target, safety)


def _complete(target: Layout, new: Layout, units: tuple[Unit, ...]) -> None:
    """Add what survives to the replacement, and bring all of it to disk."""
    ensure_private_dir(new.root)
    for unit in units[1:]:
        if unit.target != target.database:
            ensure_private_dir(unit.new)
    if target.root.is_dir():
        carry_over(target, new)
    for unit in units:
        if unit.new.is_dir():
            fsync_tree(unit.new)
