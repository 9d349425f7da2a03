"""Copy the rows of a ledger that prove themselves by their digest into another ledger.

The file they come from may be one that SQLite takes for damaged: each table is read from its
beginning up to the first page that cannot be read, and from its end down to the last one. A row
counts only when its digest is right. What is derived from rows is made anew by the repairs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table


def graft_rows(source: Path, target: Path, refs: set[str] | None = None) -> int:
    """Add the verified rows of `source` that `target` lacks or has in an older revision.

    Args:
        source: A ledger, damaged or not; it is not changed, nobody has it open.
        target: A ledger that can be written; nobody has it open.
        refs: Only entities with these refs, and what belongs to them; None means all rows.

    Returns:
        How many rows were added or renewed.

    Raises:
        sqlite3.Error: When the target cannot be written.
    """
    uri = f"file:{quote(str(source))}?mode=ro"
    if not source.with_name(f"{source.name}-wal").exists():
        uri += "&immutable=1"
    count = 0
    with (
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as old,
        closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        old.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        new.execute("BEGIN IMMEDIATE")
        for table, columns in _digest_tables():
            count += sum(
                _put(new, table, row)
                for row in _rows(old, table)
                if _is_right(table.name, columns, row) and (refs is None or _is_of(row, refs))
            )
        new.execute("COMMIT")
    return count


def _digest_tables() -> Iterator[tuple[Table, tuple[str, ...] | None]]:
    """Yield the tables whose rows carry a digest, and the columns it covers; None: all others."""
    from contexta.store.metadata.files import ENTITIES, MARKED, metadata

    skipped = {"ledger_migration_history", "ledger_repair_audit"}  # of the file they stand in
    for entity in ENTITIES:
        yield entity.table, None
    for name, columns in MARKED.items():
        if name not in skipped:
            yield metadata.tables[name], columns


def _rows(connection: sqlite3.Connection, table: Table) -> Iterator[dict[str, Any]]:
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{name}"' for name in names)
    last = -(1 << 62)
    for order in ("ASC", "DESC"):
        statement = (
            f'SELECT rowid, {listed} FROM "{table.name}" WHERE rowid > ? ORDER BY rowid {order}'  # noqa: S608 (names of ours)
        )
        try:
            for row in connection.execute(statement, (last,)):
                if order == "ASC":
                    last = row[0]
                yield dict(zip(names, row[1:], strict=True))
        except sqlite3.Error:
            continue
        return


def _is_right(table: str, columns: tuple[str, ...] | None, row: dict[str, Any]) -> bool:
    from contexta.store.metadata.files import row_digest

    covered = tuple(row.values())[:-1] if columns is None else tuple(row[name] for name in columns)
    try:
        return bool(row_digest(table, covered) == row["digest"])
    except (UnicodeError, TypeError, ValueError):
        return False


def _is_of(row: dict[str, Any], refs: set[str]) -> bool:
    return row.get("ref", row.get("run_ref")) in refs


def _put(connection: sqlite3.Connection, table: Table, row: dict[str, Any]) -> bool:
    keys = [column.name for column in table.primary_key]
    if not all(row[key] is not None for key in keys):
        return False
    where = " AND ".join(f'"{key}" = ?' for key in keys)
    has_revision = "revision" in row
    wanted = '"revision"' if has_revision else "1"
    found = connection.execute(
        f'SELECT {wanted} FROM "{table.name}" WHERE {where}',  # noqa: S608 (names of ours)
        [row[key] for key in keys],
    ).fetchone()
    if found is not None and not (has_revision and found[0] < row["revision"]):
        return False
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f'INSERT OR REPLACE INTO "{table.name}" ({names}) VALUES ({marks})',  # noqa: S608
        list(row.values()),
    )
    return True
