"""Look at a database file without changing a byte of it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contexta.contract.errors import IntegrityError, SchemaVersionError, StoreAccessError
from contexta.store.fs import FileLock
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._sqlite import connect_read_only, lock_path, wal_path
from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION
from contexta.store.metadata._version import FIRST_VERSION, schema_version

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What a database file is: absent, empty, foreign, ours without a version row, or ours."""

    kind: Literal["absent", "empty", "foreign", "unversioned", "ledger"]
    version: str | None = None


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
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if not names:
                return LedgerState("empty")
            if not {"schema_metadata", "ledger_runs"} <= names:
                return LedgerState("foreign")
            row = connection.execute("SELECT store_schema_version FROM schema_metadata").fetchone()
            revisions = None
            if "alembic_version" in names:
                rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
                revisions = tuple(str(item[0]) for item in rows)
    except IntegrityError as error:
        raise StoreAccessError(
            f"{str(database)!r} is not a database or is damaged. Check the path, or restore it "
            "from a backup.",
            code="metadata_store_open_failed",
            details={"database_path": str(database)},
        ) from error
    if row is None:
        return LedgerState("unversioned")
    return LedgerState("ledger", schema_version(str(row[0]), revisions))


def require_supported(database: Path, state: LedgerState) -> None:
    """Refuse files that this release must not touch.

    Raises:
        StoreAccessError: `metadata_store_foreign_database`.
        SchemaVersionError: `metadata_schema_metadata_missing` or
            `metadata_store_schema_version_unsupported`.
    """
    if state.kind == "foreign":
        raise StoreAccessError(
            f"{str(database)!r} is a database of another program; Contexta does not add its "
            "tables to it. Choose another path.",
            code="metadata_store_foreign_database",
            details={"database_path": str(database)},
        )
    if state.kind == "unversioned":
        raise SchemaVersionError(
            f"{str(database)!r} has lost its schema version. Restore it from a backup.",
            code="metadata_schema_metadata_missing",
            details={"database_path": str(database)},
        )
    if state.kind == "ledger" and state.version == FIRST_VERSION:
        raise SchemaVersionError(
            f"{str(database)!r} has schema version {FIRST_VERSION!r}, which an earlier release "
            "wrote. Close it everywhere, then open it once with auto_migrate=True, or call "
            "contexta.store.metadata.migrate_for(config): both copy it first.",
            code="metadata_store_schema_version_unsupported",
            details={
                "database_path": str(database),
                "current_version": state.version,
                "supported_version": CURRENT_METADATA_STORE_SCHEMA_VERSION,
            },
        )
    if state.kind == "ledger" and state.version != CURRENT_METADATA_STORE_SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{str(database)!r} has schema version {state.version!r}; this release supports "
            f"{CURRENT_METADATA_STORE_SCHEMA_VERSION!r}. Use the release that wrote it; nothing "
            "was changed.",
            code="metadata_store_schema_version_unsupported",
            details={
                "database_path": str(database),
                "current_version": state.version,
                "supported_version": CURRENT_METADATA_STORE_SCHEMA_VERSION,
            },
        )
