"""One project at a glance: how many runs ended well, and where its metric goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.drawings import Bar, draw_bars
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._choices import metric_choices, stage_names, stage_of
from contexta.web.pages._links import address
from contexta.web.pages._render import status_kind
from contexta.web.pages._view import notes
from contexta.web.pages.projects import spread_of
from contexta.web.pages.trend import NARROW, draw_trend

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunStatusDistribution
    from contexta.web._params import Params

LOOKED_AT = 1000  # of the newest runs, by the table of metrics
_TONES = {"good": "good", "bad": "bad", "doubt": "doubtful", "live": "busy"}


def dashboard_page(ctx: Contexta, params: Params) -> PageData:
    """Show the overview of a project, or of all."""
    project, stage = params.text("project"), params.text("stage")
    choices = metric_choices(ctx, project)
    keys = [choice.key for choice in choices]
    metric = params.text("metric") or _first(keys)
    page = dashboard_data(ctx, project=project, metric=metric, stage=stage)
    extra = {
        "projects": ctx.list_projects(),
        "metrics": keys,
        "stages": stage_names(choices, metric),
    }
    return PageData(page.template, page.title, {**page.data, **extra}, page.section)


def dashboard_data(
    ctx: Contexta, *, project: str | None, metric: str, stage: str | None
) -> PageData:
    """Return the page, for the server and for files."""
    from contexta.interpretation import RunListQuery

    counts = spread_of(ctx, project)
    newest = RunListQuery(project_name=project, limit=LOOKED_AT, sort_desc=True)
    table = ctx.aggregation_service.aggregate_by_stage(query=newest)
    trend = ctx.get_metric_trend(metric, project_name=project, stage_name=stage)
    data = {
        **TOOLS,
        "crumbs": (("Projects", "/ui/projects"), (project or "All projects", None)),
        "project": project,
        "projects": (),
        "metrics": (),
        "stages": (),
        "metric": metric,
        "stage": stage,
        "counts": counts,
        "looked_at": LOOKED_AT,
        "bar": draw_bars(status_bars(counts), title="Runs by status", width=1100)
        if counts.total
        else None,
        "rows": [
            (row, stage_of(row), _to(row.metric_key, stage_of(row), project))
            for row in table.by_stage
        ],
        "trend": trend,
        "trend_url": _to(metric, stage, project),
        "drawing": draw_trend(trend) if trend.points else None,
        "narrow": draw_trend(trend, width=NARROW[0], height=NARROW[1]) if trend.points else None,
        "notes": notes(trend.completeness_notes, table.completeness),
    }
    return PageData("dashboard", f"Dashboard: {project or 'all projects'}", data, "projects")


def status_bars(counts: RunStatusDistribution) -> list[Bar]:
    """Return how many runs have each status, with the tone of each."""
    return [
        Bar(row.status, row.count, _TONES.get(status_kind(row.status), ""))
        for row in counts.by_status
    ]


def _first(keys: list[str]) -> str:
    """The metric that people look at first."""
    exact = [key for key in keys if key == "loss"]
    close = [key for key in keys if "loss" in key.lower() or "accuracy" in key.lower()]
    return next(iter([*exact, *close, *keys]), "loss")


def _to(metric: str, stage: str | None, project: str | None) -> str:
    return address("/ui/metrics/trend", metric=metric, stage=stage, project=project)
