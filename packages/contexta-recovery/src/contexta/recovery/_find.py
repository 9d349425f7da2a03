"""Where backups lie, and which of them a name or a path means."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._hold import held_for_reading
from contexta.recovery._layout import absolute
from contexta.recovery._manifest import MANIFEST_NAME, PAYLOAD
from contexta.recovery._names import checked_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.contract.errors import RecoveryError

ARCHIVE_SUFFIX = ".tar"


def published(backup_root: Path) -> tuple[Path, ...]:
    """Return what lies in a backup folder as a backup, in the order of names.

    Folders with a manifest and `.tar` files; hidden ones are unfinished, links are not followed.
    """
    if not backup_root.is_dir():
        return ()
    return tuple(
        path
        for path in sorted(backup_root.iterdir())
        if not path.name.startswith(".") and _is_published(path)
    )


def find_backup(ref: object, backup_root: Path, error_type: type[RecoveryError]) -> Path:
    """Return the folder or archive of a backup given by name, or by absolute path.

    Args:
        ref: A name from `list_backups`, with or without the `.tar` of an archive; or an absolute
            path, or a `Path`.
        backup_root: Where names are looked up.
        error_type: The class to raise.

    Raises:
        RecoveryError: Of the given class: `recovery_invalid_backup_ref` for a name that could
            lead elsewhere, `recovery_backup_not_found` when there is no such backup.
        ValidationError: `recovery_invalid_text` when it is blank.
    """
    if isinstance(ref, Path) or (isinstance(ref, str) and Path(ref).is_absolute()):
        path = absolute(ref)
        is_file = _mode(path) == stat.S_IFREG  # an archive, whatever its name
        if is_file or _is_folder_with(path, MANIFEST_NAME) or _is_folder_with(path, PAYLOAD):
            return path
    else:
        name = checked_ref(ref, error_type)
        folder = backup_root / name
        if _mode(folder) == stat.S_IFDIR:
            return folder
        for path in (folder, folder.with_name(f"{name}{ARCHIVE_SUFFIX}")):
            if _is_archive(path):
                return path
    raise error_type(
        f"There is no backup {str(ref)!r} in {str(backup_root)!r}. list_backups names them.",
        code="recovery_backup_not_found",
        details={"backup_ref": str(ref), "backup_root": str(backup_root)},
    )


@contextmanager
def held_backup(ref: object, backup_root: Path, error_type: type[RecoveryError]) -> Iterator[Path]:
    """Find a backup and keep a prune from removing it; see `find_backup`."""
    with held_for_reading(find_backup(ref, backup_root, error_type)):
        yield find_backup(ref, backup_root, error_type)  # it may be gone before it was held


def _is_published(path: Path) -> bool:
    return _is_archive(path) or _is_folder_with(path, MANIFEST_NAME)


def _is_folder_with(path: Path, name: str) -> bool:
    return _mode(path) == stat.S_IFDIR and os.path.lexists(path / name)


def _is_archive(path: Path) -> bool:
    return path.suffix == ARCHIVE_SUFFIX and _mode(path) == stat.S_IFREG


def _mode(path: Path) -> int | None:
    """Return the kind of a file, a link not followed; None when there is nothing."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
