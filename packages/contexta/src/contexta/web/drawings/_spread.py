"""How values spread, and where one lies among them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from markupsafe import Markup

from contexta.interpretation.wording import on_pages
from contexta.web.drawings import _svg as svg
from contexta.web.drawings._axes import Axis1D, spans_magnitudes, tick_labels

_BOX_HEIGHT, _SIDE = 110, 40
_TICK_ROOM, _WORD_ROOM = 90, 62
_RANGE_WIDTH, _RANGE_HEIGHT = 150, 18


def draw_box(marks: Mapping[str, float], *, title: str, width: int = 820) -> Markup:
    """Return a box from p25 to p75 with its median, whiskers to min and max, and p95 as a tick.

    Args:
        marks: values by name: min, p25, p50, p75, p90, p95, p99, max; those known are drawn.
        title: what the values are of.
        width: of the picture, in its own pixels.
    """
    finite = {name: value for name, value in marks.items() if math.isfinite(value)}
    if not finite:
        body = svg.text(width / 2, 40, "no finite value", "middle")
        return svg.drawing(width, 80, title, "no finite value", body, "box")
    values = list(finite.values())
    axis = Axis1D(values, _SIDE, width - _SIDE, log=spans_magnitudes(values), pad=0.03)
    middle, bottom = 44, _BOX_HEIGHT - 30
    at = {name: axis.place(value) for name, value in finite.items()}
    parts = [svg.straight(axis.start, bottom, axis.end, bottom, "axis", 0.4)]
    ticks = axis.ticks(max(2, min(8, width // _TICK_ROOM)))
    for value, label in zip(ticks, tick_labels(ticks), strict=True):
        parts.append(svg.straight(axis.place(value), bottom, axis.place(value), bottom + 4, "axis"))
        parts.append(svg.text(axis.place(value), bottom + 17, label, "middle", name="tick"))
    low, high = at.get("min", axis.start), at.get("max", axis.end)
    parts.append(svg.straight(low, middle, high, middle, "whisker", 0.6))
    parts += [svg.straight(x, middle - 7, x, middle + 7, "whisker", 0.6) for x in (low, high)]
    if "p25" in at and "p75" in at:
        parts.append(
            Markup(
                '<rect class="dot s0" x="{:.1f}" y="{}" width="{:.1f}" height="28" rx="3" '
                'fill="#2563c9" fill-opacity="0.3"/>'
            ).format(at["p25"], middle - 14, max(at["p75"] - at["p25"], 2))
        )
    for name in ("p90", "p95", "p99"):
        if name in at:
            parts.append(svg.straight(at[name], middle - 5, at[name], middle + 5, "whisker", 0.45))
    if "p50" in at:
        parts.append(
            Markup(
                '<line class="line s0" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}" stroke="#2563c9" '
                'stroke-width="2.5"/>'
            ).format(at["p50"], at["p50"], middle - 14, middle + 14)
        )
        word = min(max(at["p50"], _WORD_ROOM), width - _WORD_ROOM)
        parts.append(svg.text(word, 18, f"median {on_pages.number(finite['p50'])}", "middle"))
    told = ", ".join(f"{name} {on_pages.number(value)}" for name, value in finite.items())
    return svg.drawing(width, _BOX_HEIGHT, title, told, Markup("").join(parts), "box")


def draw_range(low: float, high: float, value: float, *, title: str) -> Markup:
    """Return the usual range as a bar and the value as a dot, of the height of a line of text."""
    ends = [end for end in (low, high, value) if math.isfinite(end)]
    if not ends:
        return Markup("")
    axis = Axis1D(ends, 6, _RANGE_WIDTH - 6, pad=0.08)
    left, right = axis.place(low), axis.place(high)
    y = _RANGE_HEIGHT / 2
    bar = Markup(
        '<line class="axis" x1="2" x2="{}" y1="{}" y2="{}" stroke="currentColor" '
        'stroke-opacity="0.25"/><rect class="usual" x="{:.1f}" y="{}" width="{:.1f}" height="8" '
        'rx="4" fill="currentColor" fill-opacity="0.25"/>'
    ).format(_RANGE_WIDTH - 2, y, y, left, y - 4, max(right - left, 2))
    if not math.isfinite(value):
        mark = svg.cross(_RANGE_WIDTH - 10, y, title)
    else:
        inside = low <= value <= high
        mark = Markup('<circle class="value {}" cx="{:.1f}" cy="{}" r="4.5" fill="{}"/>').format(
            "inside" if inside else "outside",
            axis.place(value),
            y,
            "#2563c9" if inside else "#b42318",
        )
    return svg.drawing(_RANGE_WIDTH, _RANGE_HEIGHT, title, "", bar + mark, "range")


def draw_key(index: int, label: str = "") -> Markup:
    """Return the short line that says which curve is whose."""
    pattern = svg.dash(index)
    line = Markup(
        '<line class="line {}" x1="1" x2="21" y1="6" y2="6" stroke="{}" stroke-width="2.4"{}/>'
    ).format(
        svg.color_class(index),
        svg.COLORS[index % len(svg.COLORS)],
        Markup(' stroke-dasharray="{}"').format(pattern) if pattern else "",
    )
    told = Markup("<title>{}</title>").format(svg.short(label, 120)) if label else ""
    return Markup(
        '<svg class="key" viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">{}{}</svg>'
    ).format(told, line)
