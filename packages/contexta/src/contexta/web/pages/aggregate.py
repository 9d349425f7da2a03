"""One metric over all runs: how many values, and how they spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.drawings import draw_box
from contexta.web.pages._analysis import TOOLS, meant
from contexta.web.pages._choices import metric_choices, stage_names
from contexta.web.pages._links import address
from contexta.web.pages._view import narrowed, narrowing, notes
from contexta.web.pages.metrics import ask_for_metric

if TYPE_CHECKING:
    from markupsafe import Markup

    from contexta.client import Contexta
    from contexta.web._params import Params

_ASKED = ("status", "after", "before", "limit", "offset", "sort", "desc", "where")
_PERCENTILES = ("min", "p25", "p50", "p75", "p90", "p95", "p99", "max")
_NARROW = 340  # pixels of a telephone, its margins left out


def aggregate_page(ctx: Contexta, params: Params) -> PageData:
    """Show the statistics of a metric; without ``metric``, let the reader pick one."""
    metric = params.text("metric")
    if metric is None:
        return ask_for_metric(ctx, params, "Aggregate: pick a metric", "/ui/metrics/aggregate")
    project, stage = params.text("project"), params.text("stage")
    asked = any(params.text(name) is not None for name in _ASKED)
    found = ctx.aggregation_service.aggregate_metric(
        metric,
        query=params.run_query() if asked else None,
        project_name=project,
        stage_name=stage,
    )
    marks = [(name, getattr(found, name)) for name in _PERCENTILES]
    choices = metric_choices(ctx, project)
    here = {"metric": metric, "project": project, "stage": stage}
    kept = narrowing(params)
    data = {
        **TOOLS,
        "crumbs": (("Metrics", "/ui/metrics"), (metric, None)),
        "found": found,
        "metric": metric,
        "project": project,
        "projects": ctx.list_projects(),
        "stage": stage,
        "stages": stage_names(choices, metric),
        "metrics": [choice.key for choice in choices],
        "keep": list(kept.items()),
        "filters": narrowed("/ui/metrics/aggregate", params),
        "percentiles": marks,
        "boxes": _boxes(marks, metric) if found.count else (),
        "links": {
            "trend": address("/ui/metrics/trend", **here, **kept),
            "changes": address("/ui/changes", **here),
        },
        "notes": notes(found.completeness_notes, found.completeness),
        "meant": meant(found.completeness_notes, "/ui/metrics/aggregate", here | kept),
    }
    return PageData("aggregate", f"Aggregate: {metric}", data, "trends")


def _boxes(marks: list[tuple[str, float | None]], metric: str) -> tuple[Markup, Markup]:
    """The spread for a wide page and for a telephone."""
    known = {name: value for name, value in marks if value is not None}
    return draw_box(known, title=metric), draw_box(known, title=metric, width=_NARROW)
