"""The source side of a move: nothing goes that was not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import ArtifactError
from contexta.store.fs import fsync_dir, translated_os_errors

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path


def require_unchanged(path: Path, before: os.stat_result) -> None:
    """Refuse to move a file that somebody writes: its last bytes would be lost.

    Raises:
        ArtifactError: `artifact_store_source_changed` (retryable).
    """
    with translated_os_errors("look at", path):
        now = path.stat()
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    ):
        raise ArtifactError(
            f"{str(path)!r} changed while it was being copied; nothing was bound or removed. "
            "Move it when its writer is done.",
            code="artifact_store_source_changed",
            details={"path": str(path)},
            retryable=True,
        )


def remove_files(paths: Iterable[Path]) -> None:
    """Remove sources that are stored now."""
    for path in paths:
        with translated_os_errors("remove the moved source", path):
            path.unlink()
        fsync_dir(path.parent)


def remove_empty_folders(source: Path, folders: Iterable[str]) -> None:
    """Remove the folders of a moved tree, deepest first; one that got new files stays."""
    for folder in (*(source / name for name in sorted(folders, reverse=True)), source):
        with translated_os_errors("remove the moved folder", folder):
            if any(folder.iterdir()):
                continue
            folder.rmdir()
