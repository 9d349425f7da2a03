"""Projects: how many runs each has, and how they went."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.web._errors import not_found
from contexta.web._page import PageData
from contexta.web._totals import count_runs
from contexta.web.pages._links import address, project_url
from contexta.web.pages._run_columns import choose, run_table
from contexta.web.pages._view import frame, notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation.aggregation import RunStatusDistribution
    from contexta.web._params import Params

_NEWEST = 20
_METRICS = 60


def projects_page(ctx: Contexta, _params: Params) -> PageData:
    """Show every project with its runs by status and the newest of them."""
    names = ctx.list_projects()
    data = frame(ctx, rows=[_row(ctx, name) for name in names])
    data["crumbs"] = (("Runs", "/ui/runs"), ("Projects", None))
    return PageData("projects", "Projects", data, "projects")


def project_page(ctx: Contexta, params: Params) -> PageData:
    """Show one project: runs by status, the newest runs, its metrics, its deployments.

    Raises:
        HttpError: 404, there is no such project; the nearest names are in its details.
    """
    from contexta.interpretation.query import RunListQuery

    name = params.id("name")
    known = ctx.list_projects()
    if name not in known:
        nearest = get_close_matches(name, known, n=5, cutoff=0.4)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ", see /ui/projects"
        raise not_found(
            f"there is no project {name!r}{hint}",
            {"nearest": [f"project:{one}" for one in nearest]},
        )
    spread = spread_of(ctx, name)
    query = RunListQuery(project_name=name, limit=_NEWEST, sort_by="started_at", sort_desc=True)
    runs = ctx.list_runs(query=query)
    summary = ctx.aggregation_service.aggregate_by_stage(query=query)
    data = frame(
        ctx,
        name,
        crumbs=(("Runs", "/ui/runs"), ("Projects", "/ui/projects"), (name, None)),
        live=address("/live/runs", project=name),
        spread=spread,
        statuses=_statuses(name, spread),
        all_runs=address("/ui/runs", project=name),
        table=run_table(ctx, runs, choose(ctx, runs), {}, "/ui/runs", query, sorts=False),
        newest=len(runs),
        metrics=[
            (row, address("/ui/metrics/trend", metric=row.metric_key, project=name))
            for row in summary.by_stage[:_METRICS]
        ],
        deployments=ctx.list_deployments(name),
        notes=notes((), summary.completeness),
    )
    return PageData("project", f"Project: {name}", data, "projects")


def _row(ctx: Contexta, name: str) -> dict[str, Any]:
    from contexta.interpretation.query import RunListQuery

    newest = ctx.list_runs(query=RunListQuery(project_name=name, limit=1, sort_desc=True))
    spread = spread_of(ctx, name)
    return {
        "name": name,
        "href": project_url(name),
        "spread": spread,
        "statuses": _statuses(name, spread),
        "newest": newest[0] if newest else None,
    }


def spread_of(ctx: Contexta, name: str | None) -> RunStatusDistribution:
    """Count the runs of a project, or of all, by status without reading them."""
    from contexta.interpretation.aggregation import RunStatusDistribution, StatusCount
    from contexta.interpretation.query import RunListQuery

    counts = {
        status: count_runs(ctx, RunListQuery(project_name=name, status=status))
        for status in sorted(RUN_STAGE_STATUSES)
    }
    found = tuple(StatusCount(status, count) for status, count in counts.items() if count)
    return RunStatusDistribution(name, sum(counts.values()), found)


def _statuses(name: str, spread: RunStatusDistribution) -> list[tuple[str, int, str]]:
    """Status, count, and the list of those runs."""
    return [
        (one.status, one.count, address("/ui/runs", project=name, status=one.status))
        for one in spread.by_status
    ]
