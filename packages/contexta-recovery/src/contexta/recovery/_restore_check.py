"""Decide whether a backup may be restored: its manifest, its bytes, and what its stores say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._errors import RestoreError
from contexta.recovery._inspect import Inspection, inspect_workspace, nothing_inspected
from contexta.recovery._manifest import MANIFEST_NAME, PAYLOAD, Manifest
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._models_restore import RestoreResult
from contexta.recovery._server_ledger import restored_ledger_notes
from contexta.recovery._source import DirectorySource
from contexta.recovery._stage import stage

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._manifest import FileEntry
    from contexta.recovery._models_restore import RestorePlan
    from contexta.recovery._progress import Reporter
    from contexta.recovery._source import BackupSource
    from contexta.recovery._unlock import OpenedBackup


class Opened(NamedTuple):
    """A backup whose manifest is whole."""

    source: BackupSource
    manifest: Manifest
    manifest_sha256: str | None


class Check(NamedTuple):
    """What staging and opening found."""

    inspection: Inspection
    problems: tuple[BackupProblem, ...]
    damage: tuple[str, ...]


def require_whole(opened: OpenedBackup) -> Opened:
    """Return a backup whose manifest can be trusted.

    Raises:
        RestoreError: `recovery_manifest_missing`, `recovery_manifest_invalid`,
            `recovery_backup_workspace_missing`.
    """
    source, loaded = opened.source, opened.loaded
    location = source.location
    if loaded.manifest is None:
        problem = loaded.problems[0]
        missing = problem.kind == "manifest_missing"
        raise RestoreError(
            f"{str(location)!r} cannot be trusted: {problem.message} Choose another backup.",
            code="recovery_manifest_missing" if missing else "recovery_manifest_invalid",
            details={"source_root": str(location), "problems": [problem.to_dict()]},
        )
    if isinstance(source, DirectorySource) and not (location / PAYLOAD).is_dir():
        raise RestoreError(
            f"{str(location)!r} has no folder {PAYLOAD!r}. Choose another backup.",
            code="recovery_backup_workspace_missing",
            details={"source_root": str(location)},
        )
    return Opened(source, loaded.manifest, loaded.sha256)


def refuse_stale_backup(config: RecoveryConfig, plan: RestorePlan, opened: Opened) -> None:
    """Refuse a backup that is another one than the plan was made from.

    Raises:
        RestoreError: `recovery_plan_stale`.
    """
    planned = plan.manifest_sha256
    if is_binding(config) and planned is not None and planned != opened.manifest_sha256:
        raise RestoreError(
            f"{MANIFEST_NAME} of {str(plan.source_root)!r} changed since the plan was made. "
            "Look at the backup and plan again.",
            code="recovery_plan_stale",
            details={"source_root": str(plan.source_root)},
        )


def is_binding(config: RecoveryConfig) -> bool:
    """Tell whether a plan may only be applied to the state that it was made from."""
    return bool(getattr(config.recovery, "require_plan_before_apply", True))


def check_staged(
    opened: Opened,
    layout: Layout,
    reporter: Reporter,
    *,
    kept: AbstractSet[FileEntry] = frozenset(),
) -> Check:
    """Copy a backup to where it is opened, verifying every byte, then open and recount it."""
    manifest = opened.manifest
    problems = stage(opened.source, manifest, layout, reporter, kept=kept)
    if problems:
        return Check(nothing_inspected(), problems, ())
    reporter.begin("inspect", 1)
    inspection = inspect_workspace(layout)
    reporter.advance(files=1)
    reporter.end()
    differing = tuple(
        BackupProblem("count_differs", name, f"{name}: {found}, the manifest says {said}.")
        for name, found in inspection.counts.items()
        if found != (said := manifest.counts.get(name, 0))
    )
    return Check(inspection, differing, inspection.damage)


def refuse_unverified(
    plan: RestorePlan, manifest: Manifest, check: Check, *, accept_damage: bool
) -> None:
    """Refuse a backup that does not verify.

    Raises:
        RestoreError: `recovery_backup_damaged`.
    """
    damage = () if accept_damage else (*check.damage, *manifest.damage)
    if not check.problems and not damage:
        return
    lines = [*(problem.message for problem in check.problems), *dict.fromkeys(damage)]
    way_out = (
        "Choose another backup, or take out what verifies with salvage."
        if check.problems
        else "It was taken of a damaged workspace: choose another backup, or pass "
        "accept_damage=True."
    )
    raise RestoreError(
        f"Backup {plan.backup_ref!r} does not verify, so nothing was changed: "
        f"{'; '.join(lines[:5])}. {way_out}",
        code="recovery_backup_damaged",
        details={
            "backup_ref": plan.backup_ref,
            "problems": [problem.to_dict() for problem in check.problems],
            "damage": list(dict.fromkeys(damage)),
        },
    )


def result_of(plan: RestorePlan, manifest: Manifest, check: Check) -> RestoreResult:
    """Return the result of a verification; the caller says whether it was applied."""
    planes = check.inspection.planes
    warnings = [problem.message for problem in check.problems]
    warnings += dict.fromkeys((*check.damage, *manifest.damage, *manifest.warnings))
    absent = tuple(f"plane_absent:{name}" for name, here in manifest.planes.items() if not here)
    return RestoreResult(
        status="FAILURE" if check.problems else "DEGRADED" if warnings else "SUCCESS",
        warnings=tuple(warnings),
        notes=(*plan.notes, *absent, *restored_ledger_notes(plan, manifest)),
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
