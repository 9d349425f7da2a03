"""Pieces of inline SVG that charts share: no script, no style attribute.

Colors are presentation attributes (they work in a bare fragment, and no content security policy
is about them) and classes (the page restyles them for light and dark).
"""

from __future__ import annotations

import math

from markupsafe import Markup

from contexta.interpretation.reports.escape import visible

COLORS = ("#2563c9", "#c2410c", "#15803d", "#7c3aed", "#b45309", "#0e7490")


def text(x: float, y: float, content: str, anchor: str = "start", size: int = 11) -> Markup:
    """One line of text."""
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" fill="currentColor">{}</text>'
    ).format(x, y, anchor, size, visible(content))


def line(x1: float, y1: float, x2: float, y2: float, name: str, *, opacity: float = 0.15) -> Markup:
    """One thin straight line in the color of the text."""
    return Markup(
        '<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" '
        'stroke="currentColor" stroke-opacity="{}"/>'
    ).format(name, x1, y1, x2, y2, opacity)


def cross(x: float, y: float, told: str) -> Markup:
    """Mark a value that is NaN or infinite."""
    return Markup(
        '<path class="broken" d="M{:.1f} {:.1f}l6 6m0 -6l-6 6" stroke="#c81e1e" stroke-width="1.6">'
        "<title>{}</title></path>"
    ).format(x - 3, y - 3, told)


def drawing(width: int, height: int, title: str, description: str, body: Markup) -> Markup:
    """Return the whole ``<svg>``; title and description are what a screen reader says."""
    heading = Markup(
        '<text class="title" x="4" y="12" font-size="12" font-weight="600" '
        'fill="currentColor">{}</text>'
    ).format(short(title, (width - 8) // 7))
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" width="100%" '
        'font-family="system-ui, sans-serif"><title>{}</title><desc>{}</desc>{}{}</svg>'
    ).format(width, height, short(title, 400), short(description, 2000), heading, body)


def short(content: str, limit: int) -> str:
    """Return at most ``limit`` characters, safe to show."""
    content = visible(content[: limit + 1]) if len(content) > limit else visible(content)
    return content if len(content) <= limit else content[: limit - 1] + "…"


def tick(value: float) -> str:
    """A number on an axis."""
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3):
        return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    if size >= 1e4:
        return f"{value / 1000:g}k"
    return f"{value:.4g}"


def whole(value: float) -> bool:
    """Whether a place on an axis that counts exists."""
    return math.isfinite(value) and float(value).is_integer()
