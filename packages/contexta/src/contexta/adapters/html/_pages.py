"""The pages of the server as documents of one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunListQuery
    from contexta.web import PageData


@dataclass(frozen=True)
class DashboardConfig:
    """What a dashboard is about: a project (all without), and the metric of its trend."""

    project_name: str | None = None
    metric_key: str = "loss"
    stage_name: str | None = None


def render_html_run_list(
    ctx: Contexta, *, project_name: str | None = None, query: RunListQuery | None = None
) -> str:
    """Return the list of runs; `query` replaces the order, and names its own project if any."""
    from contexta.interpretation.query import RunListQuery
    from contexta.web import PageData
    from contexta.web.pages._run_columns import choose, run_table

    asked = query if query is not None else RunListQuery(project_name=project_name)
    runs = ctx.list_runs(project_name, query=query)
    project = asked.project_name or project_name
    span = asked.time_range
    filters = (
        ("Project", project),
        ("Status", asked.status),
        ("Expression", asked.where),
        ("Started after", None if span is None else span.started_after),
        ("Started before", None if span is None else span.started_before),
        ("Limit", asked.limit),
        ("Offset", asked.offset or None),
    )
    data = {
        "project": project,
        "status": asked.status,
        "filters": [(label, value) for label, value in filters if value is not None],
        "total": len(runs),
        "table": run_table(ctx, runs, choose(ctx, runs), {}, "", asked, sorts=False),
    }
    return _document(PageData("run_list_file", "Runs", data))


def render_html_run_detail(ctx: Contexta, run_id: str) -> str:
    """Return everything about one run.

    Raises:
        ResolutionError: the run is unknown or its name is ambiguous.
    """
    from contexta.web.pages.run import run_data

    return _document(run_data(ctx, run_id))


def render_html_comparison(ctx: Contexta, left_run_id: str, right_run_id: str) -> str:
    """Return two runs side by side.

    Raises:
        ResolutionError: a run is unknown or its name is ambiguous.
    """
    from contexta.web.pages.compare import compare_data

    return _document(compare_data(ctx, left_run_id, right_run_id))


def render_html_trend(
    ctx: Contexta,
    metric_key: str,
    *,
    project_name: str | None = None,
    stage_name: str | None = None,
    query: RunListQuery | None = None,
) -> str:
    """Return a metric over runs, with its changes and unusual values marked."""
    from contexta.web.pages.trend import trend_data

    page = trend_data(ctx, metric_key, project=project_name, stage=stage_name, query=query)
    return _document(page)


def render_html_dashboard(ctx: Contexta, config: DashboardConfig | None = None) -> str:
    """Return the overview of a project: runs by status, metrics by stage, one trend."""
    from contexta.web.pages.dashboard import dashboard_data

    asked = config or DashboardConfig()
    page = dashboard_data(
        ctx, project=asked.project_name, metric=asked.metric_key, stage=asked.stage_name
    )
    return _document(page)


def _document(page: PageData) -> str:
    from contexta.web.pages._render import render

    return render(page.template, page, standalone=True)
