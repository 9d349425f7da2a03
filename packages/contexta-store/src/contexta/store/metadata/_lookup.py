"""Whether a row is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

_STATEMENTS: dict[str, Select[Any]] = {}


def exists(connection: Connection, table: Table, ref: str) -> bool:
    """Tell whether a table has a row with this ref."""
    statement = _STATEMENTS.get(table.name)
    if statement is None:
        statement = select(table.c.ref).where(table.c.ref == bindparam("ref"))
        _STATEMENTS[table.name] = statement
    return connection.execute(statement, {"ref": ref}).first() is not None
