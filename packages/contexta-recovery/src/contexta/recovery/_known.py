"""Files that earlier backups hold already, found by their content."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._find import published
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import DirectorySource

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.recovery._manifest import FileEntry, Manifest, PlaneInspection

_MOST_PARENTS = 3
_MOST_LOOKED_AT = 12
_MOST_CANDIDATES = 8


class Candidate(NamedTuple):
    """A stored file of an earlier backup, or of the one being written."""

    folder: Path
    entry: FileEntry

    @property
    def path(self) -> Path:
        """Where the stored file is."""
        return self.folder / self.entry.stored


class KnownFiles:
    """Content that is stored already. Threads may add and look up at once."""

    def __init__(self) -> None:
        self._by_content: dict[tuple[str, int], tuple[Candidate, ...]] = {}
        self._sizes: set[int] = set()
        self._on_their_way: dict[int, threading.Event] = {}
        self._claiming = threading.Lock()
        self._inspections: dict[tuple[str, str], PlaneInspection] = {}

    def add(self, folder: Path, entry: FileEntry) -> None:
        """Add a stored file; empty files are not worth a link."""
        if entry.size:
            key = (entry.sha256, entry.size)
            before = self._by_content.get(key, ())
            if len(before) < _MOST_CANDIDATES:
                self._by_content[key] = (*before, Candidate(folder, entry))
            self._sizes.add(entry.size)

    def add_backup(self, folder: Path, manifest: Manifest) -> None:
        """Add every stored file of a backup, and what opening its planes showed."""
        for entry in manifest.files:
            self.add(folder, entry)
        for plane, inspection in manifest.inspections.items():
            self._inspections.setdefault((plane, inspection.digest), inspection)

    def claim(self, size: int) -> bool:
        """Tell whether a file of this size is the first: its content cannot be known.

        It need not be hashed before it is written, and who writes it must `release` the size.
        Others of this size `wait_for` it, so that equal files that come at once are stored once.
        """
        with self._claiming:
            if size in self._sizes or size in self._on_their_way:
                return False
            if size:
                self._on_their_way[size] = threading.Event()
            return True

    def release(self, size: int) -> None:
        """Let those go on who wait for the first file of this size; it is added, or failed."""
        with self._claiming:
            done = self._on_their_way.pop(size, None)
        if done is not None:
            done.set()

    def wait_for(self, size: int) -> None:
        """Return when no first file of this size is being written any more."""
        with self._claiming:
            done = self._on_their_way.get(size)
        if done is not None:
            done.wait()

    def of_content(self, sha256: str, size: int) -> tuple[Candidate, ...]:
        """Return the stored files of a content."""
        return self._by_content.get((sha256, size), ())

    def inspection(self, plane: str, digest: str) -> PlaneInspection | None:
        """Return what opening a plane of exactly these files showed."""
        return self._inspections.get((plane, digest))


def known_files(
    backups: Path, workspace_id: str | None, unlocked: Callable[[Path, Manifest], Manifest | None]
) -> KnownFiles:
    """Return the files of the latest backups below `backups`, those of this workspace first.

    Three backups are enough: what they lack is copied, which is never wrong.

    Args:
        backups: The folder of backups.
        workspace_id: The id of the workspace that is being backed up.
        unlocked: Returns a manifest with its files, or None when they cannot be used.
    """
    known = KnownFiles()
    others = []
    used = 0
    for folder in _latest(backups):
        manifest = load_manifest(DirectorySource(folder)).manifest
        usable = None if manifest is None else unlocked(folder, manifest)
        if usable is None:
            continue
        if workspace_id is not None and usable.workspace_id != workspace_id:
            others.append((folder, usable))
            continue
        known.add_backup(folder, usable)
        used += 1
        if used == _MOST_PARENTS:
            break
    for folder, usable in others[: _MOST_PARENTS - used]:
        known.add_backup(folder, usable)
    return known


def _latest(backups: Path) -> list[Path]:
    """Return the folders of published backups, the latest first by the time of their change."""
    dated = []
    for path in published(backups):
        with suppress(FileNotFoundError):  # pruned just now
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                dated.append((status.st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)[:_MOST_LOOKED_AT]]


def is_private_file(path: Path) -> bool:
    """Tell whether a path is a regular file of ours that nobody else may read or write.

    A link would share whatever access others have to it.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return False
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o077
    return stat.S_ISREG(status.st_mode) and is_ours
