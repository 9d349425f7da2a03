"""One open ledger: who may read and write it, and when."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import (
    ClosedScopeError,
    ReadOnlyStoreError,
    StoreAccessError,
)
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._open_engine import open_engine
from contexta.store.metadata._state import require_ours, require_supported
from contexta.store.metadata._system_tables import stamp_new_ledger
from contexta.store.metadata._tables import metadata
from contexta.store.metadata._views import view_statements
from contexta.store.metadata.fork_gate import gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from contexta.store.metadata._config import MetadataStoreConfig
    from contexta.store.metadata._engine import Selected


class Database:
    """Connections and transactions of one store. Safe for threads, processes and forks.

    Args:
        config: Which database, and how.
        any_version: Whether a ledger of another schema version is opened, too: to inspect or to
            migrate it. Foreign databases are refused in any case.
    """

    def __init__(self, config: MetadataStoreConfig, *, any_version: bool = False) -> None:
        self.read_only = config.read_only
        self._closed = False
        self._own = threading.local()
        self.engine = open_engine(config)
        self.place = self.engine.place
        try:
            with translated_database_errors(self.place):
                self._prepare(config, any_version=any_version)
        except BaseException:
            self.engine.close()
            raise
        _OPEN.add(self)

    @property
    def path(self) -> Path | None:
        """The database file; None for a database in memory or on a server."""
        return self.engine.path

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection inside one read transaction: all its queries see one state.

        Inside `transaction` of the same thread it is the connection of that.

        Raises:
            ClosedScopeError: After `close`.
            ContextaError: For anything that the database refuses.
        """
        self._require_open()
        joined = self._joined()
        with translated_database_errors(self.place), gate:
            if joined is not None:
                yield joined
            else:
                with self.engine.reading() as connection:
                    yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection inside one write transaction; commit it, or change nothing.

        Writers of one ledger follow each other, in any number of threads and processes, so what
        is read here stays true until the commit. Inside `transaction` of the same thread, the
        changes join that, all of them or none.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
            StoreAccessError: `metadata_store_busy` or `store_lock_timeout`, both retryable.
            ClosedScopeError: After `close`.
        """
        self._require_writable()
        joined = self._joined()
        with translated_database_errors(self.place):
            if joined is not None:
                with gate, joined.begin_nested():
                    yield joined
                return
            with self.engine.turn(), gate:
                with self.engine.writing() as connection:
                    yield connection
                self.engine.after_write()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all reads and writes of this thread one transaction until the end of the body.

        An exception undoes all of them and goes on. Inside another `transaction` it undoes
        those of its own body. Other writers wait meanwhile, so keep it short.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
            ClosedScopeError: After `close`.
        """
        self._require_writable()
        failure: BaseException | None = None
        try:
            with translated_database_errors(self.place), self._transaction():
                try:
                    yield
                except BaseException as error:
                    failure = error
                    raise
        except Exception:
            if failure is not None:
                raise failure  # noqa: B904 (of the user: neither translated nor masked)
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        joined = self._joined()
        if joined is not None:
            with _steps(joined.begin_nested()):
                yield
            return
        with self.engine.turn():
            own = self._own
            with _steps(self.engine.writing()) as connection:
                own.connection = connection
                try:
                    yield
                finally:
                    own.connection = None
            with gate:
                self.engine.after_write()

    def select(self, sql: str, params: Sequence[Any] | None = None) -> Selected:
        """Run one SELECT; anything else is refused, also in a writable store.

        Raises:
            ContextaError: For anything that the database refuses.
        """
        self._require_open()
        with translated_database_errors(self.place), gate:
            return self.engine.select(sql, tuple(params or ()), inside=self._joined())

    def self_check(self, connection: Connection) -> tuple[str, ...]:
        """Return what the database itself finds wrong with its storage; empty when nothing."""
        return self.engine.self_check(connection)

    def close(self) -> None:
        """Close all connections. Harmless when repeated."""
        if not self._closed:
            self._closed = True
            _OPEN.discard(self)
            with translated_database_errors(self.place), gate:
                self.engine.close()

    def renew_in_child(self) -> None:
        """Forget what the parent was using at the fork."""
        self._own = threading.local()
        self.engine.renew_in_child()

    def _prepare(self, config: MetadataStoreConfig, *, any_version: bool) -> None:
        check = require_ours if any_version else require_supported
        state = self.engine.state()
        check(self.place, state)
        if state.kind not in {"absent", "empty"}:
            return
        if self.read_only or (state.kind == "absent" and not config.auto_create):
            raise _missing(self.place, read_only=self.read_only)
        self.engine.make_room()
        self._create_tables_once()
        check(self.place, self.engine.state())

    def _create_tables_once(self) -> None:
        with self.engine.turn(), gate, self.engine.writing() as connection:
            if not self.engine.is_empty(connection):  # another process was first
                return
            metadata.create_all(connection, checkfirst=False)
            for statement in view_statements(self.engine.instant_text):
                connection.exec_driver_sql(statement)
            stamp_new_ledger(connection)

    def _joined(self) -> Connection | None:
        return getattr(self._own, "connection", None)

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedScopeError(
                f"The metadata store on {self.place!r} is closed. Open it again to go on.",
                code="metadata_store_closed",
                details={"database_path": self.place},
            )

    def _require_writable(self) -> None:
        self._require_open()
        if self.read_only:
            raise ReadOnlyStoreError(
                f"{self.place!r} was opened read-only; open it writable to change it.",
                code="metadata_store_read_only",
                details={"database_path": self.place},
            )


@contextmanager
def _steps(manager: AbstractContextManager[Any]) -> Iterator[Any]:
    """Enter and leave a transaction inside the gate, but not what lies between.

    The body is the user's and may wait for another thread, which may be about to fork. A child
    that was forked inside the body leaves the transaction to its parent.
    """
    process = os.getpid()
    with gate:
        entered = manager.__enter__()
    try:
        yield entered
    except BaseException:
        if os.getpid() == process:
            with gate:
                manager.__exit__(*sys.exc_info())
        raise
    if os.getpid() == process:
        with gate:
            manager.__exit__(None, None, None)


def _missing(place: str, *, read_only: bool) -> StoreAccessError:
    why = "read-only opens create nothing" if read_only else "auto_create is off"
    return StoreAccessError(
        f"There is no ledger at {place!r}, and {why}. Check the path, or open it writable "
        "once with auto_create.",
        code="metadata_store_missing",
        details={"database_path": place},
    )


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()


def _before_fork() -> None:
    for database in list(_OPEN):
        database.engine.dispose()  # no handle of a database crosses the fork


def _in_child() -> None:
    for database in list(_OPEN):
        database.renew_in_child()


gate.watch(before=_before_fork, in_child=_in_child)
