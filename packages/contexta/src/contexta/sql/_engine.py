"""DuckDB, closed: it sees the tables that it is given and can do nothing but compute."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contexta.sql._errors import translated
from contexta.sql._views import VIEWS, View

if TYPE_CHECKING:
    import pyarrow as pa


@contextmanager
def closed_connection(*, threads: int = 2, memory_limit: str = "1GB") -> Iterator[Any]:
    """Open DuckDB in memory without files, network, extensions or Python's variables.

    :func:`lock` takes away the last right, to change settings.
    """
    import duckdb

    config: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        # In this order: without access to files, the folder of overflow can no longer be taken
        # away, and it would be made in the working directory.
        connection.execute("SET temp_directory = ''")
        connection.execute("SET allow_community_extensions = false")
        connection.execute("SET enable_external_access = false")
        yield connection


def lock(connection: Any) -> None:
    """Forbid every further change of settings, for good."""
    connection.execute("SET lock_configuration = true")


def show_views(
    connection: Any,
    needed: Mapping[str, tuple[str, ...]],
    tables: Mapping[str, pa.Table],
) -> None:
    """Make the views over Arrow tables; columns that nobody reads are null.

    All columns of a view are there, read or not, so that the statement means the same.
    """
    for name, columns in needed.items():
        view = VIEWS[name]
        hidden = f"_source_{name}"
        connection.register(hidden, tables[name])
        connection.execute(
            f'CREATE VIEW "{name}" AS SELECT {_selected(view, columns)} FROM "{hidden}"'  # noqa: S608 (fixed names)
        )


def _selected(view: View, columns: tuple[str, ...]) -> str:
    return ", ".join(
        f'CAST({one.expression if one.name in columns else "NULL"} AS {one.type}) AS "{one.name}"'
        for one in view.columns
    )


@contextmanager
def time_limit(connection: Any, deadline: float, seconds: float) -> Iterator[None]:
    """Stop what runs in the block at the deadline, and raise our errors for DuckDB's.

    Args:
        connection: where it runs.
        deadline: moment by ``time.monotonic``.
        seconds: the limit, for the message.

    Raises:
        InterpretationError: `sql_time_limit`, `sql_memory_limit`.
        ValidationError: `sql_invalid`.
    """
    import duckdb

    if time.monotonic() >= deadline:
        raise translated(duckdb.InterruptException("too late"), seconds)
    timer = threading.Timer(max(deadline - time.monotonic(), 0.001), connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.Error as error:
        raise translated(error, seconds) from error
    finally:
        timer.cancel()
        # A thread that still holds the connection at exit would make the engine complain.
        timer.join()
