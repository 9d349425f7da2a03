"""Runs over several parameters and metrics at once: parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contexta.interpretation.wording import counted
from contexta.web.drawings import _svg as svg
from contexta.web.drawings._axes import Axis1D, spans_magnitudes, tick_labels

_TOP, _BOTTOM, _SIDE = 44, 20, 70
_LEAST_GAP = 130
_ROOMY = 7  # with more axes the page lets the drawing scroll before it shrinks


@dataclass(frozen=True, slots=True)
class Axis:
    """One vertical axis: numbers, or `names` that stand at the places 0, 1, 2, ...

    `kind` is a word under the label, such as param or metric.
    """

    label: str
    kind: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Strand:
    """One run: its value on each axis, `None` where it has none; `index` is its color."""

    label: str
    values: tuple[float | None, ...]
    index: int = 0
    href: str | None = None


def draw_parallel(
    axes: Sequence[Axis], strands: Sequence[Strand], *, title: str, height: int = 300
) -> Markup:
    """Return the drawing; a strand is broken at an axis on which it has no finite value.

    Strands carry `data-strand` and axes `data-axis` with their places, for brushing by script.
    """
    width = max(680, 2 * _SIDE + _LEAST_GAP * (len(axes) - 1))
    scales = [_scale(axis, [s.values[i] for s in strands], height) for i, axis in enumerate(axes)]
    gap = (width - 2 * _SIDE) / max(len(axes) - 1, 1)
    places = [_SIDE + gap * index for index in range(len(axes))]
    parts = [_strand(strand, scales, places, number) for number, strand in enumerate(strands)]
    parts += [
        _axis(axis, scale, place, number, height)
        for number, (axis, scale, place) in enumerate(zip(axes, scales, places, strict=True))
    ]
    told = f"{counted(len(strands), 'run')} over {', '.join(axis.label for axis in axes)}"
    name = "parallel" if len(axes) <= _ROOMY else "parallel roomy"
    return svg.drawing(width, height, title, told, Markup("").join(parts), name)


def _scale(axis: Axis, values: Sequence[float | None], height: int) -> Axis1D:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if axis.names:
        finite = [0.0, float(max(len(axis.names) - 1, 1))]
    return Axis1D(finite, height - _BOTTOM, _TOP, log=spans_magnitudes(finite))


def _strand(
    strand: Strand, scales: Sequence[Axis1D], places: Sequence[float], number: int
) -> Markup:
    name, color = svg.color_class(strand.index), svg.COLORS[strand.index % len(svg.COLORS)]
    found = [
        None if value is None or not math.isfinite(value) else (place, scale.place(value))
        for value, scale, place in zip(strand.values, scales, places, strict=True)
    ]
    pieces: list[str] = []
    pen = "M"
    for at in found:
        if at is None:
            pen = "M"
            continue
        pieces.append(f"{pen}{at[0]:.1f} {at[1]:.1f}")
        pen = "L"
    heights = " ".join("-" if at is None else f"{at[1]:.1f}" for at in found)
    pattern = svg.dash(strand.index)
    line = Markup(
        '<path class="line strand {}" data-strand="{}" data-heights="{}" d="{}" fill="none" '
        'stroke="{}" stroke-width="1.8"{}><title>{}</title></path>'
    ).format(
        name,
        number,
        heights,
        " ".join(pieces),
        color,
        Markup(' stroke-dasharray="{}"').format(pattern) if pattern else "",
        svg.short(strand.label, 200),
    )
    dots = Markup("").join(
        Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.6" fill="{}"/>').format(
            name, *at, color
        )
        for at in found
        if at is not None
    )
    return Markup('<g class="strand" data-strand="{}">{}</g>').format(number, line + dots)


def _axis(axis: Axis, scale: Axis1D, place: float, number: int, height: int) -> Markup:
    parts = [
        svg.straight(place, _TOP, place, height - _BOTTOM, "axis", 0.55),
        svg.text(place, 14, svg.short(axis.label, 20), "middle", 12, "title"),
        svg.text(place, 29, axis.kind + (", log" if scale.log else ""), "middle", 10),
    ]
    if axis.names:
        ticks = [float(i) for i in range(len(axis.names))]
        labels = [svg.short(name, 14) for name in axis.names]
    else:
        ticks = scale.ticks(4)
        labels = tick_labels(ticks)
    for value, label in zip(ticks, labels, strict=True):
        at = scale.place(value)
        parts.append(svg.straight(place - 3, at, place + 3, at, "axis", 0.55))
        parts.append(svg.text(place + 8, at + 4, label, "start", 10, "tick halo"))
    grip = Markup(
        '<rect class="grip" x="{:.1f}" y="{}" width="28" height="{}" fill="transparent"/>'
    ).format(place - 14, _TOP, height - _BOTTOM - _TOP)
    return Markup('<g class="axis" data-axis="{}" data-x="{:.1f}">{}</g>').format(
        number, place, Markup("").join(parts) + grip
    )
