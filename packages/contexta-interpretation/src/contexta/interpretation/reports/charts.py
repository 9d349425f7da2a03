"""Curves as inline SVG, sized so that labels stay readable on a phone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from contexta.interpretation.reports import _svg as svg
from contexta.interpretation.reports._forest import render_intervals
from contexta.interpretation.reports._scale import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    nice_ticks,
)
from contexta.interpretation.reports.escape import visible
from contexta.interpretation.reports.models import ChartLine, ChartMark, IntervalChart, ReportChart
from contexta.interpretation.wording import counted
from contexta.interpretation.wording import in_reports as fmt

_DOTS_UP_TO = 40
_CROSSES = 200
_LEGEND_ROW = 14


def render_chart(chart: ReportChart | IntervalChart) -> Markup:
    """Return the ``<svg>`` of a chart; a chart without a finite value says so."""
    if isinstance(chart, IntervalChart):
        return render_intervals(chart)
    points = [(x, y) for line in chart.lines for x, y in line.points if math.isfinite(x)]
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    title = visible(chart.title) + (f" [{visible(chart.unit)}]" if chart.unit else "")
    if not finite:
        body = svg.text(WIDTH / 2, HEIGHT / 2, "no finite value", "middle")
        return svg.drawing(WIDTH, HEIGHT, title, "no finite value", body)
    flat = [(level.first, level.y) for level in chart.levels if math.isfinite(level.y)]
    scale = Scale(
        [*finite, *flat],
        [x for x, _ in points],
        log=not flat,
        pad=0.06 if flat or chart.marks else 0.0,
    )
    parts = [_grid(scale, chart), _marks(scale, chart)]
    dots = sum(len(line.points) for line in chart.lines) <= _DOTS_UP_TO * len(chart.lines)
    for index, line in enumerate(chart.lines):
        parts.append(_line(line, index, scale, dots=dots, joined=not chart.levels))
    parts.append(_levels(scale, chart))
    if len(chart.lines) > 1:
        parts.append(_legend(chart.lines))
    if scale.log:
        title += " (log scale)"
    return svg.drawing(WIDTH, HEIGHT, title, _description(chart), Markup("").join(parts))


def _grid(scale: Scale, chart: ReportChart) -> Markup:
    parts = []
    for value in scale.y_ticks():
        y = scale.y(value)
        parts.append(svg.line(LEFT, y, RIGHT, y, "grid"))
        label = svg.tick(value)
        parts.append(svg.text(LEFT - 6, y + 4, label, "end", 11 if len(label) < 8 else 9))
    for x, label, anchor in _x_labels(scale, chart):
        parts.append(svg.text(x, BOTTOM + 16, svg.short(label, 22), anchor))
    label = svg.short(chart.x_label, 50)
    parts.append(svg.text((LEFT + RIGHT) / 2, HEIGHT - 6, label, "middle"))
    return Markup("").join(parts)


def _x_labels(scale: Scale, chart: ReportChart) -> list[tuple[float, str, str]]:
    """The first and the last name, or round numbers."""
    if chart.x_ticks:
        ends = [chart.x_ticks[0], chart.x_ticks[-1]]
        if ends[0] == ends[1]:
            return [(scale.x(ends[0][0]), ends[0][1], "middle")]
        return [
            (scale.x(place), label, anchor)
            for (place, label), anchor in zip(ends, ("start", "end"), strict=True)
        ]
    if scale.x0 == scale.x1:
        return [(scale.x(scale.x0), svg.tick(scale.x0), "middle")]
    places = nice_ticks(scale.x0, scale.x1, 4)
    return [(scale.x(v), svg.tick(v), "middle") for v in places if svg.whole(v)]


def _marks(scale: Scale, chart: ReportChart) -> Markup:
    """Marked places, each with the range where it may truly lie as a band."""
    parts = []
    for mark in chart.marks:
        x = scale.x(mark.x)
        first = scale.x(mark.x if mark.first is None else mark.first)
        last = scale.x(mark.x if mark.last is None else mark.last)
        parts.append(
            Markup(
                '<rect class="band" x="{:.1f}" y="{}" width="{:.1f}" height="{}" '
                'fill="currentColor" fill-opacity="0.12"/>'
                '<line class="mark" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}" stroke="#c2410c" '
                'stroke-width="1.4" stroke-dasharray="4 3"><title>{}</title></line>'
            ).format(
                *(first - 1, TOP, max(last - first, 0) + 2, BOTTOM - TOP),
                *(x, x, TOP, BOTTOM, svg.short(mark.label, 400)),
            )
        )
    return Markup("").join([*parts, _mark_labels(scale, chart.marks)])


def _mark_labels(scale: Scale, marks: Sequence[ChartMark]) -> Markup:
    """Labels in two rows; one that would meet another is left to the tooltip of its line."""
    parts = []
    taken: list[list[tuple[float, float]]] = [[], []]
    for mark in marks:
        x, label = scale.x(mark.x), svg.short(mark.label, 24)
        at_right = x > (LEFT + RIGHT) / 2
        width = 5.6 * len(label)
        span = (x - width, x) if at_right else (x, x + width)
        row = next((i for i, spans in enumerate(taken) if _is_free(span, spans)), None)
        if row is not None:
            taken[row].append(span)
            parts.append(svg.text(x, TOP - 4 - 11 * row, label, "end" if at_right else "start", 10))
    return Markup("").join(parts)


def _is_free(span: tuple[float, float], taken: Sequence[tuple[float, float]]) -> bool:
    return all(span[1] < first or span[0] > last for first, last in taken)


def _levels(scale: Scale, chart: ReportChart) -> Markup:
    return Markup("").join(
        Markup(
            '<line class="level" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" '
            'stroke="#15803d" stroke-width="2"><title>{}</title></line>'
        ).format(
            scale.x(level.first) - 3,
            scale.x(level.last) + 3,
            *(scale.y(level.y), scale.y(level.y)),
            f"mean {fmt.number(level.y)}",
        )
        for level in chart.levels
        if math.isfinite(level.y)
    )


def _line(line: ChartLine, index: int, scale: Scale, *, dots: bool, joined: bool) -> Markup:
    color = svg.COLORS[index % len(svg.COLORS)]
    name = f"s{index % len(svg.COLORS)}"
    points = [(x, y) for x, y in line.points if math.isfinite(x)]
    parts: list[Markup] = []
    segments = _segments(points)
    for segment in segments if joined else []:
        if len(segment) < 2:
            continue
        coordinates = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in segment)
        parts.append(
            Markup(
                '<polyline class="line {}" points="{}" fill="none" stroke="{}" '
                'stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/>'
            ).format(name, coordinates, color)
        )
    # Without dots, a point between two gaps would not be seen at all.
    alone = [segment[0] for segment in segments if len(segment) == 1]
    for x, y in points if dots or not joined else [*alone, *points[-1:]]:
        if math.isfinite(y):
            parts.append(
                Markup(
                    '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.6" fill="{}">'
                    "<title>{}: {}</title></circle>"
                ).format(name, scale.x(x), scale.y(y), color, fmt.number(x), fmt.number(y))
            )
    broken = [(x, y) for x, y in points if not math.isfinite(y)]
    parts += [
        svg.cross(scale.x(x), TOP, f"{fmt.number(x)}: {fmt.number(y)}")
        for x, y in broken[:_CROSSES]
    ]
    return Markup("").join(parts)


def _segments(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Runs of finite points."""
    segments: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            segments[-1].append(point)
        elif segments[-1]:
            segments.append([])
    return [segment for segment in segments if segment]


