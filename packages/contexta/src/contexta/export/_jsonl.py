"""Rows as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from contexta.export._cells import json_line
from contexta.export._model import RowTable


def jsonl_lines(table: RowTable) -> Iterator[str]:
    r"""Yield one JSON object per row, each with its ``\n``, keys in the order of the columns.

    A number that is not finite is ``null`` and named under ``<column>_marker`` (``NaN``,
    ``Infinity``, ``-Infinity``). Other than in CSV, text is not changed: JSON runs nothing.
    Characters outside of ASCII are escaped, so that no terminal acts on them.
    """
    header = table.header
    for row in table.rows:
        yield json_line(dict(zip(header, row, strict=True))) + "\n"
