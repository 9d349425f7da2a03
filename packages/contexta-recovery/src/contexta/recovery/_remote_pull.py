"""Fetch a backup from elsewhere, believing nothing of what arrives."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError
from contexta.recovery._find import find_backup, held_backup
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._models_remote import PullResult
from contexta.recovery._publish import (
    ARCHIVE,
    PARTIAL_PREFIX,
    is_taken,
    publish,
    remove_partials,
)
from contexta.recovery._remote_listing import complete_backup, damaged_there
from contexta.recovery._remote_sheet import Sheet, sheet_of
from contexta.recovery._remote_stream import ArchiveStream, Measured, Meter, damaged
from contexta.recovery._scratch import scratch_folder
from contexta.recovery._source import open_source
from contexta.recovery._space import require_room
from contexta.recovery._unlock import open_backup
from contexta.recovery._verify import check_files
from contexta.store.fs import ensure_private_dir, fsync_dir, open_private, write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._manifest import Manifest
    from contexta.recovery._progress import Reporter
    from contexta.recovery._remote_place import RemotePlace


def pull(
    place: RemotePlace,
    ref: str,
    root: Path,
    report: Reporter,
    *,
    config: RecoveryConfig,
    key_file: str | Path | None,
) -> PullResult:
    """Fetch a backup into the backup folder `root`; see `remote.pull_backup`."""
    sheet = complete_backup(place, ref)
    swept = _swept(root)
    if is_taken(root, ref):
        return _already_here(place, sheet, root, swept)
    require_room([(root, sheet.size)], BackupError, "set recovery.backup_root to another disk")
    ensure_private_dir(root)
    with _partial(root, ref) as partial:
        packed = partial / ARCHIVE
        _fetch(place, sheet, packed, report)
        manifest, notes = _verified(place, sheet, packed, report, config, key_file)
        if is_taken(root, ref):
            return _already_here(place, sheet, root, swept)
        location = root / sheet.archive
        publish(packed, location)
    warnings = [*manifest.warnings, *manifest.damage]
    if manifest.backup_ref != ref:
        warnings.append(f"{ref!r} was written as {manifest.backup_ref!r}.")
    notes = ("fetched", "bytes_read", *notes, *swept)
    return _result(place, sheet, location, tuple(warnings), notes)


def _swept(root: Path) -> tuple[str, ...]:
    """Remove what killed pulls and backups left, also one killed after its rename.

    Returns:
        A note when some of it stays: the backup can still be here, or come.
    """
    try:
        remove_partials(root)
    except OSError:
        return ("leftovers_kept",)
    return ()


@contextmanager
def _partial(root: Path, ref: str) -> Iterator[Path]:
    path = root / f"{PARTIAL_PREFIX}{ref}"
    folder = scratch_folder(path)
    try:
        folder.__enter__()
    except BlockingIOError as error:
        raise BackupError(
            f"Another process is fetching or writing backup {ref!r}. Wait for it.",
            code="recovery_backup_busy",
            details={"backup_ref": ref},
            retryable=True,
        ) from error
    try:
        yield path
    finally:
        folder.__exit__(None, None, None)


def _fetch(place: RemotePlace, sheet: Sheet, packed: Path, report: Reporter) -> None:
    report.begin("fetch", 1, sheet.size)
    meter = Meter()
    fd = open_private(packed, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    try:
        for chunk in meter.passing(place.read(sheet.archive, sheet.size)):
            if meter.result.size > sheet.size:
                raise damaged_there(place, sheet.backup_ref, f"it goes on after {sheet.size} bytes")
            write_all(fd, chunk)
            report.advance(len(chunk))
        os.fsync(fd)
    finally:
        os.close(fd)
    if meter.result.size < sheet.size:
        reason = f"it ends after {meter.result.size} of {sheet.size} bytes"
        raise damaged_there(place, sheet.backup_ref, reason)
    if meter.result.sha256 != sheet.sha256:
        raise damaged_there(place, sheet.backup_ref, "its SHA-256 is another one")
    report.advance(files=1)
    report.end()


def _verified(
    place: RemotePlace,
    sheet: Sheet,
    packed: Path,
    report: Reporter,
    config: RecoveryConfig,
    key_file: str | Path | None,
) -> tuple[Manifest, tuple[str, ...]]:
    """Verify what arrived with the engine that verifies every backup."""
    backup = open_backup(packed, BackupError, config=config, key_file=key_file, needs_files=False)
    manifest = backup.loaded.manifest
    if manifest is None:
        raise damaged(sheet.backup_ref, backup.loaded.problems)
    problems = check_files(backup.source, manifest, reporter=report)
    if problems:
        raise damaged(sheet.backup_ref, problems)
    if sheet_of(manifest, sheet.backup_ref, sheet.size, sheet.sha256) != sheet:
        raise damaged_there(place, sheet.backup_ref, "its data sheet tells of another backup")
    return manifest, ("sealed_bytes_only",) if backup.is_locked else ()


def _already_here(
    place: RemotePlace, sheet: Sheet, root: Path, swept: tuple[str, ...]
) -> PullResult:
    """Accept a backup of that name that holds the same, in whatever form; refuse another one."""
    with held_backup(sheet.backup_ref, root, BackupError) as path:
        if _measured_here(path) != (sheet.size, sheet.sha256):
            raise BackupError(
                f"There is another backup {sheet.backup_ref!r} in {str(root)!r}, or it is "
                "damaged. Nothing was fetched and nothing is overwritten: verify it, and rename "
                "or remove it if you want the one from elsewhere.",
                code="recovery_backup_exists",
                details={"backup_ref": sheet.backup_ref, "backup_root": str(root)},
            )
    location = find_backup(sheet.backup_ref, root, BackupError)
    fsync_dir(location.parent)  # whoever gave it its name may have been killed right after
    return _result(place, sheet, location, (), ("already_here", *swept))


def _measured_here(path: Path) -> Measured | None:
    source = open_source(path)
    manifest, raw = load_manifest(source).manifest, source.read_manifest()
    if manifest is None or not isinstance(raw, bytes):
        return None
    meter = Meter()
    try:
        for _ in meter.passing(ArchiveStream(source, raw, manifest.stored_files()).chunks()):
            pass
    except BackupError:  # it is damaged, so it is not the same
        return None
    return meter.result


def _result(
    place: RemotePlace,
    sheet: Sheet,
    location: Path,
    warnings: tuple[str, ...],
    notes: tuple[str, ...],
) -> PullResult:
    return PullResult(
        status="DEGRADED" if warnings else "SUCCESS",
        warnings=warnings,
        notes=notes,
        details={"counts": dict(sheet.counts), "encrypted": sheet.encrypted},
        backup_ref=sheet.backup_ref,
        url=f"{place.url}/{sheet.archive}",
        location=location,
        size_bytes=sheet.size,
        sha256=sheet.sha256,
        already_here="already_here" in notes,
    )
