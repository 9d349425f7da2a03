"""Ask a workspace in SQL."""

from __future__ import annotations

import re
import time
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.sql._check import Checked, check_statement
from contexta.sql._engine import closed_connection, lock, show_views, time_limit
from contexta.sql._plan import columns_read, prepare
from contexta.sql._result import QueryResult
from contexta.sql._sources import RECORDS, Sources
from contexta.sql._views import VIEWS

MAX_ROWS = 10_000
MAX_SECONDS = 60.0
MEMORY_LIMIT = "1GB"
_MOST_ROWS = 100_000_000
_SIZE = re.compile(r"[0-9]{1,6}(MB|GB|TB|MiB|GiB|TiB)")


def run_query(
    ctx: Any,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    max_seconds: float = MAX_SECONDS,
    memory_limit: str = MEMORY_LIMIT,
) -> QueryResult:
    """Answer one SELECT over the views of a workspace.

    Only the columns that the statement reads are loaded, into memory. Points of runs that are
    still open are among them.

    Args:
        ctx: an open `Contexta`.
        sql: one SELECT (also WITH, FROM …, VALUES, DESCRIBE, SUMMARIZE) in DuckDB's dialect.
        max_rows: rows beyond are left out, and ``clipped`` says so.
        max_seconds: a query that takes longer is stopped.
        memory_limit: what the engine may use beside the columns that were loaded, such as
            ``512MB``.

    Raises:
        ValidationError: `sql_refused` for what is no SELECT or reads anything but the views;
            `sql_invalid`, `sql_too_large`, `sql_invalid_limit`.
        InterpretationError: `sql_time_limit`, `sql_memory_limit`.
        StoreError: a plane cannot be read.
    """
    _check_limits(max_rows, max_seconds, memory_limit)
    with closed_connection(memory_limit=memory_limit) as planning:
        prepare(planning)
        lock(planning)
        # From here on: loading the engine for the first time is not the statement's fault.
        deadline = time.monotonic() + max_seconds
        with time_limit(planning, deadline, max_seconds):
            checked = check_statement(sql, planning)
            if checked.describes:
                return _answer(planning, checked, max_rows)
            needed = columns_read(checked, planning)
    sources = Sources(ctx)
    tables = {name: _loaded(sources, name, columns) for name, columns in needed.items()}
    with (
        closed_connection(memory_limit=memory_limit) as connection,
        time_limit(connection, deadline, max_seconds),
    ):
        show_views(connection, needed, tables)
        lock(connection)
        found = _answer(connection, checked, max_rows)
    return QueryResult(found.table, found.clipped, max_rows, _damage(ctx, checked))


def _loaded(sources: Sources, name: str, columns: tuple[str, ...]) -> Any:
    view = VIEWS[name]
    wanted = dict.fromkeys(part for one in columns for part in view.by_name[one].sources)
    return sources.read(view.source, list(wanted))


def _answer(connection: Any, checked: Checked, max_rows: int) -> QueryResult:
    # One row more than wanted tells whether there are more.
    found = connection.sql(checked.sql).limit(max_rows + 1).to_arrow_table()
    clipped = found.num_rows > max_rows
    return QueryResult(found.slice(0, max_rows) if clipped else found, clipped, max_rows)


def _damage(ctx: Any, checked: Checked) -> tuple[str, ...]:
    """Say what could not be read, where records were asked for."""
    if not any(VIEWS[name].source in RECORDS for name in checked.views):
        return ()
    gaps = ctx.record_store.damage()
    return tuple(dict.fromkeys(f"{gap.code}: {gap.message}" for gap in gaps))


def _check_limits(max_rows: object, max_seconds: object, memory_limit: object) -> None:
    if type(max_rows) is not int or not 1 <= max_rows <= _MOST_ROWS:
        raise _invalid_limit("max_rows", max_rows, f"a whole number from 1 to {_MOST_ROWS}")
    if not isinstance(max_seconds, int | float) or not 0 < max_seconds <= 86_400:
        raise _invalid_limit("max_seconds", max_seconds, "a number above 0, at most 86400")
    if not isinstance(memory_limit, str) or not _SIZE.fullmatch(memory_limit):
        raise _invalid_limit("memory_limit", memory_limit, "a size such as 512MB or 2GB")


def _invalid_limit(name: str, value: object, rule: str) -> ValidationError:
    return ValidationError(
        f"{name} is {value!r}; it must be {rule}",
        code="sql_invalid_limit",
        details={"limit": name, "value": repr(value)},
    )
