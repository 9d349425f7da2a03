"""Hide secrets in what leaves the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from contexta._redaction import redactor_of
from contexta.export._model import Column, Row, RowTable

if TYPE_CHECKING:
    from contexta._redaction import Redactor

_CACHED = 512


def redacted(table: RowTable, security: Any) -> RowTable:
    """Return the table with its secrets replaced, as ``security.redaction_mode`` says.

    Capture hides secrets before they are stored; this catches what came in under a looser mode,
    by an import or a merge. ``security.allow_unredacted_local_exports`` leaves rows as they are.
    """
    redactor = redactor_of(security)
    if redactor.mode == "off" or security.allow_unredacted_local_exports:
        return table
    return replace(table, rows=_rows(table, redactor))


def _rows(table: RowTable, redactor: Redactor) -> Iterator[Row]:
    text = _remembering(redactor.text)
    clean: list[Callable[[Any], Any] | None] = [
        _cleaner(column, redactor, text) for column in table.columns
    ]
    named = _named_value(table.columns)
    for row in table.rows:
        cells = [
            cell if cell is None or by is None else by(cell)
            for cell, by in zip(row, clean, strict=True)
        ]
        if named is not None:
            key, place = named
            cells[place] = redactor.mapping({str(row[key]): row[place]}).get(
                str(row[key]), cells[place]
            )
        yield tuple(cells)


def _named_value(columns: tuple[Column, ...]) -> tuple[int, int] | None:
    """Find a pair of columns of which one names what the other holds, as in params."""
    names = [column.name for column in columns]
    return (
        (names.index("key"), names.index("value"))
        if {"key", "value"} <= {*names} and columns[names.index("value")].kind == "scalar"
        else None
    )


def _cleaner(
    column: Column, redactor: Redactor, text: Callable[[str], str]
) -> Callable[[Any], Any] | None:
    if column.kind == "text":
        return text
    if column.kind == "json":
        return redactor.value
    if column.kind == "scalar":
        return lambda cell: text(cell) if isinstance(cell, str) else redactor.value(cell)
    return None


def _remembering(clean: Callable[[str], str]) -> Callable[[str], str]:
    """Remember short texts: ids, names and keys repeat in row after row."""
    known = lru_cache(maxsize=1_024)(clean)
    return lambda text: known(text) if len(text) <= _CACHED else clean(text)
