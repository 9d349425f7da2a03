"""Copy the payload of a backup to where it will be opened, checking every byte on the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contexta.recovery._layout import DATABASE_NAME, WORKSPACE_MARK, Layout
from contexta.recovery._manifest import FileEntry, Manifest
from contexta.recovery._progress import Reporter
from contexta.recovery._verify import check_entry, check_files
from contexta.store.fs import ensure_private_dir, open_private, write_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from contexta.recovery._models_backup import BackupProblem
    from contexta.recovery._source import BackupSource


def place_of(entry_path: str, layout: Layout) -> Path | None:
    """Return where a file of a backup belongs in a workspace; None for the dumped configuration."""
    parts = entry_path.split("/")[1:]
    section, below = parts[0], parts[1:]
    if section == WORKSPACE_MARK and not below:
        return layout.root / WORKSPACE_MARK
    if section == "config":
        return None
    if section == "metadata" and below == [DATABASE_NAME]:
        return layout.database
    if section == "recovery" and below[:1] == ["outbox"]:
        section, below = "outbox", below[1:]
    base: Path | None = {
        "metadata": layout.metadata,
        "records": layout.records,
        "artifacts": layout.artifacts,
        "outbox": layout.outbox,
        "cache": layout.cache,
        "exports": layout.exports,
    }.get(section)
    return base.joinpath(*below) if base is not None and below else None


def stage(
    source: BackupSource,
    manifest: Manifest,
    layout: Layout,
    reporter: Reporter | None = None,
    *,
    kept: AbstractSet[FileEntry] = frozenset(),
) -> tuple[BackupProblem, ...]:
    """Copy the payload of `source`, decoded, into the folders of `layout`, 0600 and synced.

    Args:
        source: The backup.
        manifest: Its manifest.
        layout: Where the files go.
        reporter: Told about every file.
        kept: Files of which a verified copy is in its place already.

    Returns:
        What does not verify; then the copy must not be used.
    """
    writer = _Writer(layout)
    try:
        for entry in manifest.files:
            if entry.size == 0 and entry not in kept:
                writer.write(entry, b"")
        return check_files(
            source, manifest, writer.write, reporter=reporter, phase="stage", skip=kept
        )
    finally:
        writer.close()


def stage_files(
    source: BackupSource, entries: Sequence[FileEntry], layout: Layout
) -> tuple[BackupProblem, ...]:
    """Copy some files of a backup, as `stage` does with all of them."""
    writer = _Writer(layout)
    try:
        found = [check_entry(source, entry, writer.write, Reporter()) for entry in entries]
    finally:
        writer.close()
    return tuple(problem for problem in found if problem is not None)


class _Writer:
    """Writes chunks as they are verified; keeps one file open at a time."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._entry: FileEntry | None = None
        self._fd = -1

    def write(self, entry: FileEntry, chunk: bytes) -> None:
        if entry is not self._entry:
            self.close()
            self._open(entry)
        if self._fd >= 0:
            write_all(self._fd, chunk)

    def _open(self, entry: FileEntry) -> None:
        self._entry = entry
        target = place_of(entry.path, self._layout)
        if target is not None:
            ensure_private_dir(target.parent)
            self._fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)

    def close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
