"""Rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from contexta.export._cells import csv_cell, guarded
from contexta.export._model import RowTable

_ROWS_AT_ONCE = 500


def csv_chunks(table: RowTable, *, delimiter: str = ",") -> Iterator[str]:
    r"""Yield the table as CSV, some hundred lines at a time, the header first.

    Lines end in ``\n``, cells are quoted where they must be, ``None`` is an empty cell. Cells
    and headings that a spreadsheet would run as a formula get an apostrophe before them; numbers
    never do.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(map(guarded, table.header))
    for count, row in enumerate(table.rows, start=1):
        writer.writerow([csv_cell(cell) for cell in row])
        if count % _ROWS_AT_ONCE == 0:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
