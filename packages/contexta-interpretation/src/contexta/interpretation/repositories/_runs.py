"""Listing runs, with everything that SQL can do left to the metadata database.

Lists of many runs are lists of refs until it is known which of them are shown: a ref costs a
fiftieth of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.interpretation.query._listing import filter_runs, page, sort_runs
from contexta.interpretation.query._order import (
    in_order,
    is_by_value,
    of_duration,
    of_param,
    of_status,
)
from contexta.interpretation.repositories._liveness import (
    INTERRUPTED,
    OPEN,
    left_open,
    with_true_status,
)
from contexta.interpretation.repositories._project import run_record
from contexta.interpretation.repositories.records import RunRecord

if TYPE_CHECKING:
    from contexta.interpretation.query.expression import RunExpression
    from contexta.interpretation.query.filters import RunListQuery
    from contexta.interpretation.repositories._ports import MetadataPlane, OrderRow, RunRow

_UNSETTLED = (OPEN, INTERRUPTED)
_NO_END = -(1 << 63)
_LAST_US = to_epoch_us("9999-12-31T23:59:59.999999Z")  # of the calendar: nothing is after it


class RunTable:
    """Runs and projects of one metadata plane."""

    def __init__(
        self,
        metadata: MetadataPlane,
        is_writer_alive: Callable[[str], bool],
        condition_of: Callable[[RunExpression], Mapping[str, Any]],
    ) -> None:
        self._metadata = metadata
        self._is_writer_alive = is_writer_alive
        self._condition_of = condition_of

    def list_runs(self, project_name: str | None = None) -> tuple[RunRecord, ...]:
        """Return runs oldest first; over all projects, project by project. Unknown: empty."""
        if project_name is None:
            return tuple(self.records(self._metadata.runs.run_rows()))
        out: list[RunRecord] = []
        for ref in sorted(self.projects(project_name)):
            out += self.records(self._metadata.runs.run_rows(project_ref=ref))
        return tuple(out)

    def find_runs(self, query: RunListQuery) -> tuple[RunRecord, ...]:
        """Return what ``query`` selects; paged here unless metric values decide."""
        filters = self._filters(query)
        if filters is None:
            return ()
        if not is_listed_in_sql(query) or len(filters) > 1:
            return self.get_runs(self.find_ids(query))
        order: dict[str, Any] = {"order_by": query.sort_by, "descending": query.sort_desc}
        if not query.needs_metrics:
            order.update(limit=query.limit, offset=query.offset)
        elif query.sort_metric is not None:
            order = {"order_by": "started_at"}
        return tuple(self.records(self._metadata.runs.run_rows(**order, **filters[0])))

    def find_ids(self, query: RunListQuery, *, ordered: bool = True) -> list[str]:
        """Return the refs of what ``query`` selects; paged here unless metric values decide.

        In any order when it need not be ``ordered`` and no page is cut.
        """
        filters = self._filters(query)
        if filters is None:
            return []
        is_cut = not query.needs_metrics and (query.limit is not None or query.offset > 0)
        ordered = ordered or is_cut
        if query.sort_by == "ended_at":
            found = self._by_end(query, filters)
        elif ordered and is_by_value(query):
            found = self._by_value(query, filters)
        else:
            found = self._refs(query, filters, ordered=ordered)
        return found if query.needs_metrics else list(page(found, query))

    def page_runs(
        self, query: RunListQuery, *, after: str | None, limit: int
    ) -> tuple[tuple[RunRecord, ...], str | None] | None:
        """Return runs and a cursor of the store; ``None`` when SQL cannot cut this page."""
        if query.needs_metrics or not is_listed_in_sql(query):
            return None
        filters = self._filters(query)
        if filters is None or len(filters) > 1:
            return None
        found = self._metadata.runs.page_run_rows(
            limit=limit,
            after=after,
            order_by=query.sort_by,
            descending=query.sort_desc,
            **filters[0],
        )
        return tuple(self.records(found.items)), found.next_cursor

    def get_runs(self, refs: Sequence[str]) -> tuple[RunRecord, ...]:
        """Return those of some runs that are there and readable, in this order."""
        return tuple(self.records(self._metadata.runs.find_run_rows(refs).values()))

    def choose(self, runs: Sequence[RunRecord], query: RunListQuery) -> tuple[RunRecord, ...]:
        """Apply the query to runs that were named one by one; each counts once."""
        allowed = set(self.projects(query.project_name).values())
        unique = {run.run_id: run for run in runs if run.project_name in allowed}
        chosen = replace(query, run_ids=tuple(unique))
        ordered = sort_runs(filter_runs(unique.values(), chosen), query)
        return ordered if query.needs_metrics else page(ordered, query)

    def projects(self, name: str | None) -> dict[str, str]:
        """Names by ref, of the projects called ``name`` (by name or ref), or of all."""
        rows = {p.project_ref.text: p.name for p in self._metadata.projects.list_projects()}
        if name is None:
            return rows
        return {ref: own for ref, own in rows.items() if name in (ref, own, ref.partition(":")[2])}

    def project_names(self, refs: Iterable[str]) -> dict[str, str]:
        """Return names by ref, of these projects; one that has no row goes by its ref."""
        wanted = list(dict.fromkeys(refs))
        found = self._metadata.projects.find_many(wanted) if wanted else {}
        return {ref: found[ref].name if ref in found else ref.partition(":")[2] for ref in wanted}

    def records(self, rows: Iterable[RunRow]) -> list[RunRecord]:
        """Project rows; a workspace that lacks a project's row still has its ref."""
        listed = list(rows)
        names = self.project_names(row.project_ref for row in listed)
        runs = (run_record(row, names[row.project_ref]) for row in listed)
        return with_true_status(runs, self._metadata.runs, self._is_writer_alive)

    def _filters(self, query: RunListQuery) -> list[dict[str, Any]] | None:
        """The filters of the store, one set per project; ``None`` when nothing can match."""
        bounds = query.time_range
        after = None if bounds is None else bounds.after_us
        before = None if bounds is None else bounds.before_us
        own: dict[str, Any] = {
            "status": _UNSETTLED if query.status in _UNSETTLED else query.status,
            "name": query.name,
            "tags": query.tags or None,
            "params": query.params or None,
            "started_after": None if after is None else from_epoch_us(after),
            # The store's upper bound is exclusive, ours is inclusive.
            "started_before": None if before in (None, _LAST_US) else from_epoch_us(before + 1),
            "where": None if query.expression is None else self._condition_of(query.expression),
        }
        own = {name: value for name, value in own.items() if value is not None}
        if query.project_name is None:
            return [own]
        refs = sorted(self.projects(query.project_name))
        return [{**own, "project_ref": ref} for ref in refs] or None

    def _refs(
        self, query: RunListQuery, filters: list[dict[str, Any]], *, ordered: bool
    ) -> list[str]:
        runs = self._metadata.runs
        is_later = query.sort_metric is not None or is_by_value(query)  # brought in order, or never
        order = "started_at" if is_later else query.sort_by
        turned = query.sort_desc and not is_later
        if len(filters) == 1:
            order_by = order if ordered else None
            found = list(runs.run_refs(order_by=order_by, descending=turned, **filters[0]))
        else:
            wanted = {ref for own in filters for ref in runs.run_refs(order_by=None, **own)}
            shared = {name: own for name, own in filters[0].items() if name != "project_ref"}
            everywhere = runs.run_refs(order_by=order, descending=turned, **shared)
            found = [ref for ref in everywhere if ref in wanted]
        return self._settled(found, query)

    def _settled(self, refs: list[str], query: RunListQuery) -> list[str]:
        """Of open and interrupted runs, keep those of the status that was asked for."""
        if query.status not in _UNSETTLED:
            return refs
        stored = frozenset(self._metadata.runs.run_refs(order_by=None, status=OPEN))
        is_open = stored - left_open(self._metadata.runs, self._is_writer_alive)
        return [ref for ref in refs if (ref in is_open) == (query.status == OPEN)]

    def _by_end(self, query: RunListQuery, filters: list[dict[str, Any]]) -> list[str]:
        """Sort by end here: a run that has not ended has another place in SQL's order."""
        rows = self._order_rows(query, filters)
        rows.sort(key=lambda row: (row.started_us, row.ref))  # ties stay so in both directions
        rows.sort(
            key=lambda row: _NO_END if row.ended_us is None else row.ended_us,
            reverse=query.sort_desc,
        )
        return [row.ref for row in rows]

    def _by_value(self, query: RunListQuery, filters: list[dict[str, Any]]) -> list[str]:
        """Sort here by what may be missing, without reading more of a run than that."""
        rows = self._order_rows(query, filters)
        dead: frozenset[str] = frozenset()
        if query.sort_by == "status" and any(row.status == OPEN for row in rows):
            dead = left_open(self._metadata.runs, self._is_writer_alive)

        def value(row: OrderRow) -> tuple[int, float | str]:
            if query.sort_by == "status":
                return of_status(INTERRUPTED if row.ref in dead else row.status)
            if query.sort_by == "duration":
                return of_duration(row.started_us, row.ended_us)
            return of_param(row.number, row.text)

        places = ((*value(row), row.started_us, row.ref) for row in rows)
        return in_order(places, descending=query.sort_desc)

    def _order_rows(self, query: RunListQuery, filters: list[dict[str, Any]]) -> list[OrderRow]:
        runs, param = self._metadata.runs, query.sort_param
        rows = [row for own in filters for row in runs.order_rows(param=param, **own)]
        if query.status not in _UNSETTLED:
            return rows
        kept = set(self._settled([row.ref for row in rows], query))
        return [row for row in rows if row.ref in kept]


def is_listed_in_sql(query: RunListQuery) -> bool:
    """Whether order and status are such that SQL can give the list.

    Whether an open run is interrupted is known only once its writer was asked for.
    """
    settled = query.status not in _UNSETTLED
    return settled and query.sort_by != "ended_at" and not is_by_value(query)
