"""Where a metric changed, with which run, and what that run brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.interpretation.wording import counted, on_pages, short_ref
from contexta.web._page import PageData
from contexta.web.drawings import Curve, Level, Mark, Point, draw_lines
from contexta.web.pages._analysis import TOOLS, meant, step_words
from contexta.web.pages._choices import metric_choices, stage_names
from contexta.web.pages._links import address, run_url
from contexta.web.pages._view import notes
from contexta.web.pages.metrics import ask_for_metric

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import Bisection
    from contexta.web._params import Params

_DIFFERENCES = 60
_WHICH = ("latest", "largest")


def changes_page(ctx: Contexta, params: Params) -> PageData:
    """Show the change that is asked for; without ``metric``, let the reader pick one.

    Raises:
        ResolutionError: no completed run has the metric, or a run is not in its history.
        ChangeError: ``bad`` does not come after ``good``.
    """
    metric = params.text("metric")
    if metric is None:
        return ask_for_metric(ctx, params, "Changes: pick a metric", "/ui/changes")
    project, stage = params.text("project"), params.text("stage")
    which = params.choice("which", _WHICH, "latest") or "latest"
    found = ctx.bisect(
        metric,
        project_name=project,
        stage_name=stage,
        which=which,
        good=params.text("good"),
        bad=params.text("bad"),
    )
    choices = metric_choices(ctx, project)
    here = {"metric": metric, "project": project, "stage": stage}
    data = {
        **TOOLS,
        "crumbs": (("Metrics", "/ui/metrics"), (metric, None)),
        "found": found,
        "history": found.history,
        "metric": metric,
        "project": project,
        "projects": ctx.list_projects(),
        "stage": stage,
        "stages": stage_names(choices, metric),
        "metrics": [choice.key for choice in choices],
        "which": which,
        "keep": [(n, v) for n in ("good", "bad") if (v := params.text(n)) is not None],
        "drawing": _draw(found, 1100, 320) if found.history.points else None,
        "narrow": _draw(found, 400, 280) if found.history.points else None,
        "differences": found.differences[:_DIFFERENCES],
        "left_out": max(len(found.differences) - _DIFFERENCES, 0),
        "both": None
        if found.first_run_after is None or found.last_run_before is None
        else address("/ui/compare", left=found.last_run_before, right=found.first_run_after),
        "links": {
            "trend": address("/ui/metrics/trend", **here),
            "latest": address("/ui/changes", **here),
            "largest": address("/ui/changes", **here, which="largest"),
        },
        "notes": notes(found.completeness_notes, found.completeness),
        "meant": meant(found.completeness_notes, "/ui/changes", here),
    }
    return PageData("changes", f"Changes: {metric}", data, "trends")


def _draw(found: Bisection, width: int, height: int) -> Markup:
    history, chosen = found.history, found.first_run_after
    points = tuple(
        Point(
            float(point.index),
            point.value,
            f"{short_ref(point.run_id)} ({point.run_name}): {on_pages.number(point.value)}"
            + (f", {on_pages.minute(point.started_at)}" if point.started_at else ""),
            run_url(point.run_id),
            point.run_id == chosen,
        )
        for point in history.points
    )
    marks = [
        Mark(
            change.index - 0.5,
            step_words(change),
            change.earliest_index - 0.5,
            change.latest_index - 0.5,
        )
        for change in history.change_points
    ]
    levels = [
        Level(
            float(part.first_index),
            float(part.last_index),
            part.mean,
            f"mean {on_pages.number(part.mean)} of {counted(part.count, 'run')}",
        )
        for part in history.segments
    ]
    return draw_lines(
        [Curve(history.metric_key, points)],
        title=f"Changes: {history.metric_key}",
        x_label="completed run, oldest first",
        y_label=history.metric_key,
        x_names=[
            (float(p.index), short_ref(p.run_id).partition(".")[2] or p.run_name)
            for p in history.points
        ],
        marks=marks,
        levels=levels,
        width=width,
        height=height,
        joined=False,
    )
