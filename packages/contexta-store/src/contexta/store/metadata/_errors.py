"""Turn errors of SQLAlchemy and the driver into ours, in one place."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from contexta.contract.errors import (
    ContextaError,
    IntegrityError,
    MetadataError,
    ReadOnlyStoreError,
    StoreAccessError,
    ValidationError,
)
from contexta.store.metadata._postgres_errors import postgres_error

if TYPE_CHECKING:
    from collections.abc import Iterator

# PROTOCOL: for ten seconds, others were too quick for a reader to find its place in the log.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_ACCESS = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


@contextmanager
def translated_database_errors(place: str) -> Iterator[None]:
    """Raise one of our errors for any error of the database library.

    Args:
        place: What the user calls this database: its path.
    """
    try:
        yield
    except ContextaError:
        raise
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise database_error(place, error) from error
    except UnicodeDecodeError as error:
        raise IntegrityError(
            f"{place!r} holds text that is not UTF-8. Run check_integrity, or restore a backup.",
            code="metadata_store_damaged",
            details={"database_path": place, "reason": str(error)},
        ) from error
    except UnicodeEncodeError as error:
        raise ValidationError(
            "Text with lone surrogates cannot be stored; "
            f"{error.object[error.start : error.end]!a} is one.",
            code="metadata_store_invalid_text",
        ) from error
    except OverflowError as error:
        raise ValidationError(
            "A number is outside of the 64-bit range of the database.",
            code="metadata_store_invalid_number",
        ) from error


def database_error(place: str, error: Exception) -> ContextaError:
    """Build the error that stands for `error`."""
    original: object = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, BaseException) and type(original).__module__.startswith("psycopg"):
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return postgres_error(place, original, lost=lost)
    if isinstance(error, PoolTimeoutError):
        return StoreAccessError(
            f"All connections to {place!r} are in use. Call again when a thread is done.",
            code="metadata_store_busy",
            details={"database_path": place},
            retryable=True,
        )
    code = getattr(original, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    details = {
        "database_path": place,
        "reason": str(original),
        "driver_code": getattr(original, "sqlite_errorname", None),
    }
    if primary in _BUSY:
        return StoreAccessError(
            f"{place!r} stayed busy: {original}. Call again when the other writer is done.",
            code="metadata_store_busy",
            details=details,
            retryable=True,
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreAccessError(
            f"The disk of {place!r} is full; nothing was changed. Free space and call again.",
            code="store_disk_full",
            details=details,
            retryable=True,
        )
    if primary == sqlite3.SQLITE_READONLY:
        return ReadOnlyStoreError(
            f"{place!r} cannot be written: {original}.",
            code="metadata_store_read_only",
            details=details,
        )
    if primary in _DAMAGED:
        return IntegrityError(
            f"{place!r} is damaged or not a database: {original}. Restore it from a backup.",
            code="metadata_store_damaged",
            details=details,
        )
    if primary in _ACCESS:
        return StoreAccessError(
            f"{place!r} cannot be opened: {original}. Check path and permissions.",
            code="metadata_store_open_failed",
            details=details,
        )
    if primary == sqlite3.SQLITE_IOERR:
        return StoreAccessError(
            f"Reading or writing {place!r} failed: {original}.",
            code="store_io_failed",
            details=details,
        )
    return MetadataError(
        f"The database {place!r} refused: {original}.",
        code="metadata_store_failed",
        details=details,
    )
