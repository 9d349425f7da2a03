"""Routes of projects, lists of runs, and one run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contexta.web._errors import not_found
from contexta.web._params import is_cursor
from contexta.web._payloads import run_summary_payload, to_jsonable
from contexta.web._text_search import text_search
from contexta.web._totals import count_runs

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_NEWEST_SHOWN = 20
_RECORDS_SHOWN = 200
_FOUND_SHOWN = 20


def projects(ctx: Contexta, _params: Params) -> dict[str, Any]:
    """Return the names of the projects, sorted."""
    return {"projects": list(ctx.list_projects())}


def project(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return how many runs of a project have which status, and the newest of them."""
    from contexta.interpretation.query import RunListQuery

    name = params.id("name")
    known = ctx.list_projects()
    if name not in known:
        from difflib import get_close_matches

        nearest = get_close_matches(name, known, n=5, cutoff=0.4)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ", see /projects"
        raise not_found(f"there is no project {name!r}{hint}", {"nearest": nearest})
    found = ctx.aggregation_service.run_status_distribution(project_name=name)
    newest = RunListQuery(project_name=name, sort_desc=True, limit=_NEWEST_SHOWN)
    return {
        **found.to_dict(),
        "pass_rate": found.pass_rate,
        "newest_runs": to_jsonable(ctx.list_runs(query=newest)),
    }


def runs(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return a page of runs, how many there are in all, and the cursor of the next page.

    With ``offset`` there is no cursor: one way to page is enough for one list.
    """
    from contexta.interpretation.query import RunPage

    query = params.run_query(limit=params.page_limit)
    limit = query.limit or params.page_limit
    after = params.text("cursor") or params.text("after")
    cursor = after if after is not None and (is_cursor(after) or params.text("cursor")) else None
    total = count_runs(ctx, query)
    if query.offset:
        page = RunPage(tuple(ctx.list_runs(query=query)))
    else:
        page = ctx.page_runs(replace(query, limit=None), after=cursor, limit=limit)
    return {**page.to_dict(), "total": total, "limit": limit}


def run(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return one run without its records."""
    return run_summary_payload(ctx.query_service.get_run_facts(params.id("run_id")))


def snapshot(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return everything known of a run; of its records the first ones."""
    limit = params.page_size(_RECORDS_SHOWN) or _RECORDS_SHOWN
    found = ctx.get_run_snapshot(params.id("run_id"))
    total = len(found.records)
    # A slice of the head builds no more records than are shown.
    shown = replace(found, records=tuple(found.records[:limit]))
    return {**shown.to_dict(), "record_total": total}


def search_runs(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return runs whose id, name or project contains a text, newest first."""
    from contexta.interpretation.query import RunListQuery

    wanted = text_search(ctx, params, params.require("q"))
    query = RunListQuery(
        project_name=params.text("project"),
        status=params.text("status"),
        where=wanted.where("id", "name", "project"),
        limit=params.page_size(_FOUND_SHOWN),
        sort_desc=True,
    )
    return {"runs": to_jsonable(ctx.list_runs(query=query)), "total": count_runs(ctx, query)}
