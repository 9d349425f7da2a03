"""Which runs a trend looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.instants import sort_instant
from contexta.interpretation.query._listing import sort_runs
from contexta.interpretation.query._order import is_by_value
from contexta.interpretation.query.filters import RunListQuery, given_query
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord


def newest_runs(
    queries: QueryService, window: int, query: RunListQuery | None, project_name: str | None
) -> tuple[RunRecord, ...]:
    """Return the newest runs that the query selects.

    The window is taken by start time, whatever order the query asks for: its ``limit`` replaces
    ``window``, its ``offset`` skips the newest ones. The result is in the query's order, oldest
    first without one.
    """
    base = given_query(query)
    newest = replace(
        base, sort_by="started_at", sort_desc=True, limit=base.limit or window, offset=base.offset
    )
    runs = queries.list_runs(project_name, query=newest)
    if base.sort_by == "name":
        return tuple(sorted(runs, key=lambda run: run.name, reverse=base.sort_desc))
    if base.sort_by == "ended_at":
        return tuple(
            sorted(runs, key=lambda run: sort_instant(run.ended_at), reverse=base.sort_desc)
        )
    if is_by_value(base):
        return sort_runs(runs, base)
    return runs if base.sort_desc else tuple(reversed(runs))


def project_label(
    runs: Sequence[RunRecord], query: RunListQuery | None, project_name: str | None
) -> tuple[str | None, list[CompletenessNote]]:
    """Return the one project of the runs, or ``None`` and a note when they are of several."""
    asked = (query.project_name if query is not None else None) or project_name
    names = sorted({run.project_name for run in runs})
    if len(names) == 1:
        return names[0], []
    if not names:
        return asked, []
    return None, [CompletenessNote("info", "projects_mixed", {"projects": names})]
