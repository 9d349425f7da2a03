"""Charts as fragments of HTML."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.interpretation import MetricTrend, RunStatusDistribution

_EMPTY = '<p class="empty">{}</p>'


def render_line_chart(trend: MetricTrend, *, width: int = 820, height: int = 260) -> str:
    """Return a metric over runs as inline SVG in a `<div>`: one line, one dot per run.

    Each dot says its run and value as a tooltip, the axis names as many runs as have room. A
    value that is NaN or infinite breaks the line and shows as a cross.

    Args:
        trend: what is drawn, in its own order.
        width: of the picture in pixels; it shrinks to its place.
        height: likewise.

    Returns:
        The fragment; a paragraph of class `empty` for a trend without points.
    """
    from contexta.web.drawings import draw_lines
    from contexta.web.pages.trend import trend_curve, trend_names

    if not trend.points:
        return _EMPTY.format("No run has this metric.")
    curve = trend_curve(trend)
    # A fragment may be mailed: its dots lead nowhere.
    points = tuple(replace(point, href=None) for point in curve.points)
    drawing = draw_lines(
        [replace(curve, points=points)],
        title=f"Trend: {trend.metric_key}",
        x_label="run",
        y_label=trend.metric_key,
        x_names=trend_names(trend),
        width=width,
        height=height,
        dots=True,
    )
    return f'<div class="chart-wrap">{drawing}</div>'


def render_status_bar(distribution: RunStatusDistribution) -> str:
    """Return how many runs have each status: a bar, its count and its share in percent.

    Args:
        distribution: the counts.

    Returns:
        A `<div>` with inline SVG; a paragraph of class `empty` for no run at all.
    """
    from contexta.web.drawings import draw_bar_rows
    from contexta.web.pages.dashboard import status_bars

    if not distribution.total:
        return _EMPTY.format("No runs.")
    drawing = draw_bar_rows(status_bars(distribution), title="Runs by status")
    return f'<div class="chart-wrap">{drawing}</div>'
