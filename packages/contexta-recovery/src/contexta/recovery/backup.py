"""Plan and write a backup of a workspace."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._build import Built, build, workspace_id_of
from contexta.recovery._errors import BackupError, translated
from contexta.recovery._layout import absolute, layout_of
from contexta.recovery._names import checked_ref, new_backup_ref
from contexta.recovery._progress import Progress, Reporter
from contexta.recovery._publish import (
    claimed_name,
    is_taken,
    publish,
    publisher_of,
    remove_partials,
)
from contexta.recovery._removal import finish_removals
from contexta.recovery._sealing import open_manifest
from contexta.recovery._server_ledger import server_ledger
from contexta.recovery._snapshot import (
    OPTIONAL_SECTIONS,
    PLANES,
    SECTIONS,
    estimated_bytes,
    has_section,
    missing_planes,
    plane_path,
    section_source,
)
from contexta.recovery._source import manifest_problem, open_source
from contexta.recovery._unlock import key_path, sealing_with
from contexta.recovery._verify import check_files
from contexta.recovery.models import BackupPlan, BackupProblem, BackupResult
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._sealing import BackupSealing

__all__ = ["BackupError", "create_workspace_backup", "plan_workspace_backup"]


def plan_workspace_backup(
    config: RecoveryConfig,
    *,
    label: str | None = None,
    include_cache: bool = False,
    include_exports: bool = False,
    form: str = "directory",
) -> BackupPlan:
    """Say what a backup would copy. Creates the backup folder, and nothing else.

    Args:
        config: The resolved configuration. The workspace need not exist.
        label: The readable part of the name; characters other than letters, digits, `-` and `_`
            become `-`.
        include_cache: Whether the cache is copied too.
        include_exports: Whether exports are copied too.
        form: `directory`, a folder that shares unchanged files with earlier backups, or
            `archive`, one file that is easy to move and shares nothing.

    Raises:
        BackupError: When the backup folder cannot be created or the workspace not read.
        ValidationError: `recovery_invalid_form`.
    """
    layout = layout_of(config)
    asked = {"cache": include_cache, "exports": include_exports}
    with translated(BackupError, "plan the backup"):
        _check_backup_root(layout)
        ensure_private_dir(layout.backups)
        ref = new_backup_ref(label)
        while is_taken(layout.backups, ref):
            ref = new_backup_ref(label)
        sections = (*SECTIONS, *(name for name in OPTIONAL_SECTIONS if asked[name]))
        return BackupPlan(
            backup_ref=ref,
            workspace_root=layout.root,
            backup_root=layout.backups,
            included_sections=sections,
            estimated_bytes=estimated_bytes(layout, sections),
            notes=tuple(f"{name}_excluded" for name in OPTIONAL_SECTIONS if not asked[name]),
            form=form,
            workspace_id=workspace_id_of(layout),
            planes=tuple(name for name in PLANES if has_section(layout, name)),
        )


def create_workspace_backup(
    config: RecoveryConfig,
    plan: BackupPlan,
    *,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BackupResult:
    """Write the planned backup, read every byte of it back, then publish it by one rename.

    The workspace is only read, and may be written meanwhile: whatever was stored before the call
    is in the backup. Every source file is read and hashed; one whose content an earlier backup
    in the same folder holds becomes a hard link to that, once the bytes behind it verify. So
    each backup is complete in itself, and removing one never touches another.

    The copy is made in a hidden folder beside the target; a killed backup leaves that folder,
    which is never listed and is removed by the next backup. When a backup of the planned name
    exists, the next free name is taken; see `result.backup_ref`.

    It cannot detect what rewrites a file and the store's own checksums alike.

    Args:
        config: The resolved configuration.
        plan: From `plan_workspace_backup`.
        key_file: Encrypts the backup with the key in this file, made by `create_key_file`;
            `recovery.backup_key_file` by default. The key is never in the backup.
        progress: Told about ten times a second how far it is. An exception in it stops the
            backup; nothing is published then.

    Returns:
        The backup. `DEGRADED` with a warning each for damage of the workspace, for links and
        special files that were left out, and for files of earlier backups that no longer verify.

    Raises:
        BackupError: `recovery_plan_mismatch` when the plan is of another workspace,
            `recovery_plan_stale` when a plane that it saw is gone or the workspace was exchanged
            since, `recovery_plane_missing` when a plane outside the workspace folder is not
            where the configuration places it, `recovery_ledger_unreadable` when the ledger is on
            a server that does not give it, `recovery_backup_unverified` when the written bytes
            do not read back, and the codes for system failures (`recovery_disk_full`,
            `recovery_permission_denied`, `recovery_io_failed`).
            With a key also `recovery_key_missing`, `recovery_key_invalid`,
            `recovery_key_permissions`, `recovery_key_beside_backup` and
            `recovery_encryption_unavailable`. Nothing is published then.
    """
    layout = layout_of(config)
    if absolute(plan.workspace_root) != layout.root or absolute(plan.backup_root) != layout.backups:
        raise BackupError(
            f"The plan is for workspace {str(plan.workspace_root)!r} and backup folder "
            f"{str(plan.backup_root)!r}; the configuration names {str(layout.root)!r} and "
            f"{str(layout.backups)!r}. Make a new plan.",
            code="recovery_plan_mismatch",
            details={"workspace_root": str(layout.root), "backup_root": str(layout.backups)},
        )
    with translated(BackupError, "read the workspace"):
        if getattr(config.recovery, "require_plan_before_apply", True):
            _refuse_stale(layout, plan)
        _refuse_without_planes(config, layout, plan)
    return back_up(config, layout, plan, key_file=key_file, progress=progress)


def _refuse_stale(layout: Layout, plan: BackupPlan) -> None:
    """Refuse a plan of which a plane has gone since: a disk that is not mounted, most likely."""
    gone = [name for name in plan.planes or () if not has_section(layout, name)]
    now = workspace_id_of(layout)
    exchanged = plan.workspace_id is not None and now != plan.workspace_id
    if gone or exchanged:
        reasons = [f"its {name} plane is gone" for name in gone]
        if exchanged:
            reasons.append(f"its id was {plan.workspace_id!r} and is {now!r}")
        raise BackupError(
            f"Workspace {str(layout.root)!r} is not what was planned: {'; '.join(reasons)}. "
            "Check its disks, then plan again.",
            code="recovery_plan_stale",
            details={"workspace_root": str(layout.root), "missing_planes": gone},
        )


def _refuse_without_planes(config: RecoveryConfig, layout: Layout, plan: BackupPlan) -> None:
    """Refuse to back up part of a workspace as if it were all of it."""
    asked = [name for name in PLANES if name in plan.included_sections]
    if server_ledger(config, layout) is not None:
        asked = [name for name in asked if name != "metadata"]
    missing = missing_planes(layout, asked)
    is_in_use = workspace_id_of(layout) is not None or any(
        has_section(layout, name) for name in PLANES
    )
    if missing and is_in_use:  # else it was never opened, and has no planes yet
        named = ", ".join(f"{name} at {str(path)!r}" for name, path in missing.items())
        raise BackupError(
            f"The configuration places {named}, where there is nothing. Mount the disk, or "
            "correct the path; a backup without it would not restore the workspace.",
            code="recovery_plane_missing",
            details={"missing_planes": {name: str(path) for name, path in missing.items()}},
        )


def back_up(
    config: RecoveryConfig,
    layout: Layout,
    plan: BackupPlan,
    *,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BackupResult:
    """Back up the workspace at `layout` into `plan.backup_root`; see `create_workspace_backup`."""
    ref = checked_ref(plan.backup_ref, BackupError)
    report = Reporter(progress)
    publisher = publisher_of(plan.form)
    with translated(BackupError, "write the backup"):
        sealing = _sealing(layout, plan, key_path(config, key_file))
        _check_backup_root(layout)
        ensure_private_dir(plan.backup_root)
        remove_partials(plan.backup_root)
        finish_removals(plan.backup_root)
        with claimed_name(plan.backup_root, ref) as (name, partial):
            named = replace(plan, backup_ref=name)
            built = build(config, layout, named, partial, report, sealing)
            packed = publisher.pack(built.store.payload, built.manifest, partial, report)
            _verify_written(packed, built, report, sealing)
            written = _bytes_written(packed, built)
            location = plan.backup_root / f"{name}{publisher.suffix}"
            publish(packed, location)
    return _result(name, location, built, written)


def _bytes_written(packed: Path, built: Built) -> int:
    """Return what was written to disk for good; asked before others can prune the backup."""
    if packed != built.store.payload:
        return packed.stat().st_size
    return sum(built.store.written.values()) + built.manifest_bytes


def _result(name: str, location: Path, built: Built, bytes_written: int) -> BackupResult:
    manifest = built.manifest
    rotten = tuple(f"earlier_backup_damaged:{place}" for place in built.store.rotten)
    warnings = (*manifest.warnings, *manifest.damage, *rotten)
    return BackupResult(
        status="DEGRADED" if warnings else "SUCCESS",
        warnings=warnings,
        notes=manifest.notes,
        details={
            "counts": dict(manifest.counts),
            "file_count": len(manifest.files),
            "linked_file_count": len(built.store.linked),
            "stored_bytes": manifest.stored_bytes,
            "total_bytes": manifest.total_bytes,
        },
        backup_ref=name,
        created_at=manifest.created_at,
        location=location,
        included_sections=manifest.included_sections,
        bytes_written=bytes_written,
        verification_notes=("manifest_written", f"files_verified:{len(manifest.files)}"),
    )


def _verify_written(
    packed: Path, built: Built, report: Reporter, sealing: BackupSealing | None
) -> None:
    source = open_source(packed)
    source.sealing = sealing
    raw = source.read_manifest()
    if raw != built.readable.to_bytes():
        problem = manifest_problem("manifest_edited", "it does not read back")
        _refuse_problems((raw if isinstance(raw, BackupProblem) else problem,))
    if sealing is not None:
        opened = open_manifest(source, built.readable, sealing)
        _refuse_problems((opened,) if isinstance(opened, BackupProblem) else ())
    skip = built.verified if packed == built.store.payload else frozenset()
    _refuse_problems(check_files(source, built.manifest, reporter=report, skip=skip))


def _refuse_problems(problems: tuple[BackupProblem, ...]) -> None:
    if problems:
        raise BackupError(
            f"The backup does not read back as written: {problems[0].message} "
            f"({len(problems)} problems). Check the disk; nothing was published.",
            code="recovery_backup_unverified",
            details={"problems": [problem.to_dict() for problem in problems]},
        )


def _sealing(layout: Layout, plan: BackupPlan, key_file: Path | None) -> BackupSealing | None:
    """Return what encrypts the backup; None when no key file is given or configured."""
    if key_file is None:
        return None
    real = Path(os.path.realpath(key_file))
    places = {f"section {name!r}": section_source(layout, name) for name in plan.included_sections}
    places["the backup folder"] = plan.backup_root
    for name, folder in places.items():
        if real.is_relative_to(os.path.realpath(folder)):
            raise BackupError(
                f"The key file {str(key_file)!r} lies in {name}: who gets the backups would get "
                "the key with them. Move it elsewhere.",
                code="recovery_key_beside_backup",
                details={"path": str(key_file), "folder": str(folder)},
            )
    return sealing_with(key_file, BackupError)


def _check_backup_root(layout: Layout) -> None:
    for plane in PLANES:
        if layout.backups.is_relative_to(plane_path(layout, plane)):
            raise BackupError(
                f"The backup folder {str(layout.backups)!r} lies inside the {plane} plane. "
                "Set recovery.backup_root to a folder outside the planes.",
                code="recovery_backup_root_inside_plane",
                details={"backup_root": str(layout.backups), "plane": plane},
            )
