"""Estimates with their intervals as inline SVG: a forest plot."""

from __future__ import annotations

import math
from typing import TypeGuard

from markupsafe import Markup

from contexta.interpretation.reports import _svg as svg
from contexta.interpretation.reports._scale import LEFT, RIGHT, WIDTH, nice_ticks
from contexta.interpretation.reports.models import IntervalChart, IntervalRow
from contexta.interpretation.wording import in_reports as fmt

_TOP, _ROW, _FOOT = 26, 34, 40
_START = LEFT - 36
_COLORS = {
    "better": "#15803d",
    "worse": "#b42318",
    "different": "#7c3aed",
    "error": "#b42318",
    "warning": "#92560a",
}
_CLASSES = {
    "better": "good",
    "worse": "bad",
    "different": "other",
    "error": "bad",
    "warning": "doubtful",
}


def render_intervals(chart: IntervalChart) -> Markup:
    """Return the ``<svg>``; a row without finite numbers shows its note in their place."""
    height = _TOP + _ROW * max(len(chart.rows), 1) + _FOOT
    axis = _Axis(chart)
    bottom = height - _FOOT
    parts = [svg.line(axis.x(0.0), _TOP, axis.x(0.0), bottom, "zero", opacity=0.6)]
    for value in axis.ticks():
        parts.append(svg.line(axis.x(value), _TOP, axis.x(value), bottom, "grid"))
        parts.append(svg.text(axis.x(value), bottom + 14, svg.tick(value), "middle"))
    for index, row in enumerate(chart.rows):
        parts.append(_row(row, axis, _TOP + _ROW * index))
    parts.append(svg.text(WIDTH / 2, height - 8, svg.short(chart.x_label, 56), "middle"))
    return svg.drawing(WIDTH, height, chart.title, _description(chart), Markup("").join(parts))


class _Axis:
    """One axis for all rows, with zero on it."""

    def __init__(self, chart: IntervalChart) -> None:
        found = [0.0]
        for row in chart.rows:
            if is_drawn(row):
                found += [value for value in (row.estimate, row.low, row.high) if _finite(value)]
        low, high = min(found), max(found)
        if high / 2 - low / 2 < 1e-300:
            low, high = -1.0, 1.0
        pad = high / 40 - low / 40
        self.low, self.high = low - pad, high + pad

    def x(self, value: float) -> float:
        """Return the horizontal place, at the edge for what lies beyond it."""
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return _START + min(max(share, 0.0), 1.0) * (RIGHT - _START)

    def ticks(self) -> list[float]:
        return nice_ticks(self.low, self.high, 5)


def is_drawn(row: IntervalRow) -> bool:
    """Whether there is a finite estimate; an interval without bounds is drawn as a point."""
    return _finite(row.estimate)


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and abs(value) < 1e300


def _row(row: IntervalRow, axis: _Axis, top: int) -> Markup:
    label = svg.text(_START, top + 12, svg.short(row.label, 34 if row.outcome else 50))
    y = top + 22
    if not is_drawn(row) or row.estimate is None:
        told = svg.short(row.note or "no number", 46)
        return (
            label + svg.cross(_START + 3, y, told) + svg.text(_START + 12, y + 4, told, "start", 10)
        )
    color = _COLORS.get(row.outcome, "#5b6676")
    name = _CLASSES.get(row.outcome, "plain")
    parts = [label, svg.text(RIGHT, top + 12, svg.short(row.outcome, 22), "end", 10)]
    if row.unseen is not None and _finite(row.unseen):
        left, right = axis.x(-row.unseen), axis.x(row.unseen)
        parts.append(
            Markup(
                '<rect class="unseen" x="{:.1f}" y="{}" width="{:.1f}" height="10" '
                'fill="currentColor" fill-opacity="0.12"><title>{}</title></rect>'
            ).format(left, y - 5, right - left, f"smallest detectable {fmt.number(row.unseen)}")
        )
    if row.low is not None and row.high is not None and _finite(row.low) and _finite(row.high):
        parts.append(
            Markup(
                '<path class="interval {}" d="M{:.1f} {}H{:.1f}m0 -4v8M{:.1f} {}v8" stroke="{}" '
                'stroke-width="1.8" fill="none"/>'
            ).format(name, axis.x(row.low), y, axis.x(row.high), axis.x(row.low), y - 4, color)
        )
    parts.append(
        Markup(
            '<circle class="estimate {}" cx="{:.1f}" cy="{}" r="3.6" fill="{}"><title>{}</title>'
            "</circle>"
        ).format(name, axis.x(row.estimate), y, color, told_of(row))
    )
    return Markup("").join(parts)


def told_of(row: IntervalRow) -> str:
    """The row in words."""
    if not is_drawn(row):
        return row.note or "no number"
    words = f"{fmt.number(row.estimate)} ({fmt.number(row.low)} to {fmt.number(row.high)})"
    return f"{words}, {row.outcome}" if row.outcome else words


def _description(chart: IntervalChart) -> str:
    rows = "; ".join(f"{row.label}: {told_of(row)}" for row in chart.rows)
    return f"{chart.x_label}. {rows}. {chart.note}".strip()
