"""A table on its way into a file: named columns, rows that come one at a time, notes beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["text", "int", "float", "bool", "time", "scalar", "json"]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: heading of the column.
        kind: what its cells hold. ``time`` is UTC text, ``scalar`` text, number or truth value,
            ``json`` a mapping or list. Each cell may be ``None``.
        classic: whether exports of release 1.0 had it; those come first, in their order.
    """

    name: str
    kind: Kind = "text"
    classic: bool = False


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows to write. They can be read once: most are made while they are written.

    Attributes:
        name: what the rows are, such as ``runs``.
        columns: the columns in order; each row is a tuple with a cell for each.
        rows: the rows.
        notes: what is known to be missing from them, one sentence or code each; whole once the
            rows have been read.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    notes: Sequence[str] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def with_columns(self, names: Iterable[str]) -> RowTable:
        """Keep the named columns, in the order of the table."""
        wanted = frozenset(names)
        places = [place for place, one in enumerate(self.columns) if one.name in wanted]
        if len(places) == len(self.columns):
            return self
        columns = tuple(self.columns[place] for place in places)
        return replace(self, columns=columns, rows=_picked(self.rows, places))

    def classic(self, *, also: Iterable[str] = ()) -> RowTable:
        """Keep the columns that release 1.0 wrote, and some more."""
        names = [column.name for column in self.columns if column.classic]
        return self.with_columns([*names, *also]) if names else self


def _picked(rows: Iterable[Row], places: list[int]) -> Iterator[Row]:
    return (tuple(row[place] for place in places) for row in rows)


def columns(*given: str) -> tuple[Column, ...]:
    """Build columns from words ``name``, ``name:kind`` and, for those of 1.0, ``*name``."""
    out = []
    for word in given:
        name, _, kind = word.lstrip("*").partition(":")
        checked: Any = kind or "text"
        out.append(Column(name, checked, classic=word.startswith("*")))
    return tuple(out)
