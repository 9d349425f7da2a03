"""Errors of queries, as ours."""

from __future__ import annotations

import re
from typing import Any

from contexta.contract.errors import ContextaError, InterpretationError, ValidationError

_LONGEST = 2_000
_LINE = re.compile(r"^LINE (\d{1,6}):", re.MULTILINE)


def refused(reason: str, code: str = "sql_refused", **details: Any) -> ValidationError:
    """Build the error of a statement that is not run."""
    return ValidationError(reason, code=code, details=details)


def translated(error: Exception, seconds: float) -> ContextaError:
    """Return the error that stands for one of DuckDB's."""
    import duckdb

    text = str(error)[:_LONGEST]
    if isinstance(error, duckdb.InterruptException):
        return InterpretationError(
            f"the query took longer than {seconds:g} s and was stopped; ask for less, or allow "
            "more with a higher time limit",
            code="sql_time_limit",
            details={"seconds": seconds},
            cause=error,
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        what = text.partition("\n")[0].removeprefix("Out of Memory Error: ")
        return InterpretationError(
            f"the query needs more memory than it may use: {what}; ask for less at once",
            code="sql_memory_limit",
            cause=error,
        )
    kind, _, rest = text.partition(":")
    message = rest.strip() if kind.endswith("Error") else text
    # The planner's own word stands in the line before the statement.
    message = _LINE.sub(lambda found: f"LINE {max(int(found[1]) - 1, 1)}:", message)
    return ValidationError(
        f"the query cannot be answered: {message}", code="sql_invalid", cause=error
    )
