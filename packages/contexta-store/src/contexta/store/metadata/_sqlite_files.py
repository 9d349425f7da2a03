"""Look at a SQLite file without changing a byte of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError, StoreAccessError
from contexta.store.fs import FileLock, open_private, translated_os_errors, write_all
from contexta.store.metadata._engine import LedgerState
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._sqlite import (
    connect_read_only,
    lock_path,
    shm_path,
    table_names,
    wal_path,
)
from contexta.store.metadata._state import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.store.metadata._sqlite import Access

_ATTEMPTS = 50
_BLOCK_BYTES = 1 << 20
_KEPT: dict[tuple[int, int], int] = {}
_KEPT_LOCK = threading.Lock()
_PATIENCE = 4


class ReadOnlyFile:
    """Opens one database file for reading and leaves every byte beside it as it is.

    A file without a `-wal` has no writer, or none that has written since a checkpoint. A shared
    lock then keeps writers of this package out, and the file is read as immutable.

    With a `-wal` and a `-shm` it is read live. The `-shm` is mapped read-only: beside a living
    writer that is enough, and after a killed one SQLite keeps its own index in memory.

    A `-wal` alone was left by a copy of the folder, since whoever has it open has a `-shm`, too.
    SQLite would have to create one, and that may be impossible; so both files are copied to a
    private temporary folder, and read there. The copy is made again when they change.
    """

    def __init__(self, database: Path, *, timeout: float) -> None:
        self._database = database
        self._timeout = timeout
        self._copies = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copied: tuple[object, ...] = ()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that can write nothing."""
        with ExitStack() as stack:
            yield self._open(stack)

    def close(self) -> None:
        """Remove the temporary copy, if there is one."""
        with self._copies:
            folder, self._folder = self._folder, None
            if folder is not None:
                folder.cleanup()

    def _open(self, stack: ExitStack) -> sqlite3.Connection:
        for attempt in range(_ATTEMPTS):
            try:
                return self._try_to_open(stack, patient=attempt < _PATIENCE)
            except _ChangedMeanwhileError:
                pass  # files come and go while writers open and close
            except sqlite3.OperationalError as error:
                if attempt == _ATTEMPTS - 1 or not _may_pass(error):
                    raise
            time.sleep(0.001 * attempt)
        raise StoreAccessError(
            f"The files of {str(self._database)!r} change all the time. Call again.",
            code="metadata_store_busy",
            details={"database_path": str(self._database)},
            retryable=True,
        )

    def _try_to_open(self, stack: ExitStack, *, patient: bool) -> sqlite3.Connection:
        with ExitStack() as own:
            path, access = own.enter_context(self._place(patient=patient))
            connection = connect_read_only(path, access=access, busy_timeout_seconds=self._timeout)
            own.callback(connection.close)
            stack.push(own.pop_all())
            return connection

    @contextmanager
    def _place(self, *, patient: bool) -> Iterator[tuple[Path, Access]]:
        """Yield what to open, and how; both hold until the end of the body."""
        log = wal_path(self._database)
        if not log.exists():
            with self._no_writers():
                if not log.exists():
                    yield self._database, "still"
                    return
        if shm_path(self._database).exists():
            yield self._database, "live"
        else:
            yield self._copy(log, patient=patient), "private"

    @contextmanager
    def _no_writers(self) -> Iterator[None]:
        guard = lock_path(self._database)
        if not guard.exists():  # a copy, or a medium: nobody writes here through this package
            yield
            return
        lock = FileLock(guard, shared=True)
        lock.acquire(timeout=self._timeout)
        try:
            yield
        finally:
            lock.release()

    def _copy(self, log: Path, *, patient: bool) -> Path:
        with self._copies, self._no_writers(), translated_os_errors("copy", self._database):
            try:
                now = tuple(
                    (found.st_ino, found.st_size, found.st_mtime_ns)
                    for found in (self._database.stat(), log.stat())
                )
                if self._folder is None or now != self._copied:
                    if patient:  # a writer that closes removes the log a moment later
                        raise _ChangedMeanwhileError(str(log))
                    self._copy_files(log)
                    self._copied = now
            except FileNotFoundError as error:
                raise _ChangedMeanwhileError(str(log)) from error
            assert self._folder is not None  # noqa: S101 (made just now, or earlier)
            return Path(self._folder.name) / self._database.name

    def _copy_files(self, log: Path) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = tempfile.TemporaryDirectory(prefix="contexta-ledger-")
        folder = Path(self._folder.name)
        shutil.copyfile(log, folder / log.name)
        _copy_bytes(self._database, folder / self._database.name)


def _copy_bytes(database: Path, target: Path) -> None:
    """Copy a database as it is: without its log, SQLite could take its pages for damaged.

    Closing a descriptor of our own frees the locks of every connection that this process has to
    the file, so one for each file stays open for good; a read-only medium has no such locks.
    """
    with _KEPT_LOCK:
        status = database.stat()
        place = (status.st_dev, status.st_ino)
        source = _KEPT.pop(place, -1)
        if source < 0:
            source = os.open(database, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _copy_from(source, target)
        finally:
            if os.fstatvfs(source).f_flag & os.ST_RDONLY:
                os.close(source)
            else:
                _KEPT[place] = source


def _copy_from(source: int, target: Path) -> None:
    data = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        position = 0
        while block := os.pread(source, _BLOCK_BYTES, position):
            write_all(data, block)
            position += len(block)
    finally:
        os.close(data)


class _ChangedMeanwhileError(Exception):
    """A file that was there is gone, or may be in a moment."""


def _may_pass(error: sqlite3.OperationalError) -> bool:
    return (error.sqlite_errorcode & 0xFF) in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def read_state(database: Path, *, timeout: float) -> LedgerState:
    """Tell what a file is, reading only.

    Raises:
        StoreAccessError: `metadata_store_open_failed` when it is not a database or is
            unreadable.
    """
    if not database.exists():
        return LedgerState("absent")
    try:
        with (
            translated_database_errors(str(database)),
            closing(ReadOnlyFile(database, timeout=timeout)) as file,
            file.connection() as connection,
        ):
            return state_of(table_names(connection), lambda sql: connection.execute(sql).fetchall())
    except IntegrityError as error:
        raise StoreAccessError(
            f"{str(database)!r} is not a database or is damaged. Check the path, or restore it "
            "from a backup.",
            code="metadata_store_open_failed",
            details={"database_path": str(database)},
        ) from error
