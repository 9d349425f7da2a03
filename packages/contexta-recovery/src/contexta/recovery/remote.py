"""Copies of backups elsewhere: in a bucket, on a server, on another disk.

Nothing here touches a network until you give a URL, and no other part of Contexta does at all.
The extra `remote` brings `fsspec`; the library of a store (`s3fs` for `s3://`, `gcsfs` for
`gs://`, `adlfs` for `abfs://`) is yours to install. Credentials are found by that library where
it always looks for them; none is kept, shown or written.

A backup lies elsewhere as two files: `<backup_ref>.tar`, the archive, and `<backup_ref>.json`, a
small data sheet that is written last. Nothing there is ever overwritten or pruned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.recovery._errors import BackupError, translated
from contexta.recovery._find import held_backup
from contexta.recovery._layout import layout_of
from contexta.recovery._models_remote import PullResult, PushResult, RemoteBackup
from contexta.recovery._progress import Progress, Reporter
from contexta.recovery._remote_listing import listing
from contexta.recovery._remote_place import RemotePlace
from contexta.recovery._remote_pull import pull
from contexta.recovery._remote_push import push, refuse_inside
from contexta.recovery._remote_sheet import remote_ref
from contexta.recovery._remote_verify import verification
from contexta.recovery._unlock import open_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery.models import BackupVerification

__all__ = [
    "PullResult",
    "PushResult",
    "RemoteBackup",
    "list_remote_backups",
    "pull_backup",
    "push_backup",
    "verify_remote_backup",
]


def push_backup(
    config: RecoveryConfig,
    backup_ref: str | Path,
    url: str,
    *,
    key_file: str | Path | None = None,
    storage_options: Mapping[str, Any] | None = None,
    read_back: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> PushResult:
    """Verify a backup, send it elsewhere as one archive, and read it back from there.

    Every byte is verified before the first is sent. A backup in the folder form becomes an
    archive while it is sent, so no room on the disk is needed, and both forms of one backup give
    the same archive. It is then read back and compared, and only then its data sheet is written:
    a backup with a sheet is complete.

    A push that was killed or failed can be made again; what it left is removed then. Nothing
    that was there is overwritten: the same content is left as it is (`already_there`), other
    content is an error.

    Args:
        config: The resolved configuration.
        backup_ref: A name from `list_backups`, or an absolute path.
        url: Of a folder or of a prefix in a bucket: `s3://bucket/backups`,
            `file:///mnt/disk/backups`. The folder is made, a bucket is not.
        key_file: The key of an encrypted backup, to verify more than its stored bytes;
            `recovery.backup_key_file` by default. It is never sent.
        storage_options: Passed to the filesystem of fsspec, such as `{"endpoint_url": ...}`.
        read_back: Whether what the store holds is read to its end and compared. It costs as
            much transfer again, and finds what the store's own checksums do not.
        progress: Told about ten times a second how far it is. An exception in it stops the
            push; call again to finish.

    Returns:
        What was sent. `DEGRADED` with a warning for a backup that is not encrypted: who reads
        the place reads the backup.

    Raises:
        BackupError: `recovery_backup_damaged` when it does not verify here,
            `recovery_remote_exists` for other content of that name,
            `recovery_remote_unverified` when it does not read back,
            `recovery_remote_inside_workspace`, `recovery_remote_url_invalid`,
            `recovery_remote_sheet_invalid`, `recovery_remote_damaged`,
            `recovery_remote_not_found`, `recovery_remote_denied`, `recovery_remote_failed`
            (retryable), and the codes of `verify_backup`.
        DependencyError: `recovery_remote_unavailable`; it names the line for pip.
    """
    layout = layout_of(config)
    with translated(BackupError, "send the backup"):
        place = RemotePlace(url, storage_options)
        refuse_inside(layout, place)
        with held_backup(backup_ref, layout.backups, BackupError) as path:
            opened = open_backup(
                path, BackupError, config=config, key_file=key_file, needs_files=False
            )
            return push(opened, place, Reporter(progress), read_back=read_back)


def list_remote_backups(
    url: str, *, storage_options: Mapping[str, Any] | None = None
) -> tuple[RemoteBackup, ...]:
    """Return the backups elsewhere, oldest first, from their data sheets alone.

    No archive is read. What is not complete comes last, with `problem` set: an archive without a
    sheet, a sheet without an archive, an archive of another size, the rest of a killed push.
    Files that are none of ours are left out.

    Args:
        url: As for `push_backup`.
        storage_options: Likewise.

    Raises:
        BackupError: `recovery_remote_not_found` when nothing is there,
            `recovery_remote_url_invalid`, `recovery_remote_denied`, `recovery_remote_failed`.
        DependencyError: `recovery_remote_unavailable`.
    """
    return listing(RemotePlace(url, storage_options))


def verify_remote_backup(
    url: str,
    backup_ref: str,
    *,
    storage_options: Mapping[str, Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BackupVerification:
    """Read an archive elsewhere to its end and compare it with its data sheet; nothing is kept.

    It finds damage, not somebody who changes both alike: `pull_backup` verifies what is inside,
    and with the key of an encrypted backup who made it.

    Args:
        url: As for `push_backup`.
        backup_ref: A name from `list_remote_backups`.
        storage_options: As for `push_backup`.
        progress: Likewise.

    Returns:
        `FAILURE` with the problem, else `SUCCESS`: `file_missing` without the archive,
        `manifest_missing` or `manifest_invalid` for the sheet, `size_differs`, `hash_differs`.
        `location` is None.

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_invalid_backup_ref`, and as
            `list_remote_backups`.
        DependencyError: `recovery_remote_unavailable`.
    """
    ref = remote_ref(backup_ref, BackupError)
    return verification(RemotePlace(url, storage_options), ref, Reporter(progress))


def pull_backup(
    config: RecoveryConfig,
    url: str,
    backup_ref: str,
    *,
    key_file: str | Path | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> PullResult:
    """Fetch a backup from elsewhere, verify it, and put it among the backups of the workspace.

    It arrives in a hidden folder of the backup folder. Its size and SHA-256 must be those of the
    data sheet, every byte must be what its own manifest says, and the sheet must tell the same
    as the manifest; then it gets its name by one rename. Until then it is no backup, and nothing
    of it stays when it is refused. A pull that was killed can be made again.

    The workspace need not exist. Restore what was fetched with `plan_restore`.

    Args:
        config: The resolved configuration.
        url: As for `push_backup`.
        backup_ref: A name from `list_remote_backups`.
        key_file: The key of an encrypted backup; `recovery.backup_key_file` by default. Without
            one only its stored bytes are verified (note `sealed_bytes_only`).
        storage_options: As for `push_backup`.
        progress: Likewise.

    Returns:
        Where it lies, always as an archive. A backup of that name that is here and holds the
        same is left as it is (`already_here`).

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_backup_exists` for another backup of
            that name here, `recovery_backup_damaged` or `recovery_remote_damaged` when it is
            not what was sent, `recovery_backup_busy` while another process fetches it,
            `recovery_remote_incomplete`, `recovery_remote_sheet_invalid`,
            `recovery_disk_full`, and as `list_remote_backups` and `verify_backup`.
        DependencyError: `recovery_remote_unavailable`.
    """
    layout = layout_of(config)
    with translated(BackupError, "fetch the backup"):
        ref = remote_ref(backup_ref, BackupError)
        place = RemotePlace(url, storage_options)
        report = Reporter(progress)
        return pull(place, ref, layout.backups, report, config=config, key_file=key_file)
