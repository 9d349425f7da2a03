"""The reading half of a repository."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sqlalchemy import bindparam, select

from contexta.contract.errors import IntegrityError, NotFoundError
from contexta.store.metadata import _filters
from contexta.store.metadata._arguments import several
from contexta.store.metadata._lookup import REFS, among, chunks, exists
from contexta.store.metadata._paging import (
    Listing,
    Page,
    check_page,
    count_rows,
    next_cursor,
    page_rows,
)
from contexta.store.metadata._reading import fetch_rows, models_of
from contexta.store.metadata._refs import ref_text
from contexta.store.metadata._revisions import revision_of
from contexta.store.metadata._tombstones import deletion_details

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._context import StoreContext
    from contexta.store.metadata._filters import Condition
    from contexta.store.metadata._rows import Entity

M = TypeVar("M")
PAGE_SIZE = 100
_ITER_SIZE = 1_000


class ReadRepository(Generic[M]):
    """Get, find, exists, list, page and count over one table; subclasses give the public names."""

    _known_filters: ClassVar[Mapping[str, Condition]] = {}
    # Of these filters, the first that is given makes the others void.
    _precedence: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: StoreContext, entity: Entity[M]) -> None:
        self._context = context
        self._database = context.database
        self._damage = context.damage
        self._entity = entity

    @cached_property
    def _by_ref(self) -> Select[Any]:
        table = self._entity.table
        return select(table).where(table.c.ref == bindparam("ref"))

    @cached_property
    def _by_refs(self) -> Select[Any]:
        table = self._entity.table
        return select(table).where(among(table.c.ref))

    @property
    def table(self) -> Table:
        """The table of these entities."""
        return self._entity.table

    @property
    def model(self) -> type[M]:
        """The class of these entities."""
        return self._entity.model

    def get_many(self, refs: Iterable[StableRef | str]) -> tuple[M, ...]:
        """Return the models of refs, in the order of the refs.

        Raises:
            NotFoundError: `metadata_row_not_found`, naming every ref that is not stored.
            IntegrityError: `metadata_row_damaged` for the first row that is.
        """
        wanted = tuple(ref_text(ref) for ref in several("refs", refs))
        with self._database.read() as connection:
            rows = self._existing(connection, wanted)
            missing = sorted({ref for ref in wanted if ref not in rows})
            if missing:
                raise self._not_found(connection, *missing)
        return tuple(self._model(rows[ref]) for ref in wanted)

    def find_many(self, refs: Iterable[StableRef | str]) -> dict[str, M]:
        """Return those of some refs that are stored and readable, by ref text, in their order.

        Damaged rows are left out and reported by `MetadataStore.damage`.
        """
        wanted = dict.fromkeys(ref_text(ref) for ref in several("refs", refs))
        with self._database.read() as connection:
            rows = self._existing(connection, tuple(wanted))
        ordered = [rows[ref] for ref in wanted if ref in rows]
        models = models_of(ordered, self._entity, self._damage)
        return {self._entity.ref_of(model): model for model in models}

    def get_revision(self, ref: StableRef | str) -> int:
        """Return how often a row was written, from 1; the next write makes it greater.

        It goes on where it was when a deleted ref is put again, so no number comes twice.

        Raises:
            NotFoundError: `metadata_row_not_found`.
        """
        text = ref_text(ref)
        with self._database.read() as connection:
            revision = revision_of(connection, self._entity.table, text)
            if revision is None:
                raise self._not_found(connection, text)
        return revision

    def _get(self, ref: StableRef | str) -> M:
        text = ref_text(ref)
        with self._database.read() as connection:
            row = self._stored(connection, text)
            if row is None:
                raise self._not_found(connection, text)
        return self._model(row)

    def _find(self, ref: StableRef | str) -> M | None:
        text = ref_text(ref)
        with self._database.read() as connection:
            row = self._stored(connection, text)
        return None if row is None else self._model(row)

    def _exists(self, ref: StableRef | str) -> bool:
        text = ref_text(ref)
        with self._database.read() as connection:
            return exists(connection, self._entity.table, text)

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        """Return the order of a list with these filters; together the keys are unique."""
        raise NotImplementedError

    def _listing(self, filters: Mapping[str, Any]) -> Listing:
        given = [name for name in self._precedence if filters.get(name) is not None]
        kept = {name: value for name, value in filters.items() if name not in given[1:]}
        table = self._entity.table
        return Listing(
            table,
            f"{table.name}|{_filters.signature(kept)}",
            _filters.conditions_of(self._filters(), kept),
            self._keys(kept),
        )

    def _filters(self) -> dict[str, Condition]:
        hidden = _filters.not_archived(self._entity.table.c.ref)
        return {**self._known_filters, "include_archived": hidden}

    def _list(
        self,
        listing: Listing,
        *,
        limit: int | None = None,
        after: str | None = None,
        offset: int = 0,
    ) -> tuple[M, ...]:
        with self._database.read() as connection:
            rows = page_rows(connection, listing, limit=limit, after=after, offset=offset)
        return models_of(rows, self._entity, self._damage)

    def _page(self, listing: Listing, *, limit: int, after: str | None) -> Page[M]:
        rows, cursor = self._page_rows(listing, limit=limit, after=after)
        return Page(models_of(rows, self._entity, self._damage), cursor)

    def _page_rows(
        self, listing: Listing, *, limit: int, after: str | None
    ) -> tuple[list[Row[Any]], str | None]:
        check_page("limit", limit, least=1)
        with self._database.read() as connection:
            rows = page_rows(connection, listing, limit=limit + 1, after=after)
            if len(rows) <= limit:
                return rows, None
            last = self._entity.table.c.ref == rows[limit - 1].ref
            return rows[:limit], next_cursor(connection, listing, last)

    def _iterate(self, listing: Listing) -> Iterator[M]:
        after: str | None = None
        while True:
            page = self._page(listing, limit=_ITER_SIZE, after=after)
            yield from page.items
            after = page.next_cursor
            if after is None:
                return

    def _count(self, listing: Listing) -> int:
        with self._database.read() as connection:
            return count_rows(connection, listing)

    def _model(self, row: Row[Any]) -> M:
        try:
            return self._entity.model_of(row)
        except IntegrityError as error:
            self._damage.add(error)
            raise

    def _stored(self, connection: Connection, ref: str) -> Row[Any] | None:
        rows = fetch_rows(connection, self._by_ref, {"ref": ref})
        return rows[0] if rows else None

    def _existing(self, connection: Connection, refs: tuple[str, ...]) -> dict[str, Row[Any]]:
        found: dict[str, Row[Any]] = {}
        for chunk in chunks(refs):
            for row in fetch_rows(connection, self._by_refs, {REFS: chunk}):
                found[row.ref] = row
        return found

    def _not_found(self, connection: Connection, *refs: str) -> NotFoundError:
        table = self._entity.table.name.removeprefix("ledger_")
        details: dict[str, Any] = {"table": table, "ref": refs[0]}
        if len(refs) > 1:
            details["refs"] = list(refs)
        deleted = deletion_details(connection, refs[0])
        when = f"; it was deleted at {deleted['deleted_at']}" if deleted else ""
        shown = ", ".join(repr(ref) for ref in refs[:5]) + (" …" if len(refs) > 5 else "")
        return NotFoundError(
            f"There is no {shown} in {table!r}{when}.",
            code="metadata_row_not_found",
            details={**details, **deleted},
        )
