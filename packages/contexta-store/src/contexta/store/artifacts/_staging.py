"""Files on their way in.

Each ingest has a folder of its own under `staging`, with a lock file that its writer holds. The
lock dies with the process, so what a killed writer left can be told from what is being written.

The file `pins` in it lists the bodies that the ingest has placed or is about to bind. A
collector of garbage reads it, so that nothing goes between its placing and its binding.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError
from contexta.store.artifacts._locking import named_lock
from contexta.store.fs import (
    FileLock,
    ensure_private_dir,
    lock_is_held,
    open_private,
    translated_os_errors,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

_LOCK_NAME = "lock"
_BODY_NAME = "body"
_PINS_NAME = "pins"
_GONE_PREFIX = "_gone-"
_AREA_LOCK = "staging"


class StagingArea:
    """The staging folders of one store, by session id."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._mutex = threading.Lock()
        self._locks: dict[str, FileLock] = {}

    def begin(self) -> str:
        """Make a folder, lock it, and return its id: 32 hex digits."""
        ensure_private_dir(self._layout.staging, follow=False)
        session_id = secrets.token_hex(16)
        folder = self._layout.staging / session_id
        # Whoever holds this lock knows that a folder without a holder has lost its writer.
        with named_lock(self._layout, _AREA_LOCK):
            with translated_os_errors("create the folder", folder):
                folder.mkdir(mode=0o700)  # not synced: staging need not outlive a power cut
            lock = FileLock(folder / _LOCK_NAME)
            try:
                lock.acquire()
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        with self._mutex:
            self._locks[session_id] = lock
        return session_id

    def body_path(self, session_id: str) -> Path:
        """Return where the bytes of a session go."""
        return self._layout.staging / session_id / _BODY_NAME

    def pin(self, session_id: str, sha256: str) -> None:
        """Keep a body from being collected for as long as the session lives."""
        path = self._layout.staging / session_id / _PINS_NAME
        fd = open_private(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        with translated_os_errors("write", path):
            try:
                write_all(fd, sha256.encode() + b"\n")
            finally:
                os.close(fd)

    def pinned(self) -> set[str]:
        """Return the bodies that any session, of any process, has pinned."""
        found: set[str] = set()
        for folder in self._folders():
            path = folder / _PINS_NAME
            with translated_os_errors("read", path):
                try:
                    found.update(path.read_text("ascii", "replace").split())
                except (FileNotFoundError, NotADirectoryError):
                    continue
        return found

    def is_open(self, session_id: str) -> bool:
        """Tell whether this object began a session and has not ended it."""
        with self._mutex:
            lock = self._locks.get(session_id)
        return lock is not None and lock.held

    def end(self, session_id: str) -> None:
        """Remove the folder of a session that this object began; others are left alone."""
        with self._mutex:
            lock = self._locks.pop(session_id, None)
        if lock is None or not lock.held:  # never ours, or our parent's from before a fork
            return
        try:
            shutil.rmtree(self._layout.staging / session_id, ignore_errors=True)
        finally:
            lock.release()

    def session_of(self, path: Path) -> str | None:
        """Return the open session in whose folder a resolved path lies."""
        staging = self._layout.staging.resolve()
        if not path.is_relative_to(staging):
            return None
        parts = path.relative_to(staging).parts
        return parts[0] if len(parts) == 2 and self.is_open(parts[0]) else None

    @contextmanager
    def session(self) -> Iterator[str]:
        """Begin a session, yield its id, and end it afterwards whatever happened."""
        session_id = self.begin()
        try:
            yield session_id
        finally:
            self.end(session_id)

    def abandoned(self) -> list[Path]:
        """Return the folders whose writers died; changes nothing."""
        return [
            folder
            for folder in self._folders()
            if not self.is_open(folder.name) and not _is_held(folder / _LOCK_NAME)
        ]

    def sweep(self, only: Path | None = None) -> list[str]:
        """Remove what dead writers left, in one folder or in all; return the folders removed."""
        removed: list[str] = []
        for folder in [only] if only is not None else self._folders():
            if self.is_open(folder.name) or folder.is_symlink() or not folder.is_dir():
                continue
            gone = self._take(folder)
            if gone is None:
                continue
            shutil.rmtree(gone, ignore_errors=True)
            if not os.path.lexists(gone):
                removed.append(str(folder))
        return removed

    def close(self) -> None:
        """End all sessions."""
        with self._mutex:
            sessions = list(self._locks)
        for session_id in sessions:
            self.end(session_id)

    def _folders(self) -> list[Path]:
        with translated_os_errors("list", self._layout.staging):
            if not self._layout.staging.is_dir():
                return []
            return sorted(self._layout.staging.iterdir())

    def _take(self, folder: Path) -> Path | None:
        """Rename a dead folder away, so that the slow part needs no lock."""
        if folder.name.startswith(_GONE_PREFIX):  # a sweep was killed here
            return folder
        gone = folder.with_name(_GONE_PREFIX + folder.name)
        with named_lock(self._layout, _AREA_LOCK):
            if _is_held(folder / _LOCK_NAME):
                return None
            with translated_os_errors("remove", folder):
                try:
                    folder.rename(gone)
                except FileNotFoundError:  # another sweep was faster, or its writer ended
                    return None
        return gone


def _is_held(path: Path) -> bool:
    try:
        return lock_is_held(path)
    except StoreAccessError as error:
        if error.code == "store_path_missing":  # its writer ended between two looks
            return False
        raise
