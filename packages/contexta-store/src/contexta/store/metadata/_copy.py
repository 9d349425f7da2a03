"""Consistent copies of a ledger while others write to it."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from contexta.contract.errors import ConflictError, IntegrityError
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    fsync_file,
    open_private,
    sha256_file,
    translated_os_errors,
)
from contexta.store.metadata._errors import translated_database_errors

if TYPE_CHECKING:
    from sqlalchemy import Connection

BACKUP_FOLDER = "backups"
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class LedgerCopy:
    """A copy of a ledger: one file, whole and checked.

    Attributes:
        path: Where it is.
        sha256: Of its bytes, 64 lower-case hex digits.
        size_bytes: Its length.
        rows: Number of rows by table; empty when they were not counted.
    """

    path: Path
    sha256: str
    size_bytes: int
    rows: dict[str, int]


def automatic_path(database: Path, label: str) -> Path:
    """Return a fresh name in `backups/` beside a database, with the time in UTC.

    Two copies within a microsecond, or a clock that was set back, get different names.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = database.parent / BACKUP_FOLDER
    path = folder / f"{database.stem}-{label}-{stamp}.sqlite"
    number = 2
    while path.exists():
        path = folder / f"{database.stem}-{label}-{stamp}-{number}.sqlite"
        number += 1
    return path


def copy_ledger(connection: Connection, target: Path, *, whole: bool = True) -> LedgerCopy:
    """Copy the state that a connection sees to a new file, and check the copy.

    The copy is one file without a write-ahead log. It is written under a temporary name in the
    folder of `target`, so that `target` is whole or absent, whenever the process dies.

    Args:
        connection: To a ledger in SQLite, inside of a read transaction.
        target: Must not exist; its folder is created.
        whole: Whether the copy is checked. Without, a damaged ledger is copied as it is.

    Raises:
        ConflictError: `metadata_backup_exists`.
        IntegrityError: `metadata_backup_damaged` when the source or the copy is not whole.
        StoreAccessError: When the disk refuses.
    """
    if os.path.lexists(target):
        raise _exists(target)
    ensure_private_dir(target.parent)
    temporary = target.with_name(f"_{target.name}.{os.urandom(8).hex()}.tmp")
    with translated_os_errors("create", temporary):
        os.close(open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR))
    try:
        rows = _write(connection, temporary, whole=whole)
        fsync_file(temporary)
        digest = sha256_file(temporary)
        size = temporary.stat().st_size
        _publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_dir(target.parent)
    return LedgerCopy(target, digest, size, rows)


def _publish(temporary: Path, target: Path) -> None:
    with translated_os_errors("create", target):
        try:
            os.link(temporary, target)  # unlike rename, it replaces nothing
        except FileExistsError as error:
            raise _exists(target) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            temporary.rename(target)


def _write(connection: Connection, temporary: Path, *, whole: bool) -> dict[str, int]:
    # The first read fixes the state that is copied and counted, whatever others commit meanwhile.
    connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    source = cast("sqlite3.Connection", connection.connection.driver_connection)
    with (
        translated_database_errors(str(temporary)),
        closing(sqlite3.connect(temporary, isolation_level=None)) as copy,
    ):
        # The file is synced once, at the end; until then it is only a temporary file.
        copy.execute("PRAGMA synchronous=OFF").fetchall()
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()
        if not whole:
            return {}
        problems = [row[0] for row in copy.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
        found = {name: _count(copy, name) for name in _table_names(copy)}
        wanted = {name: _count(source, name) for name in found}
    if problems or found != wanted:
        raise IntegrityError(
            f"The copy of the ledger is not whole ({'; '.join(problems) or 'rows are missing'}), "
            "so it was removed. Run check_integrity, or restore a backup.",
            code="metadata_backup_damaged",
            details={"path": str(temporary), "problems": problems},
        )
    return found


def _table_names(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return [str(row[0]) for row in rows]


def _count(connection: sqlite3.Connection, name: str) -> int:
    quoted = name.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 (quoted)


def _exists(target: Path) -> ConflictError:
    return ConflictError(
        f"{str(target)!r} exists, and a copy replaces nothing. Choose another path.",
        code="metadata_backup_exists",
        details={"path": str(target)},
    )