def _legend(lines: Sequence[ChartLine]) -> Markup:
    """Names of the curves in one row; what does not fit is counted."""
    parts = []
    x = float(LEFT)
    for index, line in enumerate(lines):
        label = svg.short(line.label, 14)
        width = 26 + 6.2 * len(label)
        rest = len(lines) - index
        if x + width + (46 if rest > 1 else 0) > WIDTH or index >= len(svg.COLORS):
            parts.append(svg.text(x, TOP - 12, f"+ {rest} more"))
            break
        parts.append(
            Markup(
                '<rect class="dot s{}" x="{:.0f}" y="{}" width="9" height="9" fill="{}"/>'
            ).format(index, x, TOP - 20, svg.COLORS[index])
        )
        parts.append(svg.text(x + 13, TOP - 12, label))
        x += width
    return Markup("").join(parts)


def _description(chart: ReportChart) -> str:
    texts = []
    for line in chart.lines:
        values = [y for _, y in line.points if math.isfinite(y)]
        gaps = len(line.points) - len(values)
        broken = f", {gaps} of them NaN or infinite" if gaps else ""
        told = (
            f", from {fmt.number(values[0])} to {fmt.number(values[-1])}, "
            f"lowest {fmt.number(min(values))}, highest {fmt.number(max(values))}"
            if values
            else ""
        )
        texts.append(f"{visible(line.label)}: {counted(len(line.points), 'point')}{broken}{told}")
    texts += [visible(mark.label) for mark in chart.marks]
    return "; ".join([*texts, chart.note] if chart.note else texts)
