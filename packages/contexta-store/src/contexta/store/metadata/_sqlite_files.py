"""Look at a SQLite file without changing a byte of it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError, StoreAccessError
from contexta.store.fs import FileLock
from contexta.store.metadata._engine import LedgerState
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._sqlite import connect_read_only, lock_path, table_names, wal_path
from contexta.store.metadata._state import state_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def quiet_files(database: Path, *, timeout: float) -> Iterator[bool]:
    """Yield whether the file cannot change while the body runs.

    Without a `-wal` beside it the database has no open writer. A shared lock then keeps writers
    of this package out, and the file may be read as immutable: SQLite creates nothing beside it.
    """
    if wal_path(database).exists():
        yield False
        return
    guard = lock_path(database)
    if not guard.exists():  # a copy, or a medium: nobody writes here through this package
        yield True
        return
    lock = FileLock(guard, shared=True)
    lock.acquire(timeout=timeout)
    try:
        yield not wal_path(database).exists()
    finally:
        lock.release()


@contextmanager
def read_only_connection(database: Path, *, timeout: float) -> Iterator[sqlite3.Connection]:
    """Yield a connection that can write nothing and creates no file where that is possible."""
    with quiet_files(database, timeout=timeout) as immutable:
        connection = connect_read_only(database, immutable=immutable, busy_timeout_seconds=timeout)
        with closing(connection):
            yield connection


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
            read_only_connection(database, timeout=timeout) as connection,
        ):
            return state_of(table_names(connection), lambda sql: connection.execute(sql).fetchall())
    except IntegrityError as error:
        raise StoreAccessError(
            f"{str(database)!r} is not a database or is damaged. Check the path, or restore it "
            "from a backup.",
            code="metadata_store_open_failed",
            details={"database_path": str(database)},
        ) from error
