"""Rows of whole tables, some at a time, also of tables that are damaged."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contexta.store.metadata import _sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row, Select

_PAGE = 500


@contextmanager
def tolerant_text(connection: Connection) -> Iterator[None]:
    """Read text that is not UTF-8 as lone surrogates while the body runs.

    Only a damaged SQLite file holds such text; a server checks it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    with _sqlite.any_bytes_as_text(connection):
        yield


def row_pages(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows of a query in groups, so that memory does not grow with the table."""
    result = connection.execute(statement.execution_options(yield_per=_PAGE))
    yield from result.partitions()


def shown(value: object) -> str:
    """Return a stored text as one that can be printed and written as JSON."""
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
