"""Check that the tables, indexes and views of a ledger are those of its schema version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import create_mock_engine, text
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from contexta.store.metadata import _sqlite
from contexta.store.metadata import _system_tables as _also_in_metadata  # noqa: F401 - for its tables
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._streams import shown
from contexta.store.metadata._tables import metadata
from contexta.store.metadata._views import view_statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

_KINDS = {"table": "restore_backup", "index": "create_index", "view": "create_view"}


def schema_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield an issue for each table, index or view that is missing or not as it was made."""
    if connection.dialect.name == "sqlite":
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        found, expected = _shape(driver), _expected_shape()
        for (kind, name), shape in sorted(expected.items()):
            if (kind, name) not in found:
                yield _missing(kind, name)
            elif found[kind, name] != shape:
                yield _differs(kind, name)
        return
    for kind, name in sorted(_expected_names() - _server_names(connection)):
        yield _missing(kind, name)


def statement_of(kind: str, name: str) -> str | None:
    """Return the SQL that creates an index or a view of SQLite; None for other names."""
    with closing(sqlite3.connect(":memory:")) as reference:
        _create(reference)
        row = reference.execute(
            "SELECT sql FROM sqlite_master WHERE type = ? AND name = ?", (kind, name)
        ).fetchone()
    return str(row[0]) if row and row[0] and kind in {"index", "view"} else None


@cache
def _expected_shape() -> Mapping[tuple[str, str], Any]:
    with closing(sqlite3.connect(":memory:")) as reference:
        _create(reference)
        return _shape(reference)


def _create(reference: sqlite3.Connection) -> None:
    dialect = sqlite_dialect.dialect()
    for element in _definitions("sqlite"):
        reference.execute(str(element.compile(dialect=dialect)))
    for statement in view_statements(_sqlite.instant_text):
        reference.execute(statement)


def _definitions(dialect: str) -> list[CreateTable | CreateIndex]:
    """Return what `create_all` would run on a database."""
    elements: list[Any] = []
    engine = create_mock_engine(f"{dialect}://", lambda element, *_, **__: elements.append(element))
    metadata.create_all(engine, checkfirst=False)
    return elements


def _expected_names() -> set[tuple[str, str]]:
    names = {
        ("index" if isinstance(element, CreateIndex) else "table", str(element.element.name))
        for element in _definitions("postgresql")
    }
    views = (item.split()[2] for item in view_statements(_sqlite.instant_text))
    return names | {("view", name) for name in views}


def _shape(connection: sqlite3.Connection) -> dict[tuple[str, str], Any]:
    """Return what SQLite makes of each definition; its text may differ after a migration."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    shape: dict[tuple[str, str], Any] = {}
    for kind, name, table, sql in rows:
        if kind == "table":
            shape[kind, name] = (
                connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall(),
                "WITHOUT ROWID" in (sql or "").upper(),
            )
        elif kind == "index":
            columns = connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)).fetchall()
            shape[kind, name] = (table, columns, _words(sql))
        else:
            shape[kind, name] = _words(sql)
    return shape


def _words(sql: str | None) -> str:
    return " ".join((sql or "").replace('"', "").split())


_SERVER_NAMES = {
    "table": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
    "index": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()",
    "view": "SELECT viewname FROM pg_views WHERE schemaname = current_schema()",
}


def _server_names(connection: Connection) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for kind, query in _SERVER_NAMES.items():
        found.update((kind, str(name)) for name in connection.execute(text(query)).scalars())
    return found


def _missing(kind: str, name: str) -> IntegrityIssue:
    return IntegrityIssue(
        code=f"missing_{kind}",
        message=f"The ledger lacks the {kind} {name!r}.",
        suggested_action=_KINDS.get(kind, "restore_backup"),
        details={"kind": kind, "name": name},
    )


def _differs(kind: str, name: str) -> IntegrityIssue:
    return IntegrityIssue(
        code=f"{kind}_definition_differs",
        message=f"The {kind} {shown(name)!r} of the ledger is not as this release makes it.",
        suggested_action=_KINDS.get(kind, "restore_backup"),
        details={"kind": kind, "name": name},
    )
