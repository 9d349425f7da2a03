"""The ledger in a SQLite file, or in the memory of this process."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from contexta.contract.errors import MetadataError, StoreAccessError
from contexta.store.fs import FileLock, ensure_private_dir, fsync_dir, open_private
from contexta.store.metadata import _sqlite
from contexta.store.metadata._engine import LedgerState, Selected
from contexta.store.metadata._log_mark import LogMarker
from contexta.store.metadata._sqlite_files import ReadOnlyFile, read_state
from contexta.store.metadata._state import state_of
from contexta.store.metadata._thread_turn import thread_turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine, QueuePool

# With 20 ms, the worst of 480 puts by 8 processes waited 2 to 3 s; with 2 ms under 1 s, at the
# same throughput (measured).
_LONGEST_WAIT_SECONDS = 0.002


class SqliteEngine:
    """Connections to one SQLite database; see `_sqlite` for its locks and checkpoints."""

    def __init__(
        self,
        target: Path | str,
        *,
        read_only: bool,
        synchronous: str,
        busy_timeout_seconds: float,
    ) -> None:
        self.place = str(target)
        self.path = target if isinstance(target, Path) else None
        self._timeout = busy_timeout_seconds
        self._mutex = threading.RLock()
        self._writes = 0
        self._pools: list[QueuePool] = []
        self._writer: Engine | None = None
        self._write_options: Engine | None = None
        if not read_only:
            self._writer = _sqlite.writer_engine(
                target, synchronous=synchronous, busy_timeout_seconds=busy_timeout_seconds
            )
            # Made once, for it costs as much as a statement; it shares the pool of the writer.
            self._write_options = self._writer.execution_options(**{_sqlite.WRITE_OPTION: True})
        if self.path is not None:
            self._lock_path = _sqlite.lock_path(self.path)
            self._log_path = str(_sqlite.wal_path(self.path))
            self._marker = LogMarker(self.path) if synchronous == "full" else None
            self._file = ReadOnlyFile(self.path, timeout=busy_timeout_seconds)
            self._opened = threading.local()
            self._readers = _sqlite.reader_engine(self._opened_connection)

    @property
    def dialect(self) -> Literal["sqlite"]:
        """The dialect."""
        return "sqlite"

    def state(self) -> LedgerState:
        """Tell what the file is, without changing a byte of it."""
        if self.path is not None:
            return read_state(self.path, timeout=self._timeout)
        if self._writer is None:
            return LedgerState("empty")
        with self.reading() as connection:
            driver = _driver_connection(connection)
            return state_of(_sqlite.table_names(driver), lambda sql: driver.execute(sql).fetchall())

    def make_room(self) -> None:
        """Create the folder and an empty file, private to the owner."""
        if self.path is not None and not self.path.exists():
            ensure_private_dir(self.path.parent)
            # SQLite gives its other files the mode of this one.
            self._create_file(self.path)
            fsync_dir(self.path.parent)

    def _create_file(self, path: Path) -> None:
        """Create the file, or leave alone what another thread or process was first to create.

        To open that and close it again would free the locks that this process has on it.
        """
        try:
            os.close(open_private(path, os.O_CREAT | os.O_EXCL | os.O_RDWR))
        except StoreAccessError as error:
            if not isinstance(error.__cause__, FileExistsError) or path.is_symlink():
                raise

    def is_empty(self, connection: Connection) -> bool:
        """Tell whether the database has no tables."""
        return not _sqlite.table_names(_driver_connection(connection))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in one read transaction."""
        with ExitStack() as stack:
            if self._writer is None:
                engine = self._reading_engine(stack)
            else:
                engine = self._writer
                if self.path is None:
                    stack.enter_context(self._mutex)
            yield stack.enter_context(engine.connect())

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn to write: in this process by a mutex, between processes by a lock."""
        with thread_turn(self._mutex, self.place, timeout_seconds=self._timeout):
            if self.path is None:
                yield
                return
            lock = FileLock(self._lock_path)
            lock.acquire(timeout=self._timeout, longest_wait=_LONGEST_WAIT_SECONDS)
            try:
                yield
            finally:
                lock.release()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction; the caller holds the turn."""
        with self._write_engine().begin() as connection:
            yield connection

    def after_write(self) -> None:
        """Mark how far the log is confirmed; copy it into the database when it has become long."""
        self._writes += 1
        if self.path is not None and self._marker is not None:
            with suppress(OSError):  # the put is committed; without a mark, rot is seen less well
                self._marker.write()
        if self.path is None or not _sqlite.checkpoint_is_due(self._log_path, self._writes):
            return
        self._writes = 0
        try:
            with self._write_engine().connect() as connection:
                _sqlite.checkpoint(_driver_connection(connection))
        except sqlite3.Error:
            # The put is committed and durable in the log, so it must not look failed. The log
            # stays as it is, the next write tries again, and a bad disk fails that write.
            return

    def select(
        self, sql: str, params: Sequence[Any], *, inside: Connection | None = None
    ) -> Selected:
        """Run one SELECT on a connection that refuses everything else."""
        with ExitStack() as stack:
            if inside is not None:
                connection = _driver_connection(inside)
            elif self.path is not None:
                connection = stack.enter_context(self._file.connection())
            else:
                connection = _driver_connection(stack.enter_context(self.reading()))
            _sqlite.allow_only_selects(connection)
            stack.callback(_sqlite.allow_everything, connection)
            cursor = connection.execute(sql, tuple(params))
            rows = tuple(cursor.fetchall())
            if cursor.description is None:
                raise MetadataError(
                    "The text holds no statement; pass one SELECT.", code="metadata_store_failed"
                )
            return Selected(tuple(str(item[0]) for item in cursor.description), rows)

    def instant_text(self, column: str) -> str:
        """Return SQL that renders an instant as UTC text."""
        return _sqlite.instant_text(column)

    def self_check(self, connection: Connection) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file."""
        return _sqlite.file_problems(connection)

    def dispose(self) -> None:
        """Close idle connections; a database in memory would be lost, and stays."""
        if self._writer is not None and self.path is not None:
            pool = cast("QueuePool", self._writer.pool)
            if pool.checkedout():  # a connection in use goes back to the pool that it came from
                self._pools.append(pool)
            self._dispose_all()

    def close(self) -> None:
        """Close all connections for good."""
        self._dispose_all()
        if self.path is not None:
            self._file.close()

    def _dispose_all(self) -> None:
        if self._writer is not None:
            self._writer.dispose()
        for pool in self._pools:
            pool.dispose()

    def renew_in_child(self) -> None:
        """Forget what the parent's other threads were holding at the fork."""
        self._mutex = threading.RLock()
        _INHERITED.extend(self._pools)
        self._pools = []
        if self._writer is not None and self.path is not None:
            # Connections that were in use cannot be closed here: SQLite would act on the
            # parent's locks. They are kept, unused, for the life of the child.
            _INHERITED.append(self._writer.pool)
            self._writer.dispose(close=False)

    def _write_engine(self) -> Engine:
        assert self._write_options is not None  # noqa: S101 (`Database` refuses these writes)
        return self._write_options

    def _reading_engine(self, stack: ExitStack) -> Engine:
        if self.path is None or not self.path.exists():
            raise StoreAccessError(
                f"The ledger {self.place!r} is gone. Check the path.",
                code="metadata_store_missing",
                details={"database_path": self.place},
            )
        # The engine is kept, for it knows compiled statements; what it hands out comes from here.
        self._opened.connection = stack.enter_context(self._file.connection())
        return self._readers

    def _opened_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._opened.connection
        return connection


def _driver_connection(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


_INHERITED: list[object] = []
