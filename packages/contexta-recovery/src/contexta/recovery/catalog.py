"""List and verify backups. Nothing here writes into a backup."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError, translated
from contexta.recovery._find import find_backup, held_backup, published
from contexta.recovery._layout import absolute, layout_of
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._opened import open_all
from contexta.recovery._progress import Progress, Reporter
from contexta.recovery._source import BackupSource, open_source
from contexta.recovery._unlock import OpenedBackup, key_id_of, open_backup
from contexta.recovery._verify import check_files
from contexta.recovery.models import BackupProblem, BackupSummary, BackupVerification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._manifest import Manifest

__all__ = ["find_backup", "list_backups", "verify_backup"]


def list_backups(config: RecoveryConfig) -> tuple[BackupSummary, ...]:
    """Return the published backups, oldest first, from their manifests alone.

    Folders without a manifest and unfinished backups are not backups and are left out. A backup
    whose manifest cannot be trusted is listed with `problem` set, after the others.
    """
    root = layout_of(config).backups
    with translated(BackupError, "list the backups"):
        found = [summary_of(open_source(path)) for path in published(root)]
        # What has no manifest any more may have been pruned since it was seen.
        summaries = [one for one in found if one.problem is None or os.path.lexists(one.location)]
    return tuple(
        sorted(summaries, key=lambda one: (one.created_at is None, one.created_at, one.backup_ref))
    )


def summary_of(source: BackupSource) -> BackupSummary:
    """Return what the manifest of a backup says."""
    loaded = load_manifest(source)
    if loaded.manifest is None:
        return BackupSummary(source.ref, source.location, problem=loaded.problems[0].message)
    manifest = loaded.manifest
    is_sealed = manifest.encryption is not None
    return BackupSummary(
        backup_ref=source.ref,
        location=source.location,
        created_at=manifest.created_at,
        total_bytes=manifest.stored_bytes if is_sealed else manifest.total_bytes,
        included_sections=manifest.included_sections,
        counts=manifest.counts,
        form="archive" if source.location.is_file() else "directory",  # a pulled one was a folder
        encrypted=is_sealed,
        key_id=key_id_of(manifest),
    )


def verify_backup(
    source: RecoveryConfig | str | Path,
    backup_ref: str | Path | None = None,
    *,
    deep: bool = False,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BackupVerification:
    """Read every byte of a backup and report each problem with its place.

    It reads the manifest first, then each listed file in the order of paths, then looks for
    files that are not listed. It changes nothing in the backup and follows no link, and no prune
    removes the backup meanwhile. It cannot detect an edit by somebody who also rewrites every
    digest, unless the backup is encrypted and the key is at hand. Without the key, the bytes of an
    encrypted backup are verified as they are stored (note `sealed_bytes_only`).

    Args:
        source: A configuration, together with the name of one of its backups; or the folder or
            archive of a backup.
        backup_ref: The name, or an absolute path, when `source` is a configuration.
        deep: Whether the stores are opened on a copy as well, every record read, and what they
            hold compared with the counts in the manifest. The copy is as large as the workspace
            and removed at the end; it lies in the staging folder of the configuration, or with
            a path in the temporary folder of the system.
        key_file: The key of an encrypted backup; `recovery.backup_key_file` by default.
        progress: Told about ten times a second how far it is. An exception in it ends the work.

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`,
            `recovery_key_wrong`, `recovery_key_missing` when `deep` needs the key, and the codes
            of key files and of system failures.
        ValidationError: `recovery_invalid_text` when the name is blank or missing.
    """
    with translated(BackupError, "verify the backup"):
        if isinstance(source, str | Path):
            place = absolute(source)
            held, config, scratch = held_backup(place, place.parent, BackupError), None, None
        else:
            layout, config = layout_of(source), source
            held, scratch = held_backup(backup_ref, layout.backups, BackupError), layout.staging
        with held as path:
            opened = open_backup(
                path, BackupError, config=config, key_file=key_file, needs_files=deep
            )
            return _verify(opened, Reporter(progress), deep=deep, scratch=scratch)


def _verify(
    backup: OpenedBackup, reporter: Reporter, *, deep: bool, scratch: Path | None
) -> BackupVerification:
    source, loaded = backup
    manifest = loaded.manifest
    if manifest is None:
        return BackupVerification(
            status="FAILURE",
            warnings=tuple(problem.message for problem in loaded.problems),
            backup_ref=source.ref,
            location=source.location,
            problems=loaded.problems,
        )
    if deep:
        opened = open_all(source, manifest, scratch, reporter)
        return _verification(source, manifest, opened.problems, opened.planes)
    problems = check_files(source, manifest, reporter=reporter)
    verification = _verification(source, manifest, problems, None)
    if backup.is_locked:
        return replace(verification, notes=(*verification.notes, "sealed_bytes_only"))
    return verification


def _verification(
    source: BackupSource,
    manifest: Manifest,
    problems: tuple[BackupProblem, ...],
    planes: Mapping[str, Any] | None,
) -> BackupVerification:
    warnings = [problem.message for problem in problems]
    warnings += [*manifest.warnings, *manifest.damage]
    if manifest.backup_ref != source.ref:
        warnings.append(f"{source.location.name!r} was written as {manifest.backup_ref!r}.")
    return BackupVerification(
        status="FAILURE" if problems else "DEGRADED" if warnings else "SUCCESS",
        warnings=tuple(warnings),
        notes=("bytes_read",) if planes is None else ("bytes_read", "stores_opened"),
        backup_ref=source.ref,
        location=source.location,
        problems=problems,
        file_count=len(manifest.files) or len(manifest.sealed_files),
        bytes_read=manifest.stored_bytes,
        plane_results=planes,
    )
