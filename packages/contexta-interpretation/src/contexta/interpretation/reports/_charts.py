"""Curves as inline SVG: no script, sized so that labels stay readable on a phone.

Colors are attributes (they work in a bare fragment) and classes (the page restyles them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from contexta.interpretation.reports._escape import visible
from contexta.interpretation.reports._format import number
from contexta.interpretation.reports.models import ChartLine, ReportChart

WIDTH, HEIGHT = 360, 218
LEFT, RIGHT, TOP, BOTTOM = 52, 348, 40, 180
COLORS = ("#2563c9", "#c2410c", "#15803d", "#7c3aed", "#b45309", "#0e7490")
_DOTS_UP_TO = 40
_LEAST_SPAN = 1e-300  # below it, dividing by the span is no longer exact
_LOG_FROM_RATIO = 1e3
_LOG_FROM_SKEW = 20  # most values lie far below the highest: a curve that only ends low is not


def render_chart(chart: ReportChart) -> Markup:
    """Return the ``<svg>`` of a chart; a chart without a finite value says so."""
    finite = [(x, y) for line in chart.lines for x, y in line.points if math.isfinite(y)]
    title = visible(chart.title) + (f" [{visible(chart.unit)}]" if chart.unit else "")
    if not finite:
        body = _text(WIDTH / 2, HEIGHT / 2, "no finite value", "middle")
        return _svg(title, "no finite value", body)
    scale = _Scale(finite)
    parts = [_grid(scale, chart)]
    for index, line in enumerate(chart.lines):
        parts.append(_line(line, index, scale))
    if len(chart.lines) > 1:
        parts.append(_legend(chart.lines))
    if scale.log:
        title += " (log scale)"
    return _svg(title, _description(chart), Markup("").join(parts))


class _Scale:
    """Maps data to the drawing area; y is logarithmic when it spans orders of magnitude."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        xs = [x for x, _ in points]
        ys = [y for _, y in points]
        self.x0, self.x1 = min(xs), max(xs)
        low, high = min(ys), max(ys)
        median = sorted(ys)[len(ys) // 2]
        # Multiplied, because dividing by a subnormal low would overflow.
        self.log = low > 0 and high > low * _LOG_FROM_RATIO and high > median * _LOG_FROM_SKEW
        if high / 2 - low / 2 < _LEAST_SPAN:
            pad = max(abs(low) * 0.05, _LEAST_SPAN) if low else 1.0
            low, high = low - pad, high + pad
        self.y0, self.y1 = low, high

    def x(self, value: float) -> float:
        if self.x1 == self.x0:
            return (LEFT + RIGHT) / 2
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        if self.log:
            span = math.log(self.y1) - math.log(self.y0)
            share = (math.log(value) - math.log(self.y0)) / span
        else:
            # Halves keep the difference of the two largest doubles finite.
            share = (value / 2 - self.y0 / 2) / (self.y1 / 2 - self.y0 / 2)
        return BOTTOM - share * (BOTTOM - TOP)

    def y_ticks(self) -> list[float]:
        if self.log:
            first, last = math.ceil(math.log10(self.y0)), math.floor(math.log10(self.y1))
            step = max(1, math.ceil((last - first + 1) / 5))
            return [10.0**power for power in range(first, last + 1, step)]
        return nice_ticks(self.y0, self.y1, 4)


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Round positions inside [low, high], about ``count`` of them."""
    span = high / 2 - low / 2
    raw = span / count * 2
    if not math.isfinite(raw) or raw <= 0:
        return [low, high]
    magnitude = 10.0 ** math.floor(math.log10(raw))
    if magnitude == 0:
        return [low, high]
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + 12) + 1)]


def _grid(scale: _Scale, chart: ReportChart) -> Markup:
    parts = []
    for value in scale.y_ticks():
        y = scale.y(value)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" '
                'stroke="currentColor" stroke-opacity="0.15"/>'
            ).format(LEFT, RIGHT, y, y)
        )
        parts.append(_text(LEFT - 6, y + 4, _tick(value), "end"))
    if chart.x_ticks:
        ticks = list(chart.x_ticks)
        ticks = [ticks[0], ticks[-1]] if len(ticks) > 1 else ticks
    elif scale.x0 == scale.x1:
        ticks = [(scale.x0, _tick(scale.x0))]
    else:
        ticks = [(v, _tick(v)) for v in nice_ticks(scale.x0, scale.x1, 4) if _whole(v)]
    for value, label in ticks:
        anchor = "middle"
        if chart.x_ticks and len(ticks) > 1:
            anchor = "start" if value == ticks[0][0] else "end"
        parts.append(_text(scale.x(value), BOTTOM + 16, _cut(label, 22), anchor))
    parts.append(_text((LEFT + RIGHT) / 2, HEIGHT - 6, visible(chart.x_label), "middle"))
    return Markup("").join(parts)


def _whole(value: float) -> bool:
    return float(value).is_integer()


def _line(line: ChartLine, index: int, scale: _Scale) -> Markup:
    color = COLORS[index % len(COLORS)]
    name = f"s{index % len(COLORS)}"
    parts: list[Markup] = []
    for segment in _segments(line.points):
        coordinates = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in segment)
        parts.append(
            Markup(
                '<polyline class="line {}" points="{}" fill="none" stroke="{}" '
                'stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/>'
            ).format(name, coordinates, color)
        )
    for x, y in line.points if len(line.points) <= _DOTS_UP_TO else line.points[-1:]:
        if math.isfinite(y):
            parts.append(
                Markup(
                    '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.6" fill="{}">'
                    "<title>{}: {}</title></circle>"
                ).format(name, scale.x(x), scale.y(y), color, number(x), number(y))
            )
    broken = [(x, y) for x, y in line.points if not math.isfinite(y)]
    for x, y in broken[:200]:
        parts.append(_cross(min(max(scale.x(x), LEFT), RIGHT), number(x), number(y)))
    return Markup("").join(parts)


def _cross(x: float, step: str, value: str) -> Markup:
    """Mark a value that is NaN or infinite at the upper edge."""
    return Markup(
        '<path class="broken" d="M{:.1f} {}l6 6m0 -6l-6 6" stroke="#c81e1e" stroke-width="1.6">'
        "<title>{}: {}</title></path>"
    ).format(x - 3, TOP - 3, step, value)


def _segments(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    segments: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            segments[-1].append(point)
        elif segments[-1]:
            segments.append([])
    return [segment for segment in segments if len(segment) > 1]


def _legend(lines: Sequence[ChartLine]) -> Markup:
    parts = []
    x = float(LEFT)
    for index, line in enumerate(lines[: len(COLORS)]):
        label = _cut(line.label, 14)
        parts.append(
            Markup(
                '<rect class="dot s{}" x="{:.0f}" y="{}" width="9" height="9" fill="{}"/>'
            ).format(index, x, TOP - 20, COLORS[index])
        )
        parts.append(_text(x + 13, TOP - 12, label, "start"))
        x += 26 + 6.2 * len(label)
    return Markup("").join(parts)


def _text(x: float, y: float, content: str, anchor: str) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="11" fill="currentColor">{}</text>'
    ).format(x, y, anchor, visible(content))


def _svg(title: str, description: str, body: Markup) -> Markup:
    heading = Markup(
        '<text class="title" x="4" y="12" font-size="12" font-weight="600" '
        'fill="currentColor">{}</text>'
    ).format(_cut(title, 52))
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" width="100%" '
        'font-family="system-ui, sans-serif"><title>{}</title><desc>{}</desc>{}{}</svg>'
    ).format(WIDTH, HEIGHT, title, escape(description), heading, body)


def _description(chart: ReportChart) -> str:
    texts = []
    for line in chart.lines:
        values = [y for _, y in line.points if math.isfinite(y)]
        if values:
            texts.append(
                f"{visible(line.label)}: {len(line.points)} points, from {number(values[0])} to "
                f"{number(values[-1])}, lowest {number(min(values))}, highest {number(max(values))}"
            )
    return "; ".join(texts)


def _tick(value: float) -> str:
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3):
        return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    if size >= 1e4:
        return f"{value / 1000:g}k"
    return f"{value:.4g}"


def _cut(text: str, limit: int) -> str:
    text = visible(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
