"""What to do about a write-ahead log that lost confirmed writes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError, NotFoundError
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    open_private,
    translated_os_errors,
)
from contexta.store.metadata._copy import BACKUP_FOLDER
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._log_mark import lost_frames
from contexta.store.metadata._sqlite import lock_path, wal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.store.metadata._config import MetadataStoreConfig


def require_whole_log(config: MetadataStoreConfig) -> None:
    """Refuse to write to a ledger whose log lost confirmed writes: the first write ends them.

    Raises:
        IntegrityError: `metadata_log_damaged`.
    """
    if config.read_only or config.on_server or not isinstance(config.database_path, Path):
        return
    lost = lost_frames(config.database_path, after_crash_only=True)
    if lost:
        # Others may have written in between; now they wait.
        with FileLock(lock_path(config.database_path)):
            lost = lost_frames(config.database_path, after_crash_only=True)
    if lost:
        raise IntegrityError(
            f"{str(wal_path(config.database_path))!r} is damaged: its last {lost} pages were "
            "confirmed and cannot be read. Restore a backup; or open the ledger read-only to see "
            "what is left, and call contexta.store.metadata.accept_damaged_log(config) to go on "
            "without them.",
            code="metadata_log_damaged",
            details={"database_path": str(config.database_path), "lost_frames": lost},
        )


def log_issues(database: Path) -> Iterator[IntegrityIssue]:
    """Yield the finding that the log of a database lost confirmed writes."""
    lost = lost_frames(database, after_crash_only=False)
    if lost:
        yield IntegrityIssue(
            code="metadata_log_damaged",
            message=f"The last {lost} pages of the write-ahead log were confirmed and cannot be "
            "read.",
            suggested_action="restore_backup",
            details={"lost_frames": lost},
        )


def accept_damaged_log(config: MetadataStoreConfig) -> Path:
    """Go on without the confirmed writes that a damaged log lost.

    The log is copied into `backups/` beside the ledger first. The ledger then opens with what was
    confirmed before the damage; check it after.

    Returns:
        The copy of the log.

    Raises:
        NotFoundError: `metadata_log_not_damaged` when nothing is lost.
        StoreAccessError: When the copy cannot be written, or the ledger stays busy.
    """
    database = Path(config.resolved_database_path())
    with FileLock(lock_path(database)):
        if not lost_frames(database, after_crash_only=False):
            raise NotFoundError(
                f"The log of {str(database)!r} lost nothing that is known.",
                code="metadata_log_not_damaged",
                details={"database_path": str(database)},
            )
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        log = wal_path(database)
        copy = database.parent / BACKUP_FOLDER / f"{log.name}-damaged-{stamp}"
        ensure_private_dir(copy.parent)
        with translated_os_errors("read", log):
            content = log.read_bytes()
        atomic_write_bytes(copy, content)
        mark = open_private(lock_path(database), os.O_WRONLY)
        try:
            os.ftruncate(mark, 0)
        finally:
            os.close(mark)
    return copy
