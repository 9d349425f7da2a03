"""What is wrong with the input of a bulk append, by column and row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from contexta.contract.errors import ContextaError, ValidationError
from contexta.store.records._models import AppendRejection

_SHOWN_ROWS = 5
_SHOWN_PROBLEMS = 20


class Problem(NamedTuple):
    """A rule that cells of a column break; `rows` from 0, empty for the column as a whole."""

    column: str
    code: str
    rule: str
    rows: Sequence[int] = ()


def rows_where(mask: pa.Array | pa.ChunkedArray) -> list[int]:
    """Return the positions of the true cells of a mask."""
    import pyarrow.compute as pc

    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    return found


def problems_of(error: ContextaError, rows: Sequence[int], default: str) -> list[Problem]:
    """Return the problems of a record that the contract refused, by the names of columns."""
    issues = getattr(error, "issues", None) or ()
    found = []
    for issue in issues:
        path = str(getattr(issue, "path", "")).lstrip("$.")
        parts = path.replace("[", ".").split(".")
        names = [part for part in parts if part not in ("envelope", "payload", "")]
        code = str(getattr(issue, "code", error.code))
        found.append(Problem(names[0] if names else default, code, str(issue.message), rows))
    return found or [Problem(default, error.code, error.message, rows)]


def bulk_error(record_type: str, problems: Iterable[Problem]) -> ValidationError:
    """Build the error that names every problem: column, first rows, rule."""
    merged: dict[tuple[str, str, str], list[int]] = {}
    for column, code, rule, rows in problems:
        merged.setdefault((column, code, rule), []).extend(rows)
    details: list[dict[str, Any]] = [
        {
            "column": column,
            "code": code,
            "rule": rule,
            "rows": sorted(rows)[:_SHOWN_ROWS],
            "row_count": len(rows),
        }
        for (column, code, rule), rows in merged.items()
    ]
    shown = "; ".join(_shown(item) for item in details[:_SHOWN_PROBLEMS])
    more = len(details) - _SHOWN_PROBLEMS
    return ValidationError(
        f"Nothing was appended to {record_type} records: {shown}"
        f"{f'; and {more} more' if more > 0 else ''}. Correct the input, or pass "
        "on_error='reject' to store the good rows.",
        code="record_bulk_invalid",
        details={"record_type": record_type, "problems": details},
    )


def _shown(item: dict[str, Any]) -> str:
    rows = ", ".join(str(row) for row in item["rows"])
    if item["row_count"] > len(item["rows"]):
        rows += f", … ({item['row_count']} in all)"
    return f"{item['column']}{f' (row {rows})' if rows else ''}: {item['rule']}"


def rejections_of(record_type: str, problems: Iterable[Problem]) -> tuple[AppendRejection, ...]:
    """Return one rejection per bad row, in row order, with the first code found."""
    by_row: dict[int, Problem] = {}
    for problem in problems:
        for row in problem.rows:
            by_row.setdefault(row, problem)
    return tuple(
        AppendRejection(row, found.code, f"{found.column}: {found.rule}", None, record_type)
        for row, found in sorted(by_row.items())
    )
