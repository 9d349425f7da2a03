"""Counts as one stacked bar, or as a bar for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contexta.web.drawings import _svg as svg

_COLORS = {"good": "#166534", "bad": "#b42318", "doubtful": "#92560a", "busy": "#2563c9"}
_HEIGHT, _GAP = 14, 2
_ROW, _LABEL, _COUNT = 26, 110, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One part: its size, its words, and a `tone` of good, bad, doubtful, busy or nothing."""

    label: str
    count: float
    tone: str = ""


def draw_bars(bars: Sequence[Bar], *, title: str, width: int = 820) -> Markup:
    """Return one horizontal bar in which each part is as long as its share."""
    total = sum(bar.count for bar in bars)
    parts: list[Markup] = []
    x = 0.0
    for bar in bars:
        length = bar.count / total * width if total else 0.0
        parts.append(
            Markup(
                '<rect class="part {}" x="{:.1f}" y="0" width="{:.1f}" height="{}" rx="2" '
                'fill="{}"><title>{}</title></rect>'
            ).format(
                bar.tone or "plain",
                x,
                max(length - _GAP, 1.0),
                _HEIGHT,
                _COLORS.get(bar.tone, "#5b6676"),
                svg.short(f"{bar.label}: {bar.count:g}", 120),
            )
        )
        x += length
    told = ", ".join(f"{bar.label}: {bar.count:g}" for bar in bars)
    return svg.drawing(width, _HEIGHT, title, told, Markup("").join(parts), "bars")


def draw_bar_rows(bars: Sequence[Bar], *, title: str, width: int = 820) -> Markup:
    """Return one bar under the other, each with its label, count and share in percent."""
    total = sum(bar.count for bar in bars)
    room = width - _LABEL - _COUNT
    parts: list[Markup] = []
    for row, bar in enumerate(bars):
        share = bar.count / total if total else 0.0
        y = row * _ROW
        parts.append(svg.text(_LABEL - 10, y + 17, svg.short(bar.label, 18), "end", 12, "title"))
        parts.append(
            Markup(
                '<rect class="part {}" x="{}" y="{}" width="{:.1f}" height="{}" rx="2" fill="{}">'
                "<title>{}</title></rect>"
            ).format(
                bar.tone or "plain",
                *(_LABEL, y + 5, max(share * room, 1.0), _HEIGHT),
                _COLORS.get(bar.tone, "#5b6676"),
                svg.short(f"{bar.label}: {bar.count:g}", 120),
            )
        )
        told = f"{bar.count:g} ({share * 100:.1f} %)"
        parts.append(svg.text(_LABEL + share * room + 8, y + 17, told, "start", 12))
    told = ", ".join(f"{bar.label}: {bar.count:g}" for bar in bars)
    height = max(len(bars), 1) * _ROW
    return svg.drawing(width, height, title, told, Markup("").join(parts), "bars rows")
