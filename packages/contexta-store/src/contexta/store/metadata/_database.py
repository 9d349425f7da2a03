"""One open ledger: who may read and write it, and when."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import inspect

from contexta.contract.errors import (
    ClosedScopeError,
    ReadOnlyStoreError,
    StoreAccessError,
)
from contexta.store.fs import FileLock, ensure_private_dir, fsync_dir, open_private
from contexta.store.metadata import _sqlite
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._state import (
    LedgerState,
    quiet_files,
    read_only_connection,
    read_state,
    require_supported,
)
from contexta.store.metadata._system_tables import stamp_new_ledger
from contexta.store.metadata._tables import metadata
from contexta.store.metadata._views import view_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from contexta.store.metadata._config import MetadataStoreConfig


class Database:
    """Connections and transactions of one store. Safe for threads, processes and forks."""

    def __init__(self, config: MetadataStoreConfig) -> None:
        target = config.resolved_database_path()
        self.place = str(target)
        self.read_only = config.read_only
        self._timeout = config.busy_timeout_seconds
        self._path = None if target == ":memory:" else Path(target)
        self._closed = False
        self._mutex = threading.RLock()
        self._engine: Engine | None = None
        self._writes = 0
        if self._path is not None:
            self._lock_path = _sqlite.lock_path(self._path)
            self._log_path = str(_sqlite.wal_path(self._path))
        with translated_database_errors(self.place):
            state = self._prepare_file(config)
            if not self.read_only:
                self._engine = _sqlite.writer_engine(
                    target,
                    synchronous=config.synchronous,
                    busy_timeout_seconds=config.busy_timeout_seconds,
                )
                self._write_engine = self._engine.execution_options(**{_sqlite.WRITE_OPTION: True})
                if state.kind != "ledger":
                    self._create_tables_once()
        if self._path is not None:
            if state.kind != "ledger":
                require_supported(self._path, read_state(self._path, timeout=self._timeout))
            self._still = self._reader(self._path, immutable=True)
            self._live = self._reader(self._path, immutable=False)
        _OPEN.add(self)

    @property
    def path(self) -> Path | None:
        """The database file; None for a database in memory."""
        return self._path

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection inside one read transaction: all its queries see one state.

        Raises:
            ClosedScopeError: After `close`.
            ContextaError: For anything that the database refuses.
        """
        self._require_open()
        with translated_database_errors(self.place), ExitStack() as stack:
            if self._engine is None:
                engine = self._reading_engine(stack)
            else:
                engine = self._engine
                if self._path is None:
                    stack.enter_context(self._mutex)
            yield stack.enter_context(engine.connect())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection inside one write transaction; commit it, or change nothing.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
            StoreAccessError: `metadata_store_busy` or `store_lock_timeout`, both retryable.
            ClosedScopeError: After `close`.
        """
        self._require_open()
        if self.read_only:
            raise ReadOnlyStoreError(
                f"{self.place!r} was opened read-only; open it writable to change it.",
                code="metadata_store_read_only",
                details={"database_path": self.place},
            )
        with translated_database_errors(self.place), self._writer_turn():
            with self._write_engine.begin() as connection:
                yield connection
            self._checkpoint()

    @contextmanager
    def select_only(self) -> Iterator[sqlite3.Connection]:
        """Yield a driver connection that refuses everything but SELECT."""
        self._require_open()
        with translated_database_errors(self.place), ExitStack() as stack:
            if self._path is not None:
                connection = stack.enter_context(
                    read_only_connection(self._path, timeout=self._timeout)
                )
            else:
                connection = self._memory_connection(stack)
            _sqlite.allow_only_selects(connection)
            stack.callback(_sqlite.allow_everything, connection)
            yield connection

    def close(self) -> None:
        """Close all connections. Harmless when repeated."""
        if not self._closed:
            self._closed = True
            _OPEN.discard(self)
            if self._engine is not None:
                with translated_database_errors(self.place):
                    self._engine.dispose()

    def before_fork(self) -> None:
        """Close idle connections, so that no SQLite handle crosses the fork."""
        if self._engine is not None and self._path is not None:
            self._engine.dispose()

    def after_fork_in_child(self) -> None:
        """Forget what the parent's other threads were holding at the fork."""
        self._mutex = threading.RLock()
        if self._engine is not None and self._path is not None:
            # Connections that were in use cannot be closed here: SQLite would act on the
            # parent's locks. They are kept, unused, for the life of the child.
            _INHERITED.append(self._engine.pool)
            self._engine.dispose(close=False)

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedScopeError(
                f"The metadata store on {self.place!r} is closed. Open it again to go on.",
                code="metadata_store_closed",
                details={"database_path": self.place},
            )

    def _prepare_file(self, config: MetadataStoreConfig) -> LedgerState:
        path = self._path
        if path is None:
            if self.read_only:
                raise _missing(self.place, read_only=True)
            return LedgerState("empty")
        state = read_state(path, timeout=self._timeout)
        require_supported(path, state)
        if state.kind == "absent" or (state.kind == "empty" and self.read_only):
            if self.read_only or not config.auto_create:
                raise _missing(self.place, read_only=self.read_only)
            ensure_private_dir(path.parent)
            # SQLite gives its other files the mode of this one.
            os.close(open_private(path, os.O_CREAT | os.O_RDWR))
            fsync_dir(path.parent)
        return state

    def _create_tables_once(self) -> None:
        with self._writer_turn(), self._write_engine.begin() as connection:
            if inspect(connection).get_table_names():  # another process was first
                return
            metadata.create_all(connection, checkfirst=False)
            for statement in view_statements(_sqlite.instant_text):
                connection.exec_driver_sql(statement)
            stamp_new_ledger(connection)

    @contextmanager
    def _writer_turn(self) -> Iterator[None]:
        """Hold the turn to write: in this process by a mutex, between processes by a lock."""
        mutex = self._mutex
        if not mutex.acquire(timeout=self._timeout):
            raise StoreAccessError(
                f"Another thread writes {self.place!r} for more than {self._timeout:g} s.",
                code="metadata_store_busy",
                details={"database_path": self.place},
                retryable=True,
            )
        try:
            if self._path is None:
                yield
                return
            lock = FileLock(self._lock_path)
            lock.acquire(timeout=self._timeout)
            try:
                yield
            finally:
                lock.release()
        finally:
            mutex.release()

    def _checkpoint(self) -> None:
        self._writes += 1
        if self._path is None or not _sqlite.checkpoint_is_due(self._log_path, self._writes):
            return
        self._writes = 0
        try:
            with self._write_engine.connect() as connection:
                _sqlite.checkpoint(_driver_connection(connection))
        except sqlite3.Error:
            # The put is committed and durable in the log, so it must not look failed. The log
            # stays as it is, the next write tries again, and a bad disk fails that write.
            return

    def _reader(self, path: Path, *, immutable: bool) -> Engine:
        return _sqlite.reader_engine(
            partial(
                _sqlite.connect_read_only,
                path,
                immutable=immutable,
                busy_timeout_seconds=self._timeout,
            )
        )

    def _reading_engine(self, stack: ExitStack) -> Engine:
        if self._path is None or not self._path.exists():
            raise _missing(self.place, read_only=True)
        immutable = stack.enter_context(quiet_files(self._path, timeout=self._timeout))
        return self._still if immutable else self._live

    def _memory_connection(self, stack: ExitStack) -> sqlite3.Connection:
        stack.enter_context(self._mutex)
        return _driver_connection(stack.enter_context(self._write_engine.connect()))


def _driver_connection(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _missing(place: str, *, read_only: bool) -> StoreAccessError:
    why = "read-only opens create nothing" if read_only else "auto_create is off"
    return StoreAccessError(
        f"There is no ledger at {place!r}, and {why}. Check the path, or open it writable "
        "once with auto_create.",
        code="metadata_store_missing",
        details={"database_path": place},
    )


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_INHERITED: list[object] = []


def _before_fork() -> None:
    for database in list(_OPEN):
        database.before_fork()


def _after_fork_in_child() -> None:
    for database in list(_OPEN):
        database.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
