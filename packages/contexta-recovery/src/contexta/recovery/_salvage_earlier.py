"""Right copies of what a source has lost, from the other backups in the same folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contexta.recovery._layout import DATABASE_NAME
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._progress import Reporter
from contexta.recovery._verify import check_entry
from contexta.store.fs import ensure_private_dir, open_private, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from contexta.recovery._manifest import FileEntry, Manifest
    from contexta.recovery._source import BackupSource

_LEDGER = f"{PAYLOAD}/metadata/{DATABASE_NAME}"


class Earlier:
    """Other backups of a workspace; each file that is taken from one is verified first.

    Args:
        backups: Manifest and source of each, the newest first.
        before: Only ledgers of backups made before this instant, UTC text; None means any.
        knows_files: Whether the files of the latest one should be in what is salvaged, too: it
            is a live workspace, which is younger than all of its backups.
    """

    def __init__(
        self,
        backups: Iterable[tuple[Manifest, BackupSource]] = (),
        before: str | None = None,
        *,
        knows_files: bool = False,
    ) -> None:
        self._backups = tuple(backups)
        self._latest = self._backups[:1] if knows_files else ()
        self._ledgers = [
            (manifest, source)
            for manifest, source in self._backups
            if before is None or manifest.created_at < before
        ]
        self._by_hash: dict[str, list[tuple[Manifest, BackupSource, FileEntry]]] | None = None

    def take_ledger(self, target: Path) -> Manifest | None:
        """Write the ledger of the nearest backup that verifies; the next call takes the next."""
        while self._ledgers:
            manifest, source = self._ledgers.pop(0)
            entry = next((one for one in manifest.files if one.path == _LEDGER), None)
            if entry is not None and take_entry(source, entry, target):
                return manifest
        return None

    def take_copy(self, sha256: str, target: Path) -> str | None:
        """Write a file with this SHA-256; return the name of the backup that has it."""
        if self._by_hash is None:
            self._by_hash = {}
            for manifest, source in self._backups:
                for entry in manifest.files:
                    self._by_hash.setdefault(entry.sha256, []).append((manifest, source, entry))
        for manifest, source, entry in self._by_hash.get(sha256, ()):
            if take_entry(source, entry, target):
                return manifest.backup_ref
        return None

    def take_file(self, path: str, target: Path) -> str | None:
        """Write the latest file of this path; return the name of the backup that has it.

        Args:
            path: Relative to the workspace, as `records/_parts.jsonl`.
            target: Where it goes.
        """
        for manifest, source in self._backups:
            for entry in manifest.files:
                if entry.path == f"{PAYLOAD}/{path}" and take_entry(source, entry, target):
                    return manifest.backup_ref
        return None

    def latest_files(self, folder: str) -> Iterator[str]:
        """Yield the paths, relative to the workspace, that should be in a folder."""
        for manifest, _ in self._latest:
            for entry in manifest.files:
                if entry.path.startswith(f"{PAYLOAD}/{folder}/"):
                    yield entry.path.partition("/")[2]


def take_entry(source: BackupSource, entry: FileEntry, target: Path) -> bool:
    """Write one file of a backup; False, and no file, when it does not verify.

    Raises:
        OSError: When the target cannot be written.
    """
    ensure_private_dir(target.parent)
    temporary = target.with_name(f"_{target.name[:100]}.{os.urandom(8).hex()}.tmp")
    fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        problem = check_entry(
            source, entry, lambda _, chunk: write_all(fd, chunk), Reporter(), source.sealing
        )
    except BaseException:
        temporary.unlink()
        raise
    finally:
        os.close(fd)
    if problem is not None:
        temporary.unlink()
        return False
    os.replace(temporary, target)
    return True
