"""Put tables into files, by the settings of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from contexta.export._csv import csv_chunks
from contexta.export._file import whole_file
from contexta.export._jsonl import jsonl_lines
from contexta.export._model import Row, RowTable
from contexta.export._redaction_of import redacted

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig

Form = Literal["csv", "jsonl", "parquet"]


def ready(table: RowTable, config: UnifiedConfig, *, form: Form) -> RowTable:
    """Return the table as the settings want it: secrets hidden, notes kept or dropped.

    ``surfaces.export.include_completeness_notes = false`` leaves out the column ``notes`` of
    forms that release 1.0 did not have; in CSV it stays and is empty, since readers count
    columns.
    """
    table = redacted(table, config.security)
    if config.surfaces.export.include_completeness_notes or "notes" not in table.header:
        return table
    if form == "csv":
        return RowTable(table.name, table.columns, _without_notes(table), ())
    return table.with_columns(name for name in table.header if name != "notes")


def _without_notes(table: RowTable) -> Iterator[Row]:
    place = table.header.index("notes")
    return ((*row[:place], None, *row[place + 1 :]) for row in table.rows)


def text_chunks(table: RowTable, config: UnifiedConfig, *, form: Form) -> Iterator[str]:
    """Yield the text of a CSV or JSON lines file, some lines at a time."""
    table = ready(table, config, form=form)
    if form == "csv":
        return csv_chunks(table, delimiter=config.surfaces.export.csv_delimiter)
    return jsonl_lines(table)


def write_table(table: RowTable, path: str | Path, config: UnifiedConfig, *, form: Form) -> int:
    """Write a table into a file, whole or not at all, and return the number of rows.

    Rows are written while they are read, so that memory does not grow with the table.

    Args:
        table: the rows; they are used up.
        path: the file; missing folders are made, an old file is replaced at the end.
        config: the settings of the workspace: ``surfaces.export`` and ``security``.
        form: ``csv``, ``jsonl`` or ``parquet``.

    Raises:
        StoreAccessError: the file cannot be written; an old one is unchanged.
    """
    if form == "parquet":
        from contexta.export._parquet import write_rows

        with whole_file(path) as stream:
            return write_rows(ready(table, config, form=form), stream)
    counted = _Counted(table)
    with whole_file(path) as stream:
        for chunk in text_chunks(counted.table, config, form=form):
            stream.write(chunk.encode("utf-8", "backslashreplace"))
    return counted.rows


class _Counted:
    """Counts rows on their way."""

    def __init__(self, table: RowTable) -> None:
        self.rows = 0
        self.table = RowTable(table.name, table.columns, self._pass(table), table.notes)

    def _pass(self, table: RowTable) -> Iterator[Row]:
        for row in table.rows:
            self.rows += 1
            yield row
