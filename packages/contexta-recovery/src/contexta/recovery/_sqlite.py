"""Copies and probes of SQLite files that others may have open.

A live database is only ever opened through SQLite. POSIX drops all locks of a process on a file
as soon as the process closes any descriptor of it, so that hashing or copying the file as bytes
would take away the locks under which this process may be writing.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from contexta.recovery._errors import BackupError, RestoreError
from contexta.store.fs import ensure_private_dir, fsync_file, open_private

if TYPE_CHECKING:
    from pathlib import Path

DATABASE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
SIDECAR_SUFFIXES = ("-wal", "-shm", "-journal", "-lock")
UNREADABLE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_LONGEST_WAIT_SECONDS = 60.0


def is_regular(path: Path) -> bool:
    """Tell whether a path is a file, not a link to one; False when absent."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def copy_database(source: Path, target: Path) -> bool:
    """Copy a database as of one moment through the online backup API, without stopping writers.

    The copy is one file in rollback-journal mode: it needs no `-wal` beside it and can be read
    from a read-only medium. It is 0600 and synced.

    Returns:
        False, and no copy, when SQLite does not take the file for a readable database.

    Raises:
        sqlite3.Error: When SQLite cannot read it.
        BackupError: `recovery_database_busy` when somebody keeps it locked for a minute.
    """
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS

    def give_up(status: int, remaining: int, total: int) -> None:
        if status not in (sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE) and time.monotonic() > deadline:
            raise BackupError(
                f"{str(source)!r} stays locked for more than {_LONGEST_WAIT_SECONDS:g} s. "
                "Call again when its writer is done.",
                code="recovery_database_busy",
                details={"path": str(source)},
                retryable=True,
            )

    ensure_private_dir(target.parent)
    os.close(open_private(target, os.O_CREAT | os.O_EXCL | os.O_RDWR))
    try:
        with closing(_open_reader(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy, progress=give_up)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.DatabaseError as error:
        target.unlink()
        if error.sqlite_errorcode in UNREADABLE:
            return False
        raise
    fsync_file(target)
    return True


def _open_reader(path: Path) -> sqlite3.Connection:
    # Reading makes -wal and -shm files, which only a connection that could write removes when
    # it is the last to close. With a log there already, a process lives or was killed: then
    # they stay, and closing must not fold the log into the file.
    has_log = path.with_name(f"{path.name}-wal").exists()
    uri = f"file:{quote(str(path))}?mode={'ro' if has_log else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, timeout=30.0, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only=ON").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:
        # On a read-only medium SQLite cannot make the -shm file; nobody can write there either.
        connection.close()
        if os.access(path.parent, os.W_OK):
            raise
        uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, isolation_level=None)
    except BaseException:
        connection.close()
        raise
    return connection


def check_unused(database: Path) -> None:
    """Refuse a database that any other connection has open, in this process or another.

    As the only connection, this one folds the write-ahead log into the file, so that the file
    alone can be replaced.

    Raises:
        RestoreError: `recovery_target_in_use`.
    """
    if not is_regular(database):
        return
    with closing(sqlite3.connect(database, timeout=2.0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            raise RestoreError(
                f"{str(database)!r} is open in a process or in this one. Close every Contexta "
                "context and store on the target workspace, then call again.",
                code="recovery_target_in_use",
                details={"path": str(database)},
                retryable=True,
                cause=error,
            ) from error
        except sqlite3.DatabaseError as error:
            # Not a database, or a damaged one: a reason to restore, not to refuse. Nobody holds
            # a working connection to it; the safety copy keeps the bytes.
            if error.sqlite_errorcode not in UNREADABLE:
                raise
