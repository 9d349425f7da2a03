"""SQL for readers: rows, Arrow tables and data frames, never a write.

Each query runs once. Frames are made from the same Arrow table on every database.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from contexta.contract.errors import DependencyError, SchemaVersionError, ValidationError
from contexta.store.metadata._arguments import a_text
from contexta.store.metadata._views import READABLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from contexta.store.metadata._database import Database


@runtime_checkable
class FrameAdapterProtocol(Protocol):
    """What the pandas and the Polars adapter have in common."""

    def query(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Return the rows of a SELECT as a frame."""
        ...

    def table(self, name: str) -> Any:
        """Return a whole table or view as a frame."""
        ...


class SqlSource(Protocol):
    """What a frame adapter asks for rows: `DuckDBAdapter`, or an adapter that a caller wrote."""

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Run a statement; the result has a DB-API `description`, and `fetchall` if it can."""
        ...

    def query_all(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Return all rows."""
        ...


class ResultRows:
    """The rows of one query, fetched; the shape of a DB-API cursor."""

    def __init__(
        self, description: tuple[tuple[Any, ...], ...], rows: tuple[tuple[Any, ...], ...]
    ) -> None:
        self.description = description
        self._rows = rows
        self._next = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(str(item[0]) for item in self.description)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None."""
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        rest = list(self._rows[self._next :])
        self._next = len(self._rows)
        return rest

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())


@dataclass(slots=True)
class DuckDBAdapter:
    """Rows by SQL. The name is that of release 1.0; the dialect is that of the database.

    Anything but SELECT is refused, also in a writable store. Parameters are `?` everywhere; on
    PostgreSQL, its JSON operators with a question mark are taken for them.
    """

    backend: Database

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> ResultRows:
        """Run a SELECT once and fetch its rows.

        Args:
            sql: One statement; parameters are `?`.
            params: Their values in order.

        Raises:
            MetadataError: `metadata_store_failed` when the database refuses the statement.
        """
        found = self.backend.select(a_text("sql", sql), params)
        return ResultRows(tuple((name, *[None] * 6) for name in found.columns), found.rows)

    def query_one(self, sql: str, params: Sequence[Any] | None = None) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return self.execute(sql, params).fetchone()

    def query_all(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[tuple[Any, ...], ...]:
        """Return all rows."""
        return tuple(self.execute(sql, params).fetchall())

    def arrow(self, sql: str, params: Sequence[Any] | None = None) -> pa.Table:
        """Return the rows as a `pyarrow.Table`; columns without any value have type null.

        Raises:
            ValidationError: `metadata_mixed_column` when a column holds values of several
                types.
        """
        return _arrow_table(self.execute(sql, params))

    def table(self, name: str) -> pa.Table:
        """Return a whole table or view as a `pyarrow.Table`.

        Raises:
            ValidationError: `metadata_unknown_table` for a name that is not one of ours.
        """
        return self.arrow(table_query(name))

    @contextmanager
    def transaction(self) -> Iterator[DuckDBAdapter]:
        """Make the puts of this thread one transaction until the end of the body.

        An exception undoes all of them and is raised again. Queries inside see the state as
        changed. Other writers wait meanwhile, so keep it short.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
        """
        with self.backend.transaction():
            yield self

    def get_schema_version(self) -> str:
        """Return the schema version of the store."""
        row = self.query_one("SELECT store_schema_version FROM schema_metadata")
        if row is None:
            raise SchemaVersionError(
                "The store has lost its schema version. Restore it from a backup.",
                code="metadata_schema_metadata_missing",
            )
        return str(row[0])


@dataclass(slots=True)
class PandasAdapter:
    """Query results as `pandas.DataFrame`."""

    sql_adapter: SqlSource

    def query(self, sql: str, params: Sequence[Any] | None = None) -> pd.DataFrame:
        """Return the rows of a SELECT, run once; no rows keep the columns.

        Raises:
            DependencyError: `metadata_pandas_adapter_not_ready` without pandas.
        """
        _library("pandas")
        frame: pd.DataFrame = _arrow_of(self.sql_adapter, sql, params).to_pandas()
        return frame

    def table(self, name: str) -> pd.DataFrame:
        """Return a whole table or view; other names raise `ValidationError`."""
        return self.query(table_query(name))


@dataclass(slots=True)
class PolarsAdapter:
    """Query results as `polars.DataFrame`."""

    sql_adapter: SqlSource

    def query(self, sql: str, params: Sequence[Any] | None = None) -> pl.DataFrame:
        """Return the rows of a SELECT, run once; no rows keep the columns.

        Raises:
            DependencyError: `metadata_polars_adapter_not_ready` without Polars.
        """
        polars = _library("polars")
        table = _arrow_of(self.sql_adapter, sql, params)
        if len(set(table.column_names)) < table.num_columns:
            raise ValidationError(
                f"Polars needs columns with different names, not {table.column_names}. "
                "Name them with AS.",
                code="metadata_duplicate_column",
                details={"columns": table.column_names},
            )
        frame: pl.DataFrame = polars.from_arrow(table)
        return frame

    def table(self, name: str) -> pl.DataFrame:
        """Return a whole table or view; other names raise `ValidationError`."""
        return self.query(table_query(name))


def table_query(name: str) -> str:
    """Return the SELECT for a whole table; the name comes from a fixed list."""
    if not isinstance(name, str) or name not in READABLE_NAMES:
        raise ValidationError(
            f"There is no table {name!r}; use one of {', '.join(sorted(READABLE_NAMES))}.",
            code="metadata_unknown_table",
            details={"table": str(name), "allowed": sorted(READABLE_NAMES)},
        )
    return f"SELECT * FROM {name}"  # noqa: S608 (from the list above)


def _arrow_of(source: SqlSource, sql: str, params: Sequence[Any] | None) -> pa.Table:
    if isinstance(source, DuckDBAdapter):
        return source.arrow(sql, params)
    result = source.execute(sql, params)
    # Only a result that cannot hand out its rows costs a second query.
    fetch = getattr(result, "fetchall", None)
    rows = source.query_all(sql, params) if fetch is None else fetch()
    return _arrow_table(ResultRows(tuple(result.description), tuple(map(tuple, rows))))


def _arrow_table(result: ResultRows) -> pa.Table:
    pa = import_module("pyarrow")
    rows = result.fetchall()
    arrays = []
    for index, name in enumerate(result.columns):
        try:
            arrays.append(pa.array([row[index] for row in rows]))
        except (pa.ArrowException, OverflowError) as error:
            raise ValidationError(
                f"Column {name!r} holds values of several types, or beyond 64 bits: {error}. "
                "CAST it to one type.",
                code="metadata_mixed_column",
                details={"column": name},
            ) from error
    return pa.Table.from_arrays(arrays, names=list(result.columns))


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DependencyError(
            f"This needs {name}, which is not installed: pip install {name}.",
            code=f"metadata_{name}_adapter_not_ready",
            details={"package": name},
        ) from error
