"""Copies, checkpoints and vacuum of an open ledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError
from contexta.store.metadata._arguments import a_path
from contexta.store.metadata._copy import LedgerCopy, copy_ledger
from contexta.store.metadata._errors import translated_database_errors

if TYPE_CHECKING:
    from contexta.store.metadata._database import Database


def backup_to(database: Database, path: str | Path) -> LedgerCopy:
    """Copy one state of a ledger to a new file; see `MetadataStore.backup_to`."""
    _require_sqlite(database, "be copied", "pg_dump and pg_restore")
    target = Path(a_path("path", path)).expanduser().absolute()
    with database.read() as connection:
        return copy_ledger(connection, target)


def checkpoint(database: Database) -> bool:
    """Copy the whole write-ahead log into the database; see `MetadataStore.checkpoint`."""
    _require_sqlite(database, "be checkpointed", "CHECKPOINT on the server")
    row = _run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return row is None or row[0] == 0


def vacuum(database: Database) -> None:
    """Rewrite a ledger without its free pages; see `MetadataStore.vacuum`."""
    _require_sqlite(database, "be vacuumed", "VACUUM on the server")
    _run(database, "VACUUM")


def _run(database: Database, statement: str) -> tuple[int, ...] | None:
    with database.write():  # refuses a read-only store, before anything is opened
        pass
    if database.path is None:
        return None  # a database in memory has neither log nor file
    with (
        translated_database_errors(database.place),
        database.engine.turn(),
        closing(sqlite3.connect(database.path, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA wal_autocheckpoint=0").fetchall()
        found: tuple[int, ...] | None = connection.execute(statement).fetchone()
    return found


def _require_sqlite(database: Database, what: str, instead: str) -> None:
    if database.dialect != "sqlite":
        raise StoreAccessError(
            f"{database.place!r} is on a server and cannot {what} by Contexta; use {instead}.",
            code="metadata_store_not_a_file",
            details={"database_path": database.place, "instead": instead},
        )
