"""Whether rows are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Column, ColumnElement, Connection, Select, Table

IN_CHUNK = 500
REFS = "refs"
_STATEMENTS: dict[str, Select[Any]] = {}


def exists(connection: Connection, table: Table, ref: str) -> bool:
    """Tell whether a table has a row with this ref."""
    statement = _STATEMENTS.get(table.name)
    if statement is None:
        statement = select(table.c.ref).where(table.c.ref == bindparam("ref"))
        _STATEMENTS[table.name] = statement
    return connection.execute(statement, {"ref": ref}).first() is not None


def existing(connection: Connection, table: Table, refs: Collection[str]) -> set[str]:
    """Return those of some refs that a table has."""
    found: set[str] = set()
    for chunk in chunks(refs):
        statement = select(table.c.ref).where(among(table.c.ref))
        found.update(connection.execute(statement, {REFS: chunk}).scalars())
    return found


def among(column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the refs passed as parameter `REFS`.

    The refs are bound at execution: as part of the statement they cost more than the query.
    """
    return column.in_(bindparam(REFS, expanding=True))


def chunks(refs: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Yield refs in portions that fit into the bound parameters of one statement."""
    ordered = tuple(refs)
    for start in range(0, len(ordered), IN_CHUNK):
        yield ordered[start : start + IN_CHUNK]
