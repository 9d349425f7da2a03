"""Copy a whole ledger into an empty one, on the same database or on the other.

Rows are copied as they are, table by table: with their digests, revisions and history, so that
the copy answers every question as the original did, and damage is found in it as in the original.
Both databases keep the same tables, and the digests do not depend on the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from contexta.contract.errors import ConflictError, IntegrityError
from contexta.store.metadata._database import Database
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._streams import row_pages
from contexta.store.metadata._system_tables import alembic_version
from contexta.store.metadata._tables import metadata, schema_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row, Table

    from contexta.store.metadata._config import MetadataStoreConfig

# What stamps a new ledger; it gives way to the stamps of the source.
_STAMPS = (schema_metadata, alembic_version)


def transfer_ledger(source: MetadataStoreConfig, target: MetadataStoreConfig) -> dict[str, int]:
    """Copy the state that a ledger has now into an empty one.

    The source is read in one read transaction, so that all rows are of one moment while others
    write; nothing waits for it. The target is filled in one transaction: it holds everything, or
    is as empty as before. Its tables are created when they are missing.

    Args:
        source: A ledger of the current schema version; it is only read.
        target: A place without a ledger, or a ledger without any row.

    Returns:
        Number of rows by table.

    Raises:
        ConflictError: `metadata_target_not_empty` when the target holds rows.
        StoreAccessError: `metadata_store_missing` when there is no source; otherwise when a
            database refuses.
        SchemaVersionError: When this release cannot read the source, or the target.
        IntegrityError: `metadata_transfer_incomplete` when the target does not hold what the
            source gave; nothing stays in the target.
    """
    reading = source.model_copy(update={"read_only": True, "auto_create": False})
    origin = Database(reading)
    try:
        copy = Database(target)
        try:
            with origin.read() as giver, copy.write() as taker:
                _require_empty(taker, copy.place)
                return _copy_tables(giver, taker, (origin.place, copy.place))
        finally:
            copy.close()
    finally:
        origin.close()


def _require_empty(connection: Connection, place: str) -> None:
    filled = [
        table.name
        for table in metadata.sorted_tables
        if table not in _STAMPS and connection.execute(select(table).limit(1)).first() is not None
    ]
    if filled:
        raise ConflictError(
            f"{place!r} already holds rows (in {', '.join(filled)}), and a ledger is only copied "
            "into an empty one. Name another file or schema, or merge the workspaces.",
            code="metadata_target_not_empty",
            details={"database_path": place, "tables": filled},
        )


def _copy_tables(giver: Connection, taker: Connection, places: tuple[str, str]) -> dict[str, int]:
    source, place = places
    for table in _STAMPS:
        taker.execute(table.delete())
    given = {
        table.name: _copy_rows(_pages(giver, table, source), taker, table)
        for table in metadata.sorted_tables
    }
    held = {table.name: _number_of_rows(taker, table) for table in metadata.sorted_tables}
    if held != given:
        raise IntegrityError(
            f"{place!r} does not hold what was copied into it: {held} instead of {given} rows. "
            "Check its disk; nothing was kept.",
            code="metadata_transfer_incomplete",
            details={"database_path": place, "given": given, "held": held},
        )
    return given


def _pages(giver: Connection, table: Table, place: str) -> Iterator[Sequence[Row[Any]]]:
    with translated_database_errors(place):  # else the target would be blamed for the source
        # In the order of keys, so that equal ledgers become equal files.
        yield from row_pages(giver, select(table).order_by(*table.primary_key.columns))


def _copy_rows(pages: Iterable[Sequence[Row[Any]]], taker: Connection, table: Table) -> int:
    names = [column.name for column in table.columns]
    number = 0
    for page in pages:
        taker.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in page])
        number += len(page)
    if number and taker.dialect.name == "postgresql" and "id" in table.columns:
        _go_on_counting(taker, table)
    return number


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let the numbers that the server gives go on behind those that were copied."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    connection.execute(
        select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery()))
    )


def _number_of_rows(connection: Connection, table: Table) -> int:
    found: Any = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return int(found)
