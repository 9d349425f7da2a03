"""The answer to a query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.export._cells import plain
from contexta.export._model import Column, Row, RowTable
from contexta.sql._values import cells_of, kind_of, unique_names

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows, and what is known of them.

    Attributes:
        table: the rows as Arrow, with the types that the engine gave them; instants are UTC.
        clipped: whether there are more rows than were asked for.
        max_rows: how many were asked for at most.
        notes: what is known to be missing.
    """

    table: pa.Table
    clipped: bool
    max_rows: int
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(unique_names(self.table.schema.names))

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)

    def all_notes(self) -> tuple[str, ...]:
        """Return the notes, and that rows were clipped."""
        more = f"only the first {self.max_rows} rows are shown; there are more"
        return (*((more,) if self.clipped else ()), *self.notes)

    def rows(self) -> Iterator[Row]:
        """Yield the rows as plain data; see ``rows_table`` for their kinds."""
        for start in range(0, self.table.num_rows, _ROWS_AT_ONCE):
            part = self.table.slice(start, _ROWS_AT_ONCE)
            columns = [
                cells_of(name, part.column(place)) for place, name in enumerate(self.columns)
            ]
            yield from zip(*columns, strict=True)

    def rows_table(self) -> RowTable:
        """Return the rows as a table that ``contexta.export`` writes."""
        columns = tuple(
            Column(name, kind_of(field.type))
            for name, field in zip(self.columns, self.table.schema, strict=True)
        )
        return RowTable("query", columns, self.rows(), self.all_notes())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: ``columns`` with name and type, ``rows`` as objects, and counts."""
        names = self.columns
        return {
            "columns": [
                {"name": name, "type": str(field.type)}
                for name, field in zip(names, self.table.schema, strict=True)
            ],
            "rows": [plain(dict(zip(names, row, strict=True))) for row in self.rows()],
            "row_count": self.row_count,
            "clipped": self.clipped,
            "notes": list(self.all_notes()),
        }
