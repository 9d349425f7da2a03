"""The copied files as they are, decoded, so that their stores can be opened before publication."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from contexta.recovery._codec import HashingReader, UndecodableError, UnreadableError, plain_chunks
from contexta.recovery._errors import BackupError
from contexta.recovery._manifest import PLAIN
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._sync import make_folders
from contexta.store.fs import open_private, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.recovery._codec import Sealing
    from contexta.recovery._manifest import FileEntry
    from contexta.recovery._source import DirectorySource

_NEW = os.O_CREAT | os.O_TRUNC | os.O_WRONLY


class View:
    """A folder of scratch that shows stored files as the workspace had them.

    Args:
        folder: The scratch folder; on another disk than the backup when that is encrypted.
        source: The backup that is being written.
        sealing: Opens its files when they are encrypted.
    """

    def __init__(
        self, folder: Path, source: DirectorySource, sealing: Sealing | None = None
    ) -> None:
        self.folder = folder
        self._source = source
        self._sealing = sealing
        self._shown: dict[str, str] = {}

    def path(self, relative: str) -> Path:
        """Return where a file is shown; its folder exists then."""
        path = self.folder / relative
        make_folders(path.parent)
        return path

    def write(self, relative: str, data: bytes) -> Path:
        """Show bytes that are not stored yet."""
        path = self.path(relative)
        fd = open_private(path, _NEW)
        try:
            write_all(fd, data)
        finally:
            os.close(fd)
        return path

    def keep(self, entry: FileEntry) -> None:
        """Note that the bytes of a file are shown already: it was stored from here."""
        self._shown[entry.path] = entry.sha256

    def put(self, entry: FileEntry) -> Path:
        """Show a stored file, replacing what was shown under its path.

        Raises:
            BackupError: `recovery_backup_unverified` when it cannot be read back.
        """
        path = self.path(entry.path)
        if self._shown.get(entry.path) == entry.sha256:
            return path
        with suppress(FileNotFoundError):
            path.unlink()
        self._fill(entry, path)
        self.keep(entry)
        return path

    def _fill(self, entry: FileEntry, path: Path) -> None:
        # Only files that no store ever opens for writing may share bytes with the backup.
        if entry.encoding == PLAIN and _is_immutable(entry.path):
            with suppress(OSError):
                os.link(self._source.location / entry.stored, path, follow_symlinks=False)
                return
        opened = self._source.open(entry.stored, entry.stored_size)
        if isinstance(opened, BackupProblem):
            raise _unverified(opened.message, entry)
        fd = open_private(path, _NEW)
        try:
            with opened, HashingReader(opened) as stored:
                for chunk in plain_chunks(stored, entry.encoding, entry.size, self._sealing):
                    write_all(fd, chunk)
        except (UndecodableError, UnreadableError) as error:
            raise _unverified(f"{entry.stored}: {error}.", entry) from error
        finally:
            os.close(fd)


def _unverified(message: str, entry: FileEntry) -> BackupError:
    return BackupError(
        f"The backup does not read back as written: {message} Check the disk; nothing was "
        "published.",
        code="recovery_backup_unverified",
        details={"path": entry.path},
    )


def _is_immutable(relative: str) -> bool:
    return relative.endswith(".parquet") or "/artifacts/objects/" in relative
