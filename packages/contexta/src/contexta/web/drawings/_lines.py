"""Curves over steps, and histories over runs, with ticks, names, gaps and marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contexta.interpretation.wording import counted, on_pages
from contexta.web.drawings import _svg as svg
from contexta.web.drawings._axes import Axis1D, spans_magnitudes, tick_labels

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 30, 44
_DOTS_UP_TO = 80
_CROSSES = 200
_LETTER = 6.1  # pixels of a letter of an axis label, on average


@dataclass(frozen=True, slots=True)
class Point:
    """One value; `told` is what the tooltip says, `href` where a click leads.

    A `y` that is not finite breaks the line and shows as a cross at the top. `loud` draws a
    ring around the dot.
    """

    x: float
    y: float
    told: str = ""
    href: str | None = None
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """One line; `index` chooses color and dash."""

    label: str
    points: tuple[Point, ...]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the x axis that means something, and the range where it may truly lie."""

    x: float
    label: str
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A level that held from `first` to `last`."""

    first: float
    last: float
    y: float
    told: str = ""


def draw_lines(
    curves: Sequence[Curve],
    *,
    title: str,
    x_label: str,
    y_label: str = "",
    x_names: Sequence[tuple[float, str]] = (),
    marks: Sequence[Mark] = (),
    levels: Sequence[Level] = (),
    log: bool | None = None,
    width: int = 820,
    height: int = 260,
    joined: bool = True,
    dots: bool | None = None,
) -> Markup:
    """Return the drawing.

    Args:
        curves: what is drawn; keys of the colors are the page's to show.
        title: for screen readers and the tooltip; the page has a visible one.
        x_label: what x counts.
        y_label: name and unit of y.
        x_names: names of places where x counts runs; as many are shown as fit.
        marks: places with a meaning, such as changes.
        levels: means of parts.
        log: logarithmic y; `None` where the values ask for it.
        width: of the picture, in its own pixels.
        height: likewise.
        joined: whether lines join the points.
        dots: whether every point shows; `None` where there are few.
    """
    points = [point for curve in curves for point in curve.points if math.isfinite(point.x)]
    ys = [point.y for point in points if math.isfinite(point.y)]
    if not ys:
        body = svg.text(width / 2, height / 2, "no finite value", "middle")
        return svg.drawing(width, height, title, "no finite value", body, "lines")
    flat = [level.y for level in levels if math.isfinite(level.y)]
    use_log = spans_magnitudes(ys) if log is None else log and min(ys) > 0
    y = Axis1D([*ys, *flat], height - _BOTTOM, _TOP, log=use_log, pad=0.06)
    x = Axis1D([point.x for point in points], _LEFT, width - _RIGHT, pad=0.02 if x_names else 0)
    parts = [
        _frame(x, y, x_names, width, height),
        _captions(x_label, y_label + (" (log scale)" if y.log else ""), width, height),
        *(_mark(mark, x, height) for mark in marks),
        *(_level(level, x, y) for level in levels if math.isfinite(level.y)),
    ]
    if dots is None:
        dots = not joined or max(len(curve.points) for curve in curves) <= _DOTS_UP_TO
    parts += [_curve(curve, x, y, dots=dots, joined=joined) for curve in curves]
    told = _told(curves, marks)
    return svg.drawing(width, height, title, told, Markup("").join(parts), "lines")


def _frame(
    x: Axis1D, y: Axis1D, names: Sequence[tuple[float, str]], width: int, height: int
) -> Markup:
    parts = []
    ticks = y.ticks(5 if height >= 240 else 4)
    for value, label in zip(ticks, tick_labels(ticks), strict=True):
        place = y.place(value)
        parts.append(svg.straight(_LEFT, place, width - _RIGHT, place, "grid", 0.14))
        parts.append(svg.text(_LEFT - 8, place + 4, label, "end", name="tick"))
    bottom = height - _BOTTOM
    parts.append(svg.straight(_LEFT, bottom, width - _RIGHT, bottom, "axis", 0.4))
    if names:
        parts += _named_ticks(x, names, width, bottom)
    else:
        places = x.ticks(8 if width > 600 else 5)
        for value, label in zip(places, tick_labels(places), strict=True):
            parts.append(svg.straight(x.place(value), bottom, x.place(value), bottom + 4, "axis"))
            parts.append(svg.text(x.place(value), bottom + 17, label, "middle", name="tick"))
    return Markup("").join(parts)


def _named_ticks(
    x: Axis1D, names: Sequence[tuple[float, str]], width: int, bottom: float
) -> list[Markup]:
    """Names below the axis, every n-th of them, so that none meets its neighbor."""
    shown = [(place, svg.short(name, 18)) for place, name in names]
    widest = max(len(name) for _, name in shown) * _LETTER + 14
    room = max(1, int((width - _LEFT - _RIGHT) // widest))
    step = max(1, math.ceil(len(shown) / room))
    parts = []
    for place, name in shown[::step]:
        half = len(name) * _LETTER / 2
        middle = min(max(x.place(place), half + 2), width - half - 2)
        parts.append(svg.straight(x.place(place), bottom, x.place(place), bottom + 4, "axis"))
        parts.append(svg.text(middle, bottom + 17, name, "middle", name="tick"))
    return parts


def _captions(x_label: str, y_label: str, width: int, height: int) -> Markup:
    middle = (_LEFT + width - _RIGHT) / 2
    return svg.text(middle, height - 8, svg.short(x_label, 80), "middle") + svg.text(
        4, 14, svg.short(y_label, 90)
    )


def _mark(mark: Mark, x: Axis1D, height: int) -> Markup:
    place = x.place(mark.x)
    first = x.place(mark.x if mark.first is None else mark.first)
    last = x.place(mark.x if mark.last is None else mark.last)
    at_right = place > (x.start + x.end) / 2
    line = Markup(
        '<g class="marked"><rect class="band" x="{:.1f}" y="{}" width="{:.1f}" height="{}" '
        'fill="currentColor" fill-opacity="0.1"/><line class="mark" x1="{:.1f}" x2="{:.1f}" '
        'y1="{}" y2="{}" stroke="#c2410c" stroke-width="1.5" stroke-dasharray="4 3"/>'
        "<title>{}</title>"
    ).format(
        *(first - 1, _TOP, max(last - first, 0) + 2, height - _BOTTOM - _TOP),
        *(place, place, _TOP, height - _BOTTOM, svg.short(mark.label, 300)),
    )
    anchor = "end" if at_right else "start"
    label = svg.text(place + (-5 if at_right else 5), _TOP + 10, svg.short(mark.label, 44), anchor)
    return line + label + Markup("</g>")


def _level(level: Level, x: Axis1D, y: Axis1D) -> Markup:
    place = y.place(level.y)
    return Markup(
        '<line class="level" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" stroke="#15803d" '
        'stroke-width="2"><title>{}</title></line>'
    ).format(x.place(level.first), x.place(level.last), place, place, svg.short(level.told, 300))


def _curve(curve: Curve, x: Axis1D, y: Axis1D, *, dots: bool, joined: bool) -> Markup:
    color, name = svg.COLORS[curve.index % len(svg.COLORS)], svg.color_class(curve.index)
    points = [point for point in curve.points if math.isfinite(point.x)]
    segments = _segments(points)
    parts: list[Markup] = []
    for segment in segments if joined else []:
        if len(segment) < 2:
            continue
        path = " ".join(f"{x.place(p.x):.1f},{y.place(p.y):.1f}" for p in segment)
        parts.append(
            Markup(
                '<polyline class="line {}" points="{}" fill="none" stroke="{}" '
                'stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round"{}>'
                "<title>{}</title></polyline>"
            ).format(name, path, color, _dashed(curve.index), svg.short(curve.label, 200))
        )
    # Without dots a point between two gaps would not be seen at all.
    alone = [segment[0] for segment in segments if len(segment) == 1]
    seen = points if dots else [*alone, *(point for point in points if point.loud)]
    for point in seen:
        if math.isfinite(point.y):
            parts.append(_dot(point, curve, x, y, name, color))
    broken = [point for point in points if not math.isfinite(point.y)]
    parts += [
        svg.linked(svg.cross(x.place(p.x), _TOP - 7, p.told or str(p.y)), p.href, p.told)
        for p in broken[:_CROSSES]
    ]
    return Markup("").join(parts)


def _dashed(index: int) -> Markup:
    pattern = svg.dash(index)
    return Markup(' stroke-dasharray="{}"').format(pattern) if pattern else Markup("")


def _dot(point: Point, curve: Curve, x: Axis1D, y: Axis1D, name: str, color: str) -> Markup:
    at = (x.place(point.x), y.place(point.y))
    told = svg.short(point.told or f"{curve.label}: {on_pages.number(point.y)}", 300)
    ring = Markup("")
    if point.loud:
        ring = Markup(
            '<circle class="loud" cx="{:.1f}" cy="{:.1f}" r="7" fill="none" stroke="#b42318" '
            'stroke-width="1.6"/>'
        ).format(*at)
    dot = Markup(
        '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"><title>{}</title></circle>'
    ).format(name, *at, color, told)
    return svg.linked(ring + dot, point.href, point.told)


def _segments(points: Sequence[Point]) -> list[list[Point]]:
    segments: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point.y):
            segments[-1].append(point)
        elif segments[-1]:
            segments.append([])
    return [segment for segment in segments if segment]


def _told(curves: Sequence[Curve], marks: Sequence[Mark]) -> str:
    """The picture in words."""
    texts = []
    for curve in curves:
        values = [point.y for point in curve.points if math.isfinite(point.y)]
        gaps = len(curve.points) - len(values)
        text = f"{curve.label}: {counted(len(curve.points), 'point')}"
        if gaps:
            text += f", {gaps} of them NaN or infinite"
        if values:
            text += (
                f", from {on_pages.number(values[0])} to {on_pages.number(values[-1])}, "
                f"lowest {on_pages.number(min(values))}, highest {on_pages.number(max(values))}"
            )
        texts.append(text)
    return "; ".join([*texts, *(mark.label for mark in marks)])
