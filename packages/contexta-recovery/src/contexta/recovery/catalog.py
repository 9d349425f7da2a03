"""List and verify backups. Nothing here writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError, translated
from contexta.recovery._layout import absolute, layout_of
from contexta.recovery._manifest import MANIFEST_NAME, PAYLOAD
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._names import checked_ref
from contexta.recovery._source import BackupSource, open_source
from contexta.recovery._verify import check_files
from contexta.recovery.models import BackupSummary, BackupVerification

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError
    from contexta.recovery._config import RecoveryConfig

__all__ = ["list_backups", "verify_backup"]


def list_backups(config: RecoveryConfig) -> tuple[BackupSummary, ...]:
    """Return the published backups, oldest first, from their manifests alone.

    Folders without a manifest and unfinished backups are not backups and are left out. A backup
    whose manifest cannot be trusted is listed with `problem` set, after the others.
    """
    root = layout_of(config).backups
    with translated(BackupError, "list the backups"):
        folders = sorted(root.iterdir()) if root.is_dir() else []
        summaries = [
            _summary(folder)
            for folder in folders
            if not folder.name.startswith(".")
            and not folder.is_symlink()
            and os.path.lexists(folder / MANIFEST_NAME)
        ]
    return tuple(
        sorted(summaries, key=lambda one: (one.created_at is None, one.created_at, one.backup_ref))
    )


def _summary(folder: Path) -> BackupSummary:
    loaded = load_manifest(open_source(folder))
    if loaded.manifest is None:
        return BackupSummary(folder.name, folder, problem=loaded.problems[0].message)
    manifest = loaded.manifest
    return BackupSummary(
        backup_ref=folder.name,
        location=folder,
        created_at=manifest.created_at,
        total_bytes=manifest.total_bytes,
        included_sections=manifest.included_sections,
        counts=manifest.counts,
    )


def verify_backup(
    source: RecoveryConfig | str | Path, backup_ref: str | Path | None = None
) -> BackupVerification:
    """Read every byte of a backup and report each problem with its place.

    It reads the manifest first, then each listed file in the order of paths, then looks for
    files that are not listed. It changes nothing and follows no link. It cannot detect an edit
    by somebody who also rewrites every digest.

    Args:
        source: A configuration, together with the name of one of its backups; or the folder of
            a backup.
        backup_ref: The name, when `source` is a configuration.

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`, and the codes
            of system failures.
        ValidationError: `recovery_invalid_text` when the name is blank or missing.
    """
    with translated(BackupError, "verify the backup"):
        if isinstance(source, str | Path):
            folder = find_backup(absolute(source), absolute(source).parent, BackupError)
        else:
            folder = find_backup(backup_ref, layout_of(source).backups, BackupError)
        return _verify(open_source(folder))


def _verify(source: BackupSource) -> BackupVerification:
    folder = source.location
    loaded = load_manifest(source)
    manifest = loaded.manifest
    if manifest is None:
        return BackupVerification(
            status="FAILURE",
            warnings=tuple(problem.message for problem in loaded.problems),
            backup_ref=folder.name,
            location=folder,
            problems=loaded.problems,
        )
    problems = check_files(source, manifest)
    warnings = [problem.message for problem in problems]
    warnings += [*manifest.warnings, *manifest.damage]
    if manifest.backup_ref != folder.name:
        warnings.append(f"The folder {folder.name!r} was written as {manifest.backup_ref!r}.")
    return BackupVerification(
        status="FAILURE" if problems else "DEGRADED" if warnings else "SUCCESS",
        warnings=tuple(warnings),
        backup_ref=folder.name,
        location=folder,
        problems=problems,
        file_count=len(manifest.files),
        bytes_read=manifest.total_bytes,
    )


def find_backup(ref: object, backup_root: Path, error_type: type[RecoveryError]) -> Path:
    """Return the folder of a backup given by name, or by absolute path.

    Raises:
        RecoveryError: Of the given class: `recovery_invalid_backup_ref` for a name that could
            lead elsewhere, `recovery_backup_not_found` when no such folder exists.
        ValidationError: `recovery_invalid_text` when it is blank.
    """
    if isinstance(ref, Path) or (isinstance(ref, str) and Path(ref).is_absolute()):
        folder = absolute(ref)
        known = os.path.lexists(folder / MANIFEST_NAME) or os.path.lexists(folder / PAYLOAD)
    else:
        folder = backup_root / checked_ref(ref, error_type)
        known = folder.is_dir()
    if not known or folder.is_symlink():
        raise error_type(
            f"There is no backup {str(ref)!r} in {str(backup_root)!r}. list_backups names them.",
            code="recovery_backup_not_found",
            details={"backup_ref": str(ref), "backup_root": str(backup_root)},
        )
    return folder
