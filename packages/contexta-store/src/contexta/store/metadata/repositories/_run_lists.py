"""Finding runs: lists, pages, counts and light rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from sqlalchemy import and_, func, null, select

from contexta.contract import Run
from contexta.store.metadata._arguments import several
from contexta.store.metadata._filters import invalid_filter
from contexta.store.metadata._paging import Page, page_refs, page_rows
from contexta.store.metadata._reading import fetch_rows
from contexta.store.metadata._refs import ref_text
from contexta.store.metadata._run_query import run_conditions, run_listing
from contexta.store.metadata._run_rows import RunOrderRow, arrow_table, light_rows
from contexta.store.metadata._tables import run_params, run_tags, runs
from contexta.store.metadata.repositories._reads import PAGE_SIZE, ReadRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import RunFilters
    from contexta.store.metadata._paging import Listing
    from contexta.store.metadata._run_rows import RunRow

_LINE_BREAK = "\n"
_KEYED = {"params": run_params, "tags": run_tags}


class RunLists(ReadRepository[Run]):
    """The lists of `RunRepository`. All take the filters that `list_runs` describes."""

    def list_runs(
        self,
        project_ref: StableRef | str | None = None,
        *,
        status: str | Sequence[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        started_after: str | datetime | None = None,
        started_before: str | datetime | None = None,
        name: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        order_by: str = "project",
        descending: bool = False,
        after: str | None = None,
        name_prefix: str | None = None,
        ended_after: str | datetime | None = None,
        ended_before: str | datetime | None = None,
        has_deployment: bool | None = None,
        archived: bool | None = None,
        include_archived: bool | None = None,
        code_revision: str | None = None,
        dataset_ref: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> tuple[Run, ...]:
        """Return the runs that meet every condition given, filtered and cut in SQL.

        Args:
            project_ref: Only runs of this project.
            status: One status, or several of which any will do.
            tags: Key to the value that a run must have, or to a mapping of operators to values:
                `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in` (any of a sequence) and `exists` (True
                or False). All but `exists: False` ask for runs that have the tag.
            params: The same for parameters. Numbers compare as numbers (1 equals 1.0), all else
                as text; True is not 1, it equals "true".
            started_after: Earliest start, included.
            started_before: Latest start, excluded.
            name: The exact name.
            limit: At most so many runs.
            offset: Skip so many first. Costs what the skipped runs cost; a cursor does not.
            order_by: `project` (by ref, and by start within each), `started_at`, `ended_at` (open
                runs last), `name`, `status` or `ref`; ties by ref. `param:<key>` orders by a
                parameter that is a number; runs without it are left out.
            descending: Whether to turn the order around, ties included.
            after: `next_cursor` of a page with the same filters and order; start behind it.
            name_prefix: How the name begins.
            ended_after: Earliest end, included; leaves out open runs.
            ended_before: Latest end, excluded; leaves out open runs.
            has_deployment: Whether a deployment names the run.
            archived: Only archived runs, or only others.
            include_archived: False leaves out archived runs.
            code_revision: The exact code revision.
            dataset_ref: The exact dataset.
            where: Conditions joined by and, or and not; see `contexta.store.metadata._run_where`.

        Raises:
            ValidationError: `metadata_invalid_order`, `metadata_invalid_page`,
                `metadata_invalid_cursor`, `metadata_unknown_status`,
                `metadata_unknown_operator`, `metadata_invalid_filter`, or a ref that is not one.
        """
        filters: RunFilters = {
            "status": status,
            "tags": tags,
            "params": params,
            "started_after": started_after,
            "started_before": started_before,
            "name": name,
            "name_prefix": name_prefix,
            "ended_after": ended_after,
            "ended_before": ended_before,
            "has_deployment": has_deployment,
            "archived": archived,
            "include_archived": include_archived,
            "code_revision": code_revision,
            "dataset_ref": dataset_ref,
            "project_ref": project_ref,
            "where": where,
        }
        listing = _listing(filters, order_by, descending)
        return self._list(listing, limit=limit, after=after, offset=offset)

    def page_runs(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        order_by: str = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> Page[Run]:
        """Return runs and the cursor of the page behind them; see `list_runs`."""
        listing = _listing(filters, order_by, descending)
        return self._page(listing, limit=limit, after=after)

    def iter_runs(
        self,
        *,
        order_by: str = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> Iterator[Run]:
        """Yield runs page by page, each page as it is then; see `list_runs`."""
        return self._iterate(_listing(filters, order_by, descending))

    def list_keys(self, field: str) -> tuple[str, ...]:
        """Return the keys that any run has, sorted by code point.

        Args:
            field: `params` or `tags`.

        Raises:
            ValidationError: `metadata_invalid_filter`.
        """
        table = _KEYED.get(field)
        if table is None:
            raise invalid_filter("field", field, "params or tags")
        with self._database.read() as connection:
            return tuple(sorted(connection.execute(select(table.c.key).distinct()).scalars()))

    def count_runs(self, **filters: Unpack[RunFilters]) -> int:
        """Count runs; see `list_runs`."""
        return self._count(_listing(filters, "project", False))

    def run_rows(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        offset: int = 0,
        order_by: str = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> tuple[RunRow, ...]:
        """Return light rows, several times faster than models; see `list_runs`."""
        listing = _listing(filters, order_by, descending)
        with self._database.read() as connection:
            rows = page_rows(connection, listing, limit=limit, after=after, offset=offset)
        return light_rows(rows, self._damage)

    def page_run_rows(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        order_by: str = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> Page[RunRow]:
        """Return light rows and the cursor of the page behind them; see `list_runs`."""
        rows, cursor = self._page_rows(
            _listing(filters, order_by, descending), limit=limit, after=after
        )
        return Page(light_rows(rows, self._damage), cursor)

    def find_run_rows(self, refs: Iterable[StableRef | str]) -> dict[str, RunRow]:
        """Return the light rows of those of some refs that are stored and readable, by ref.

        In the order of the refs; damaged rows are left out and reported.
        """
        wanted = tuple(dict.fromkeys(ref_text(ref) for ref in several("refs", refs)))
        with self._database.read() as connection:
            rows = self._existing(connection, wanted)
        ordered = [rows[ref] for ref in wanted if ref in rows]
        return {row.ref: row for row in light_rows(ordered, self._damage)}

    def run_refs(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        order_by: str | None = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> tuple[str, ...]:
        """Return refs only, without reading what is stored of the runs; see `list_runs`.

        Refs of rows that turn out to be damaged when they are read are among them.

        Args:
            limit: At most so many.
            offset: Skip so many first.
            order_by: As in `list_runs`; None: any order, which costs half.
            descending: As in `list_runs`.
            **filters: As in `list_runs`.
        """
        if order_by is None and limit is None and offset == 0:
            return self._refs_in_any_order(filters)
        listing = _listing(filters, order_by or "ref", descending)
        with self._database.read() as connection:
            return tuple(page_refs(connection, listing, limit=limit, offset=offset))

    def order_rows(
        self, *, param: str | None = None, **filters: Unpack[RunFilters]
    ) -> tuple[RunOrderRow, ...]:
        """Return what runs can be sorted by, in any order, without reading what is stored of them.

        For orders that SQL does not know. Rows that turn out to be damaged when they are read
        are among them.

        Args:
            param: The parameter whose values to return; None: no parameter's.
            **filters: As in `list_runs`.
        """
        own = (runs.c.ref, runs.c.status, runs.c.started_us, runs.c.ended_us)
        if param is None:
            statement = select(*own, null(), null())
        else:
            mine = run_params.alias("sorted_by")
            same = and_(mine.c.run_ref == runs.c.ref, mine.c.key == param)
            statement = select(*own, mine.c.number, mine.c.text).join_from(
                runs, mine, same, isouter=True
            )
        with self._database.read() as connection:
            rows = fetch_rows(connection, statement.where(*run_conditions(filters)))
        return tuple(RunOrderRow._make(row) for row in rows)

    def _refs_in_any_order(self, filters: RunFilters) -> tuple[str, ...]:
        # One text costs half of what a row for each ref does; refs hold no line break.
        joined = func.aggregate_strings(runs.c.ref, _LINE_BREAK)
        statement = select(joined).where(*run_conditions(filters))
        with self._database.read() as connection:
            ((text,),) = fetch_rows(connection, statement)
        return tuple(text.split(_LINE_BREAK)) if text else ()

    def arrow_runs(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        order_by: str = "project",
        descending: bool = False,
        **filters: Unpack[RunFilters],
    ) -> pa.Table:
        """Return runs as an Arrow table; see `list_runs`.

        Columns: run_ref, project_ref, name, status, started_at and ended_at (microseconds,
        UTC), params (map of key to JSON text), tags (map).
        """
        rows = self.run_rows(
            limit=limit, after=after, order_by=order_by, descending=descending, **filters
        )
        return arrow_table(rows)


def _listing(filters: RunFilters, order_by: str, descending: bool) -> Listing:
    return run_listing(filters, order_by=order_by, descending=descending)
