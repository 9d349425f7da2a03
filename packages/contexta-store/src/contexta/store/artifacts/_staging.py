"""Files on their way in.

Each ingest has a folder of its own under `staging`, with a lock file that its writer holds. The
lock dies with the process, so what a killed writer left can be told from what is being written.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import FileLock, ensure_private_dir, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

_LOCK_NAME = "lock"
_BODY_NAME = "body"
_ATTEMPTS = 20
_UNLOCKED_GRACE_SECONDS = 3600.0


class StagingArea:
    """The staging folders of one store, by session id."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._mutex = threading.Lock()
        self._locks: dict[str, FileLock] = {}

    def begin(self) -> str:
        """Make a folder, lock it, and return its id: 32 hex digits."""
        ensure_private_dir(self._layout.staging, follow=False)
        for _ in range(_ATTEMPTS):
            session_id = secrets.token_hex(16)
            folder = self._layout.staging / session_id
            with translated_os_errors("create the folder", folder):
                folder.mkdir(mode=0o700)  # not synced: staging need not outlive a power cut
            lock = FileLock(folder / _LOCK_NAME)
            # A sweep may take the lock first, or have removed the folder under us.
            if lock.try_acquire() and lock.path.exists():
                with self._mutex:
                    self._locks[session_id] = lock
                return session_id
            lock.release()
        raise StoreAccessError(
            f"No folder could be kept in {str(self._layout.staging)!r}.",
            code="store_io_failed",
            details={"path": str(self._layout.staging)},
            retryable=True,
        )

    def body_path(self, session_id: str) -> Path:
        """Return where the bytes of a session go."""
        return self._layout.staging / session_id / _BODY_NAME

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
    def session(self) -> Iterator[Path]:
        """Yield a path for one staged file; remove it afterwards if it is still there."""
        session_id = self.begin()
        try:
            yield self.body_path(session_id)
        finally:
            self.end(session_id)

    def sweep(self) -> list[str]:
        """Remove what dead writers left; return the folders removed."""
        removed: list[str] = []
        with translated_os_errors("list", self._layout.staging):
            if not self._layout.staging.is_dir():
                return removed
            folders = sorted(self._layout.staging.iterdir())
        for folder in folders:
            if not self.is_open(folder.name) and _remove_if_dead(folder):
                removed.append(str(folder))
        return removed

    def close(self) -> None:
        """End all sessions."""
        with self._mutex:
            sessions = list(self._locks)
        for session_id in sessions:
            self.end(session_id)


def _remove_if_dead(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    path = folder / _LOCK_NAME
    if not path.exists():
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:
            return False
        if age < _UNLOCKED_GRACE_SECONDS:  # its writer is about to lock it
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return not os.path.lexists(folder)
    lock = FileLock(path)
    if not lock.try_acquire():
        return False
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()
    return not os.path.lexists(folder)
