"""Ask a workspace in SQL, read-only.

``run_query`` answers one SELECT over the views ``VIEWS``: runs, params, tags, projects, stages,
batches, samples, deployments, artifacts, metrics, events, spans and degraded. Instants are UTC.

The engine is DuckDB in this process, in memory and closed: no files, no network, no extensions,
no settings, no variables of the program. The statement is judged before it runs, and only what
it reads is loaded. Time and rows are limited.

Errors: ``ValidationError`` when the statement is refused or makes no sense,
``InterpretationError`` when it takes too long or too much memory, ``StoreError`` when a plane
cannot be read.
"""

from contexta.sql._parquet import write_parquet
from contexta.sql._query import MAX_ROWS, MAX_SECONDS, run_query
from contexta.sql._result import QueryResult
from contexta.sql._views import VIEWS, View, ViewColumn

__all__ = [
    "MAX_ROWS",
    "MAX_SECONDS",
    "VIEWS",
    "QueryResult",
    "View",
    "ViewColumn",
    "run_query",
    "write_parquet",
]
