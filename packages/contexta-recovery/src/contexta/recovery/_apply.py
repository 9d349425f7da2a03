"""Put a verified backup in the place of a workspace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.recovery._errors import RestoreError
from contexta.recovery._facts import read_facts
from contexta.recovery._layout import layout_of
from contexta.recovery._names import new_backup_ref
from contexta.recovery._owner import give_tree
from contexta.recovery._restore_check import (
    check_staged,
    is_binding,
    refuse_unverified,
    result_of,
)
from contexta.recovery._resume import keep_verified, mark_staged
from contexta.recovery._scratch import fsync_tree
from contexta.recovery._server_ledger import restored_ledger_warnings
from contexta.recovery._snapshot import OPTIONAL_SECTIONS, SECTIONS
from contexta.recovery._space import require_room
from contexta.recovery._stage import place_of
from contexta.recovery._survivors import Carrier, fingerprint, without_logs
from contexta.recovery._swap import Swap, run_swaps
from contexta.recovery._target import (
    BESIDE,
    STAGED_MARK,
    check_no_writer,
    check_not_in_use,
    check_target,
    database_logs,
    former_layout,
    has_data,
    has_root,
    new_layout,
    target_layout,
    units_of,
)
from contexta.recovery._work import remove_work, settle, working_folders
from contexta.recovery.backup import back_up
from contexta.recovery.models import BackupPlan
from contexta.store.fs import atomic_write_bytes, ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._manifest import FileEntry, Manifest
    from contexta.recovery._models_restore import RestorePlan, RestoreResult
    from contexta.recovery._progress import Reporter
    from contexta.recovery._restore_check import Check, Opened
    from contexta.recovery._survivors import Print
    from contexta.recovery._target import Unit
    from contexta.recovery.models import BackupResult

SAFETY_LABEL = "pre-restore-safety"


def apply_backup(
    config: RecoveryConfig,
    plan: RestorePlan,
    opened: Opened,
    reporter: Reporter,
    *,
    accept_damage: bool,
) -> RestoreResult:
    """Replace the planes of the target; see `restore_workspace`."""
    target = target_layout(config, plan.target_workspace)
    units = units_of(target)
    check_target(target, units, plan.source_root, layout_of(config))
    manifest = opened.manifest
    new = new_layout(target, units)
    with working_folders(target, units, opened.manifest_sha256) as found:
        check_no_writer(target)  # before the time that copying takes
        refuse_stale_target(config, plan, opened, target, found.finished)
        kept = staged_before(units, new, opened, is_staged=found.is_staged)
        check = check_staged(opened, new, reporter, kept=kept)
        refuse_unverified(plan, manifest, check, accept_damage=accept_damage)
        _refuse_empty(plan, manifest, target)
        check_not_in_use(target)
        before = fingerprint(target)
        safety = back_up_target(config, plan, target)
        carriers = _complete(target, new, units, manifest)
        _require_untouched(target, before, target.root)
        _carry(carriers)  # what came since the first time; nearly nothing, so it takes no time
        about = {"manifest_sha256": opened.manifest_sha256, "state": read_facts(new).state()}

        def confirm() -> None:
            # Whoever opened the target since the last look would go on in the former state.
            # The logs of a database outside are exchanged too, for empty ones.
            former = former_layout(target, units)
            _require_untouched(former, without_logs(before), target.root)

        run_swaps(
            units[0].work,
            [Swap.of(unit.new, unit.target, unit.old) for unit in units if unit.new.exists()],
            about,
            confirm,
        )
        settle(target, units)
        leftovers = remove_work(units)
    remarks = (*leftovers, *restored_ledger_warnings(config, target))
    notes = (
        *(("resumed",) if kept else ()),
        *(() if has_root(target, units) else ("replaced_plane_by_plane",)),
    )
    return _applied(plan, manifest, check, safety, remarks, notes)


def _require_untouched(layout: Layout, before: frozenset[Print], root: Path) -> None:
    check_not_in_use(layout)
    if fingerprint(layout) != before:
        raise RestoreError(
            f"{str(root)!r} was written while the restore was prepared. Stop its writers and call "
            "again.",
            code="recovery_target_changed",
            details={"target_workspace": str(root)},
            retryable=True,
        )


def _applied(
    plan: RestorePlan,
    manifest: Manifest,
    check: Check,
    safety: BackupResult | None,
    remarks: tuple[str, ...],
    notes: tuple[str, ...],
) -> RestoreResult:
    result = result_of(plan, manifest, check)
    safety_warnings = () if safety is None else safety.warnings
    return replace(
        result,
        applied=True,
        notes=(*result.notes, *notes),
        safety_backup_ref=None if safety is None else safety.backup_ref,
        warnings=(
            *result.warnings,
            *(f"safety backup: {line}" for line in safety_warnings),
            *remarks,
        ),
    )


def refuse_stale_target(
    config: RecoveryConfig,
    plan: RestorePlan,
    opened: Opened,
    target: Layout,
    finished: Mapping[str, Any] | None,
) -> None:
    """Refuse a target that holds something else than when the plan was made.

    A restore of the same backup that was killed after it had replaced the target is no change.

    Raises:
        RestoreError: `recovery_plan_stale`.
    """
    if plan.target_state is None or not is_binding(config):
        return
    state = read_facts(target).state()
    is_ours = (
        finished is not None
        and finished.get("manifest_sha256") == opened.manifest_sha256
        and finished.get("state") == state
    )
    if state != plan.target_state and not is_ours:
        raise RestoreError(
            f"{str(target.root)!r} holds something else than when the plan was made. Plan again "
            "and look at what would be replaced.",
            code="recovery_plan_stale",
            details={"target_workspace": str(target.root)},
        )


def staged_before(
    units: tuple[Unit, ...], new: Layout, opened: Opened, *, is_staged: bool
) -> frozenset[FileEntry]:
    """Return what a killed restore of this backup staged, and ask for room for the rest."""
    manifest = opened.manifest
    work = units[0].work
    tops = [*(unit.new for unit in units), work / BESIDE]
    kept = keep_verified(tops, manifest, new) if is_staged else frozenset()
    require_room(
        (place.parent, entry.size)
        for entry in manifest.files
        if entry not in kept and (place := place_of(entry.path, new)) is not None
    )
    mark_staged(work / STAGED_MARK, opened.manifest_sha256)
    return kept


def _refuse_empty(plan: RestorePlan, manifest: Manifest, target: Layout) -> None:
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


def back_up_target(
    config: RecoveryConfig, plan: RestorePlan, target: Layout
) -> BackupResult | None:
    """Back up what is replaced, verified, if the plan says so and there is anything."""
    if not plan.create_safety_backup or not has_data(target):
        return None
    safety = BackupPlan(
        backup_ref=new_backup_ref(SAFETY_LABEL),
        workspace_root=target.root,
        backup_root=layout_of(config).backups,
        included_sections=(*SECTIONS, *OPTIONAL_SECTIONS),
        estimated_bytes=0,
        notes=(f"before_restore_of:{plan.backup_ref}",),
    )
    return back_up(config, target, safety, key_file=plan.key_file)


def _complete(
    target: Layout, new: Layout, units: tuple[Unit, ...], manifest: Manifest
) -> tuple[Carrier, ...]:
    """Add what survives to the replacement, and bring all of it to disk."""
    ensure_private_dir(new.root)
    logs = database_logs(target.database)
    for unit in units:
        if unit.target in logs:
            # A log of a database that could not be read; left there, it would be applied to the
            # restored one. Empty, it means nothing.
            if unit.target.exists():
                atomic_write_bytes(unit.new, b"")
        elif unit.target != target.database and unit.target.exists():
            ensure_private_dir(unit.new)  # what the backup lacks is replaced by nothing
    give_tree(target.root, (unit.new for unit in units))
    staged = frozenset(_places(manifest, new))
    carriers = (Carrier(target, new, staged),) if has_root(target, units) else ()
    _carry(carriers)
    for unit in units:
        if unit.new.is_dir():
            fsync_tree(unit.new)
    return carriers


def _carry(carriers: tuple[Carrier, ...]) -> None:
    for carrier in carriers:
        carrier.carry()


def _places(manifest: Manifest, new: Layout) -> list[Path]:
    places = (place_of(entry.path, new) for entry in manifest.files)
    return [place for place in places if place is not None]
