"""DuckDB that sees the Arrow tables it is given and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# abs(x) <= the largest double is false for NaN and infinities in DuckDB and in Spark; isinf is
# not in Spark.
LARGEST = "1.7976931348623157e308"


def run_sql(
    sql: str,
    tables: Mapping[str, Any],
    *,
    threads: int,
    memory_limit: str,
    values: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Run one query over Arrow tables and return an Arrow table.

    No files, no network; no extension is loaded or installed.

    Args:
        sql: one statement.
        tables: what it may read, by name.
        threads: how many threads DuckDB may use.
        memory_limit: how much memory DuckDB may use beside the tables, such as ``1GB``.
        values: what is bound to ``$name`` in the statement.

    Raises:
        duckdb.Error: DuckDB cannot answer.
    """
    import duckdb

    config: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_external_access": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql, params=values or None).to_arrow_table()
