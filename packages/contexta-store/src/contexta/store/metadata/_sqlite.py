"""Everything that is particular to SQLite: connections, pragmas, checkpoints, text of instants.

SQLite from 3.7.0 to 3.51.2 (Python 3.11 to 3.13 on Debian link 3.40.1) has a race: a write that
restarts the WAL at the same moment as a checkpoint of another connection can corrupt the file.
So no checkpoint runs by itself (`wal_autocheckpoint=0`), and every write transaction and every
checkpoint of this package runs under one `flock` next to the database: they never overlap, in
any number of threads and processes. The lock also queues writers; `BEGIN IMMEDIATE` and the busy
timeout remain, for writers that are not ours. A closing last connection checkpoints under
SQLite's own exclusive file lock, when no other connection can exist.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

WRITE_OPTION = "contexta_write"
LOCK_SUFFIX = "-lock"
Access = Literal["still", "live", "private"]
_ACCESS: dict[Access, str] = {
    "still": "&immutable=1",
    "live": "&readonly_shm=1",
    "private": "",
}
_CHECKPOINT_BYTES = 4 << 20
_URGENT_BYTES = 32 << 20
_CHECKPOINT_WRITES = 256

_DEFENSIVE = getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE", None)  # Python 3.12 and later


def lock_path(database: Path) -> Path:
    """Return the lock file that serializes writers and checkpoints of a database."""
    return database.with_name(database.name + LOCK_SUFFIX)


def wal_path(database: Path) -> Path:
    """Return the write-ahead log of a database."""
    return database.with_name(database.name + "-wal")


def shm_path(database: Path) -> Path:
    """Return the shared index of a write-ahead log."""
    return database.with_name(database.name + "-shm")


def writer_engine(database: Path | str, *, synchronous: str, busy_timeout_seconds: float) -> Engine:
    """Return an engine that reads and writes; transactions with `WRITE_OPTION` lock at once.

    A plain `BEGIN` that reads and then writes fails at once under contention, whatever the
    timeout, so writers begin with `BEGIN IMMEDIATE`; readers do not, or they would queue.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            str(database),
            timeout=busy_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            _harden(connection)
            connection.execute(f"PRAGMA synchronous={synchronous.upper()}")
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA wal_autocheckpoint=0").fetchall()
            connection.execute(f"PRAGMA journal_size_limit={_CHECKPOINT_BYTES * 2}").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    if database == ":memory:":
        engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    else:
        engine = create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=-1
        )
    event.listen(engine, "begin", _begin)
    return engine


def reader_engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    """Return an engine over `connect`, one fresh connection for each read.

    A reader that keeps no connection cannot hold a stale page, and creates no file.
    """
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def connect_read_only(
    database: Path, *, access: Access, busy_timeout_seconds: float
) -> sqlite3.Connection:
    """Open a database that no statement can write.

    Args:
        database: The file; it must exist.
        access: `still` when the file cannot change while the connection lives: SQLite needs no
            `-wal` and `-shm` beside it then, and creates none. `live` when it may, and both are
            there. `private` when the folder is ours, and SQLite may create what it likes.
        busy_timeout_seconds: How long to wait for locks of others.
    """
    uri = f"file:{quote(str(database))}?mode=ro{_ACCESS[access]}"
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _harden(connection)
        connection.execute("PRAGMA query_only=ON").fetchall()
        if access == "live":
            # Opens the log now. From here on a closing writer leaves it where it is.
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _harden(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema=OFF").fetchall()
    connection.execute("PRAGMA mmap_size=0").fetchall()
    connection.execute("PRAGMA cell_size_check=ON").fetchall()
    setconfig: Any = getattr(connection, "setconfig", None)
    if setconfig is not None and _DEFENSIVE is not None:
        setconfig(_DEFENSIVE, True)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def checkpoint_is_due(log: str, writes: int) -> bool:
    """Tell whether the write-ahead log should be copied into the database.

    Its size alone does not tell: after a checkpoint the file stays as long as it was and is
    overwritten from the start, which also makes commits cheaper than growing a file.

    Args:
        log: Path of the log.
        writes: Transactions of this store since its last checkpoint.
    """
    try:
        size = os.stat(log).st_size  # noqa: PTH116 (after every write: Path costs as much again)
    except FileNotFoundError:
        return False
    return size >= (_CHECKPOINT_BYTES if writes >= _CHECKPOINT_WRITES else _URGENT_BYTES)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy the log into the database; the caller holds the lock.

    Passive: it never waits for readers, it copies what it can.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


_READ_ACTIONS = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)


def allow_only_selects(connection: sqlite3.Connection) -> None:
    """Refuse everything but SELECT on a connection: also ATTACH, which could create files."""

    def authorize(action: int, *names: str | None) -> int:
        if action not in _READ_ACTIONS or "load_extension" in names:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    connection.set_authorizer(authorize)


def allow_everything(connection: sqlite3.Connection) -> None:
    """Undo `allow_only_selects`."""
    connection.set_authorizer(None)


def instant_text(column: str) -> str:
    """Return SQL that renders microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    fraction = f"(({column} % 1000000) + 1000000) % 1000000"  # also before 1970
    seconds = f"({column} - {fraction}) / 1000000"
    return f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch') || printf('.%06dZ', {fraction})"


@contextmanager
def any_bytes_as_text(connection: Connection) -> Iterator[None]:
    """Read text that is not UTF-8 as lone surrogates while the body runs."""
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def table_names(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the names of all tables, views and indexes."""
    return frozenset(str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master"))


def file_problems(connection: Connection) -> tuple[str, ...]:
    """Return what SQLite itself finds wrong with the file; empty when nothing."""
    if connection.dialect.name != "sqlite":
        return ()  # a server checks its pages itself, when it reads them
    rows = connection.exec_driver_sql("PRAGMA integrity_check(100)").fetchall()
    return tuple(str(row[0]) for row in rows if row[0] != "ok")
