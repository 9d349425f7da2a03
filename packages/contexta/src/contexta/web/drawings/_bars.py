"""Counts as one stacked bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contexta.web.drawings import _svg as svg

_COLORS = {"good": "#166534", "bad": "#b42318", "doubtful": "#92560a", "busy": "#2563c9"}
_HEIGHT, _GAP = 14, 2


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
