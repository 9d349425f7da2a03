"""One metric over runs: the values, where they changed, and which are unusual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.interpretation.wording import counted, on_pages, short_ref
from contexta.web._page import PageData
from contexta.web.drawings import Curve, Level, Mark, Point, draw_lines
from contexta.web.pages._analysis import TOOLS, meant, step_words
from contexta.web.pages._choices import metric_choices, stage_names
from contexta.web.pages._links import address, run_url
from contexta.web.pages._view import NARROWING, narrowed, narrowing, notes
from contexta.web.pages.metrics import ask_for_metric

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import (
        AnomalyResult,
        ChangeHistory,
        ChangePoint,
        MetricTrend,
        RunListQuery,
        TrendPoint,
    )
    from contexta.web._params import Params

_ASKED = ("status", "after", "before", "limit", "offset", "sort", "desc", "where")
_WINDOWS = (20, 50, 200, 1000)
NARROW = (400, 280)  # the drawing for a phone
_JUDGED = 40  # of the newest points: one question each


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One run of the table; ``anomaly`` where its value is unusual, ``change`` where it is new."""

    point: TrendPoint
    href: str
    project: str
    anomaly: AnomalyResult | None
    change: str


def trend_page(ctx: Contexta, params: Params) -> PageData:
    """Show a metric over runs; without ``metric``, let the reader pick one."""
    metric = params.text("metric")
    if metric is None:
        return ask_for_metric(ctx, params, "Trend: pick a metric")
    asked = any(params.text(name) is not None for name in _ASKED)
    project, stage = params.text("project"), params.text("stage")
    query = params.run_query() if asked else None
    log = params.flag("log")
    page = trend_data(ctx, metric, project=project, stage=stage, query=query, log=log)
    choices = metric_choices(ctx, project)
    kept = {name: params.text(name) for name in (*_ASKED, "log")}
    here = {"metric": metric, "project": project, "stage": stage, **narrowing(params)}
    extra = {
        "filters": narrowed("/ui/metrics/trend", params),
        "links": page.data["links"]
        | {
            "aggregate": address("/ui/metrics/aggregate", **here),
            "alerts": address("/ui/alerts", **here),
        },
        "meant": meant(page.data["trend"].completeness_notes, "/ui/metrics/trend", here | kept),
        "projects": ctx.list_projects(),
        "metrics": [choice.key for choice in choices],
        "stages": stage_names(choices, metric),
        "windows": [
            (count, _again(metric, project, stage, kept | {"limit": str(count)}))
            for count in _WINDOWS
        ],
        "scales": [
            ("linear", _again(metric, project, stage, kept | {"log": None})),
            ("logarithmic", _again(metric, project, stage, kept | {"log": "1"})),
        ],
        "scale": "logarithmic" if log else "linear",
        "window": params.whole("limit", low=1, high=params.page_limit)
        or ctx.trend_service.config.default_window_runs,
        "keep": [(name, value) for name, value in kept.items() if value is not None],
    }
    return PageData(page.template, page.title, {**page.data, **extra}, page.section)


def trend_data(
    ctx: Contexta,
    metric: str,
    *,
    project: str | None = None,
    stage: str | None = None,
    query: RunListQuery | None = None,
    log: bool | None = None,
) -> PageData:
    """Return the page of a metric, for the server and for files.

    Whatever order the query asks for, time runs from left to right.
    """
    if query is not None:
        query = replace(query, sort_by="started_at", sort_desc=False)
    trend = ctx.get_metric_trend(metric, project_name=project, stage_name=stage, query=query)
    looked_at = _population(trend, query, project)
    history = _changes(ctx, trend, looked_at, stage)
    unusual = _unusual(ctx, trend, looked_at, stage)
    here = {"metric": metric, "project": project, "stage": stage}
    data = {
        **TOOLS,
        "crumbs": (("Metrics", "/ui/metrics"), (metric, None)),
        "trend": trend,
        "metric": metric,
        "stage": stage,
        "project": project,
        "projects": (),
        "rows": _rows(trend, history, unusual),
        "drawing": draw_trend(trend, history, unusual, log=log) if trend.points else None,
        "narrow": draw_trend(trend, history, unusual, log=log, width=NARROW[0], height=NARROW[1])
        if trend.points
        else None,
        "changes": [
            (one, address("/ui/compare", left=one.last_run_before, right=one.first_run_after))
            for one in _shown(trend, history)
        ],
        "thresholds": "" if history is None else f"changes at p \u2264 {history.significance:g}",
        "unusual": unusual,
        "judged": min(len(trend.points), _JUDGED),
        "keep": (),
        "filters": () if query is None else _narrowed_by(query),
        "metrics": (),
        "stages": (),
        "windows": (),
        "window": None,
        "scales": (),
        "scale": "",
        "links": {
            "aggregate": address("/ui/metrics/aggregate", **here),
            "changes": address("/ui/changes", **here),
            "alerts": address("/ui/alerts", **here),
            "report": address("/ui/reports", kind="trend", **here),
        },
        "notes": notes(trend.completeness_notes, trend.completeness),
        "meant": (),
    }
    return PageData("trend", f"Trend: {metric}", data, "trends")


def draw_trend(
    trend: MetricTrend,
    history: ChangeHistory | None = None,
    unusual: dict[str, AnomalyResult] | None = None,
    *,
    log: bool | None = None,
    width: int = 1100,
    height: int = 320,
) -> Markup:
    """Return the drawing of a trend: dots lead to their runs, changes and outliers are marked.

    ``log`` draws a logarithmic axis; ``None`` does where the values ask for it.
    """
    return draw_lines(
        [trend_curve(trend, unusual)],
        title=f"Trend: {trend.metric_key}",
        x_label="run, oldest first",
        y_label=trend.metric_key,
        x_names=trend_names(trend),
        marks=_marks(trend, history),
        levels=_levels(trend, history),
        log=log,
        width=width,
        height=height,
    )


