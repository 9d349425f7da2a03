"""Pages by key: a page starts behind the sort keys of the last row, never at a count.

Whatever is inserted or deleted meanwhile, no row comes twice and none that stays is skipped, and
the last page of a list costs what the first one does, since an index finds its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import and_, func, select

from contexta.contract.errors import ValidationError
from contexta.store.metadata._cursor import read_cursor, write_cursor
from contexta.store.metadata._reading import fetch_rows

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Table

M = TypeVar("M")
_CROWD = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some items of a list, and the cursor of the page behind them; None when it is the last.

    A page may hold fewer items than asked for although more follow: damaged rows are left out.
    """

    items: tuple[M, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows of a table, in which order.

    Attributes:
        table: The table; its column `ref` is unique.
        name: Identifies table, filters and order for cursors.
        conditions: All of them must hold.
        keys: What to sort by, none of them NULL in any row; together they are unique.
        either: Of these, one at least must hold too, unless empty. Each has its own index.
        descending: Whether every key is turned around.
        joined: Another table and its join condition, when a key is from there.
        walked: The same as `conditions`, written so that the database walks along the order and
            tests each row, instead of finding all that match and sorting them.
    """

    table: Table
    name: str
    conditions: tuple[ColumnElement[bool], ...]
    keys: tuple[ColumnElement[Any], ...]
    either: tuple[ColumnElement[bool], ...] = ()
    descending: bool = False
    joined: tuple[FromClause, ColumnElement[bool]] | None = None
    walked: tuple[ColumnElement[bool], ...] | None = None

    def select(self, *columns: Any, also: ColumnElement[bool] | None = None) -> Select[Any]:
        """Return the unordered query for the table, or for some columns of it."""
        statement = select(*columns) if columns else select(self.table)
        if self.joined is None:
            statement = statement.select_from(self.table)
        else:
            statement = statement.join_from(self.table, *self.joined)
        if self.conditions:
            statement = statement.where(*self.conditions)
        return statement if also is None else statement.where(also)


def check_page(field: str, value: object, *, least: int = 0) -> None:
    """Refuse what is not a whole number from `least` on.

    Raises:
        ValidationError: `metadata_invalid_page`.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValidationError(
            f"{field} must be a whole number from {least}, not {value!r}.",
            code="metadata_invalid_page",
            details={"field_name": field, "value": repr(value)},
        )


def page_rows(
    connection: Connection,
    listing: Listing,
    *,
    limit: int | None,
    after: str | None,
    offset: int = 0,
) -> list[Row[Any]]:
    """Return rows in order, from the cursor on or from the start.

    Raises:
        ValidationError: `metadata_invalid_cursor` or `metadata_invalid_page`.
    """
    for field, value in (("limit", limit), ("offset", offset)):
        if value is not None:
            check_page(field, value)
    position = () if after is None else read_cursor(listing.name, after, len(listing.keys))
    if listing.walked is not None and limit is not None and _is_crowded(connection, listing):
        listing = replace(listing, conditions=listing.walked, walked=None)
    if not listing.either:
        return _rows(connection, listing, None, position, limit, offset)
    found: dict[str, Row[Any]] = {}
    for condition in listing.either:
        reach = None if limit is None else limit + offset
        for row in _rows(connection, listing, condition, position, reach, 0):
            found[row.ref] = row
    ordered = sorted(found.values(), key=_python_key(listing), reverse=listing.descending)
    return ordered[offset : None if limit is None else offset + limit]


def page_refs(
    connection: Connection, listing: Listing, *, limit: int | None, offset: int = 0
) -> list[str]:
    """Return refs in order, from the start.

    Raises:
        ValidationError: `metadata_invalid_page`.
    """
    for field, value in (("limit", limit), ("offset", offset)):
        if value is not None:
            check_page(field, value)
    if listing.walked is not None and limit is not None and _is_crowded(connection, listing):
        listing = replace(listing, conditions=listing.walked, walked=None)
    statement = _ordered(listing.select(listing.table.c.ref), listing, 0)
    return list(connection.execute(_cut(statement, limit, offset)).scalars().all())


def next_cursor(connection: Connection, listing: Listing, last: ColumnElement[bool]) -> str:
    """Return the cursor behind the one row of the listing that meets a condition."""
    row = connection.execute(listing.select(*listing.keys, also=last)).one()
    return write_cursor(listing.name, tuple(row))


def count_rows(connection: Connection, listing: Listing) -> int:
    """Return how many rows the listing has."""
    if not listing.either:
        return int(connection.execute(listing.select(func.count())).scalar_one())
    refs: set[str] = set()
    for condition in listing.either:
        refs.update(
            connection.execute(listing.select(listing.table.c.ref, also=condition)).scalars()
        )
    return len(refs)


def _is_crowded(connection: Connection, listing: Listing) -> bool:
    """Tell whether so many rows match that a page is found sooner by walking along the order.

    Measured: the newest 20 of 1,000 matches among 10,000 runs, 0.2 ms by walking, 1 to 13 ms by
    sorting; of 5 matches, 5 ms by walking, 0.03 ms by sorting.
    """
    matches = listing.select(listing.table.c.ref).limit(_CROWD).subquery()
    found = connection.execute(select(func.count()).select_from(matches)).scalar_one()
    return int(found) >= _CROWD


def _rows(
    connection: Connection,
    listing: Listing,
    condition: ColumnElement[bool] | None,
    position: tuple[Any, ...],
    limit: int | None,
    offset: int,
) -> list[Row[Any]]:
    """Fetch in one query from the start, else in one per key, nearest first.

    Behind (a, b, c) come the rows with the same a and b and a greater c, then those with the
    same a and a greater b, then those with a greater a. Each of these is one range of an index
    on every database; as one condition they are a scan on SQLite.
    """
    statement = listing.select(also=condition)
    if not position:
        return fetch_rows(connection, _cut(_ordered(statement, listing, 0), limit, offset))
    found: list[Row[Any]] = []
    for fixed in reversed(range(len(listing.keys))):
        key = listing.keys[fixed]
        bound = position[fixed]
        beyond = key < bound if listing.descending else key > bound
        equal = [listing.keys[i] == position[i] for i in range(fixed)]
        part = _ordered(statement.where(and_(*equal, beyond)), listing, fixed)
        rest = None if limit is None else limit + offset - len(found)
        found.extend(fetch_rows(connection, _cut(part, rest, 0)))
        if limit is not None and len(found) >= limit + offset:
            break
    return found[offset:]


def _ordered(statement: Select[Any], listing: Listing, start: int) -> Select[Any]:
    keys = listing.keys[start:]
    return statement.order_by(*(key.desc() if listing.descending else key for key in keys))


def _cut(statement: Select[Any], limit: int | None, offset: int) -> Select[Any]:
    if limit is not None:
        statement = statement.limit(limit)
    return statement.offset(offset) if offset else statement


def _python_key(listing: Listing) -> Any:
    # Only plain columns are keys of a listing with `either`, and text compares by code point
    # here as it does by byte of UTF-8 there.
    names = [key.key for key in listing.keys]
    return lambda row: tuple(getattr(row, str(name)) for name in names)
