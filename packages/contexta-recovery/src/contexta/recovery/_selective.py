"""Bring projects back from a backup into a workspace that otherwise stays as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, NotFoundError
from contexta.recovery._apply import back_up_target, refuse_stale_target, staged_before
from contexta.recovery._errors import RestoreError
from contexta.recovery._layout import layout_of, standard_layout
from contexta.recovery._restore_check import check_staged, refuse_unverified, result_of
from contexta.recovery._server_ledger import server_ledger
from contexta.recovery._target import Unit, check_target, target_layout
from contexta.recovery._work import remove_work, working_folders

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._models_restore import RestorePlan, RestoreResult
    from contexta.recovery._progress import Reporter
    from contexta.recovery._restore_check import Opened
    from contexta.store.merge import MergeReport
    from contexta.store.metadata import MetadataStoreConfig


def merge_projects(
    config: RecoveryConfig,
    plan: RestorePlan,
    opened: Opened,
    reporter: Reporter,
    *,
    accept_damage: bool,
) -> RestoreResult:
    """Merge the projects of a plan into the target; see `restore_workspace`.

    The whole backup is staged beside the target and verified, as for any restore; then the merge
    of the store takes what the target lacks. A kill leaves a whole target, and calling again
    completes it.
    """
    target = target_layout(config, plan.target_workspace)
    _refuse_planes_outside(target)
    units = (Unit(target.root),)
    check_target(target, units, plan.source_root, layout_of(config))
    staged = standard_layout(units[0].new)
    with working_folders(target, units, opened.manifest_sha256) as found:
        refuse_stale_target(config, plan, opened, target, found.finished)
        kept = staged_before(units, staged, opened, is_staged=found.is_staged)
        check = check_staged(opened, staged, reporter, kept=kept)
        refuse_unverified(plan, opened.manifest, check, accept_damage=accept_damage)
        safety = back_up_target(config, plan, target)
        report = _merge(staged, target, plan, server_ledger(config, target))
        leftovers = remove_work(units)
    result = result_of(plan, opened.manifest, check)
    damage = tuple(f"{one.plane}: {one.message}" for one in report.damage)
    left_out = tuple(f"{one.ref} did not come: {one.message}" for one in report.skipped)
    safety_warnings = () if safety is None else safety.warnings
    warnings = (
        *result.warnings,
        *damage,
        *left_out,
        *(f"safety backup: {line}" for line in safety_warnings),
        *leftovers,
    )
    return replace(
        result,
        status="DEGRADED" if warnings else result.status,
        applied=True,
        warnings=warnings,
        notes=(*result.notes, *(f"project_restored:{name}" for name in plan.projects)),
        details={**(result.details or {}), "merge": report.to_dict()},
        safety_backup_ref=None if safety is None else safety.backup_ref,
    )


def _refuse_planes_outside(target: Layout) -> None:
    standard = standard_layout(target.root)
    elsewhere = [
        name
        for name in ("database", "records", "artifacts")
        if getattr(target, name) != getattr(standard, name)
    ]
    if elsewhere:
        raise RestoreError(
            f"Projects can only be merged into a workspace with its planes in their default "
            f"places; this one has its {' and '.join(elsewhere)} elsewhere. Restore the backup "
            "to another path, and take from there what you need with merge_workspaces.",
            code="recovery_target_not_mergeable",
            details={"target_workspace": str(target.root), "elsewhere": elsewhere},
        )


def _merge(
    staged: Layout, target: Layout, plan: RestorePlan, ledger: MetadataStoreConfig | None
) -> MergeReport:
    from contexta.store.merge import merge_workspaces

    try:
        return merge_workspaces(
            staged.root,
            target.root,
            projects=plan.projects,
            include_deleted=True,
            target_ledger=ledger,
        )
    except NotFoundError as error:
        raise RestoreError(
            f"Backup {plan.backup_ref!r} cannot give projects {', '.join(plan.projects)}: "
            f"{error.message}",
            code="recovery_project_not_found",
            details={"projects": list(plan.projects)},
            cause=error,
        ) from error
    except OSError:
        raise  # of the system; translated by the caller
    except ContextaError as error:
        raise RestoreError(
            f"The projects cannot be merged into {str(target.root)!r}: {error.message}",
            code="recovery_merge_failed",
            details={"target_workspace": str(target.root), "code": error.code},
            cause=error,
        ) from error
