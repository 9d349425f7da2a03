"""Open a backup together with its key, when it needs one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._manifest import Manifest
from contexta.recovery._manifest_read import LoadedManifest, load_manifest
from contexta.recovery._source import BackupSource, open_source
from contexta.recovery.keys import read_key_file

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._sealing import BackupSealing


_KEY_ID = re.compile(r"[0-9a-f]{16}")


class OpenedBackup(NamedTuple):
    """A backup for reading.

    Attributes:
        source: Its bytes; with the key, when the backup is encrypted and there is one.
        loaded: Its manifest, with all files unless the backup is encrypted and there is no key.
    """

    source: BackupSource
    loaded: LoadedManifest

    @property
    def is_locked(self) -> bool:
        """Whether only the bytes can be verified, for want of a key."""
        manifest = self.loaded.manifest
        return manifest is not None and manifest.encryption is not None and not manifest.files


def open_backup(
    location: Path,
    error_type: type[RecoveryError],
    *,
    config: RecoveryConfig | None = None,
    key_file: str | Path | None = None,
    needs_files: bool = True,
) -> OpenedBackup:
    """Open a backup and, when it is encrypted, unlock it before anything else is done with it.

    Args:
        location: Folder or archive.
        error_type: The class to raise.
        config: Names the key file to use when `key_file` is None.
        key_file: The key file; not looked at unless the backup is encrypted.
        needs_files: Whether to refuse an encrypted backup when there is no key.

    Raises:
        RecoveryError: Of the given class: `recovery_key_missing`, `recovery_key_wrong`,
            `recovery_key_invalid`, `recovery_key_permissions`,
            `recovery_encryption_unavailable`. Damage is in `loaded` instead.
    """
    source = open_source(location)
    loaded = load_manifest(source)
    manifest = loaded.manifest
    if manifest is None or manifest.encryption is None:
        return OpenedBackup(source, loaded)
    path = key_path(config, key_file)
    if path is None and not needs_files:
        return OpenedBackup(source, loaded)
    sealing = _matching_sealing(source, manifest, path, error_type)
    source.sealing = sealing
    return OpenedBackup(source, unlocked(source, loaded, sealing))


def unlocked(
    source: BackupSource, loaded: LoadedManifest, sealing: BackupSealing
) -> LoadedManifest:
    """Return what was loaded with the files of an encrypted backup, or the reason why not."""
    from contexta.recovery._sealing import open_manifest

    if loaded.manifest is None or loaded.manifest.encryption is None:
        return loaded
    opened = open_manifest(source, loaded.manifest, sealing)
    if isinstance(opened, Manifest):
        return loaded._replace(manifest=opened)
    return LoadedManifest(None, (opened,), loaded.sha256)


def key_id_of(manifest: Manifest) -> str | None:
    """Return the id of the key that a backup is encrypted with; None when it is not."""
    if manifest.encryption is None:
        return None
    said = str(manifest.encryption.get("key_id"))
    return said if _KEY_ID.fullmatch(said) else "unknown"


def key_path(config: RecoveryConfig | None, key_file: str | Path | None) -> Path | None:
    """Return the key file to use: the one given, else the configured one, else None."""
    if key_file is None and config is not None:
        key_file = getattr(config.recovery, "backup_key_file", None)
    return None if key_file is None else Path(key_file)


def sealing_with(path: str | Path, error_type: type[RecoveryError]) -> BackupSealing:
    """Return what seals and opens files with the key in a file.

    Raises:
        RecoveryError: As `keys.read_key_file`, and `recovery_encryption_unavailable`.
    """
    from contexta.recovery._derive import require_cryptography
    from contexta.recovery._sealing import BackupSealing

    require_cryptography(error_type)
    return BackupSealing(read_key_file(path, error_type))


def _matching_sealing(
    source: BackupSource, manifest: Manifest, path: Path | None, error_type: type[RecoveryError]
) -> BackupSealing:
    key_id = key_id_of(manifest)
    if path is None:
        raise error_type(
            f"Backup {source.ref!r} is encrypted with key {key_id}, and no key was given. Pass "
            "key_file, or set recovery.backup_key_file.",
            code="recovery_key_missing",
            details={"backup_ref": source.ref, "key_id": key_id},
        )
    sealing = sealing_with(path, error_type)
    if sealing.key_id != key_id:
        raise error_type(
            f"Backup {source.ref!r} is encrypted with key {key_id}; {str(path)!r} holds key "
            f"{sealing.key_id}. Pass the file of key {key_id}.",
            code="recovery_key_wrong",
            details={"backup_ref": source.ref, "key_id": key_id, "given_key_id": sealing.key_id},
        )
    return sealing
