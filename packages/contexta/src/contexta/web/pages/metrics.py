"""All metrics of the newest runs: where to start a trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._choices import RUNS_OFFERED, MetricChoice, metric_choices, stage_of
from contexta.web.pages._links import address

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import StageAggregate
    from contexta.web._params import Params


_VERBS = {
    "/ui/metrics/trend": "Show trend",
    "/ui/metrics/aggregate": "Show spread",
    "/ui/changes": "Find changes",
}


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of one stage, and the pages that ask more about it."""

    row: StageAggregate
    stage: str | None
    href: str
    trend: str
    aggregate: str
    changes: str


def metrics_page(ctx: Contexta, params: Params) -> PageData:
    """Show every metric with its spread over the newest runs."""
    return _picker(ctx, params)


def ask_for_metric(
    ctx: Contexta, params: Params, title: str, target: str = "/ui/metrics/trend"
) -> PageData:
    """Return the picker in place of the page ``target`` of one metric, whose address lacks it."""
    told = "the parameter metric is missing"
    return _picker(ctx, params, status=400, told=told, title=title, target=target)


def _picker(
    ctx: Contexta,
    params: Params,
    *,
    status: int = 200,
    told: str = "",
    title: str = "Metrics",
    target: str = "/ui/metrics/trend",
) -> PageData:
    project = params.text("project")
    choices = metric_choices(ctx, project)
    lines = [line for choice in choices for line in _lines(choice, project, target)]
    data = {
        **TOOLS,
        "crumbs": (("Metrics", None),),
        "told": told,
        "project": project,
        "projects": ctx.list_projects(),
        "lines": lines,
        "dashboard": address("/ui/dashboard", project=project),
        "keys": [choice.key for choice in choices],
        "target": target,
        "verb": _VERBS[target],
        "looked_at": RUNS_OFFERED,
    }
    return PageData("metrics", title, data, "trends", status)


def _lines(choice: MetricChoice, project: str | None, target: str) -> list[MetricLine]:
    return [
        MetricLine(
            row=row,
            stage=stage_of(row),
            href=_to(target, row, project),
            trend=_to("/ui/metrics/trend", row, project),
            aggregate=_to("/ui/metrics/aggregate", row, project),
            changes=_to("/ui/changes", row, project),
        )
        for row in choice.rows
    ]


def _to(path: str, row: StageAggregate, project: str | None) -> str:
    return address(path, metric=row.metric_key, stage=stage_of(row), project=project)