def trend_curve(trend: MetricTrend, unusual: dict[str, AnomalyResult] | None = None) -> Curve:
    """Return the values as a curve whose points lead to their runs."""
    odd = unusual or {}
    return Curve(
        trend.metric_key,
        tuple(
            Point(
                float(index),
                point.value,
                f"{short_ref(point.run_id)} ({point.run_name}): {on_pages.number(point.value)}"
                + (f", {on_pages.minute(point.captured_at)}" if point.captured_at else "")
                + (", unusual" if point.run_id in odd else ""),
                run_url(point.run_id),
                point.run_id in odd,
            )
            for index, point in enumerate(trend.points)
        ),
    )


def trend_names(trend: MetricTrend) -> list[tuple[float, str]]:
    """Return what the places of the runs are called: names, or ids where names repeat."""
    names = [point.run_name for point in trend.points]
    if len(set(names)) < len(names):
        names = [
            short_ref(point.run_id).partition(".")[2] or point.run_name for point in trend.points
        ]
    return [(float(index), name) for index, name in enumerate(names)]


def _narrowed_by(query: RunListQuery) -> list[tuple[str, str, None]]:
    """What narrows the runs of a file, where nothing can be taken away."""
    span = query.time_range
    values = (
        query.status,
        query.where,
        None if span is None else span.started_after,
        None if span is None else span.started_before,
        query.limit,
        query.offset or None,
    )
    named = zip(NARROWING.values(), values, strict=True)
    return [(label, str(value), None) for label, value in named if value is not None]


def _again(metric: str, project: str | None, stage: str | None, kept: dict[str, str | None]) -> str:
    return address("/ui/metrics/trend", metric=metric, project=project, stage=stage, **kept)


def _population(
    trend: MetricTrend, query: RunListQuery | None, project: str | None
) -> RunListQuery:
    """The runs that the trend looked at, as a query: as many of the newest as there are."""
    from contexta.interpretation import RunListQuery

    base = RunListQuery(project_name=project) if query is None else query
    count = max(trend.completeness.runs, len(trend.points), 1)
    return replace(base, project_name=base.project_name or project, sort_desc=True, limit=count)


def _changes(
    ctx: Contexta, trend: MetricTrend, looked_at: RunListQuery, stage: str | None
) -> ChangeHistory | None:
    """Where these runs changed; ``None`` without completed ones, or where time is no axis."""
    from contexta.interpretation import ResolutionError

    if not trend.points or looked_at.sort_by != "started_at":
        return None
    try:
        return ctx.find_changes(trend.metric_key, query=looked_at, stage_name=stage)
    except ResolutionError:
        return None


def _shown(trend: MetricTrend, history: ChangeHistory | None) -> list[ChangePoint]:
    """The changes of which both sides are in the trend: the history may reach further back."""
    places = _places(trend)
    return [
        change
        for change in (() if history is None else history.change_points)
        if {change.first_run_after, change.last_run_before} <= places.keys()
    ]


def _unusual(
    ctx: Contexta, trend: MetricTrend, looked_at: RunListQuery, stage: str | None
) -> dict[str, AnomalyResult]:
    """The newest values that are unusual among the completed runs, by run."""
    if not trend.points:
        return {}
    service = ctx.anomaly_service
    baseline = service.compute_baseline(trend.metric_key, query=looked_at, stage_name=stage)
    found = {}
    for point in trend.points[-_JUDGED:]:
        for result in service.detect_anomalies(point.run_id, baseline=baseline, stage_name=stage):
            if result.severity != "info":
                found[point.run_id] = result
    return found


def _rows(
    trend: MetricTrend, history: ChangeHistory | None, unusual: dict[str, AnomalyResult]
) -> list[TrendRow]:
    """The newest run first."""
    firsts = {change.first_run_after: change for change in _shown(trend, history)}
    return [
        TrendRow(
            point,
            run_url(point.run_id),
            trend.project_name or short_ref(point.run_id).partition(".")[0],
            unusual.get(point.run_id),
            firsts[point.run_id].direction if point.run_id in firsts else "",
        )
        for point in reversed(trend.points)
    ]


def _places(trend: MetricTrend) -> dict[str, int]:
    return {point.run_id: index for index, point in enumerate(trend.points)}


def _marks(trend: MetricTrend, history: ChangeHistory | None) -> list[Mark]:
    """A change lies between two runs."""
    if history is None:
        return []
    places = _places(trend)
    at = [places.get(point.run_id, 0) for point in history.points]
    return [
        Mark(
            places[change.first_run_after] - 0.5,
            step_words(change),
            at[change.earliest_index] - 0.5,
            at[change.latest_index] - 0.5,
        )
        for change in _shown(trend, history)
    ]


def _levels(trend: MetricTrend, history: ChangeHistory | None) -> list[Level]:
    """Means of the parts, where there is more than one part, as far as they are shown."""
    if history is None or not _shown(trend, history):
        return []
    places = _places(trend)
    found = []
    for part in history.segments:
        inside = [
            places[point.run_id]
            for point in history.points[part.first_index : part.last_index + 1]
            if point.run_id in places
        ]
        if inside:
            told = f"mean {on_pages.number(part.mean)} of {counted(part.count, 'run')}"
            found.append(Level(float(inside[0]), float(inside[-1]), part.mean, told))
    return found
