"""Pieces of SVG that the drawings share."""

from __future__ import annotations

from markupsafe import Markup

from contexta.interpretation.reports.escape import visible_lines

# The light values of the series colors of app.css; four dashes make 40 curves that differ.
COLORS = (
    "#2563c9", "#c2410c", "#15803d", "#7c3aed", "#b45309",
    "#0e7490", "#be185d", "#4d7c0f", "#475569", "#9333ea",
)  # fmt: skip
DASHES = ("", "6 3", "2 3", "8 3 2 3")


def color_class(index: int) -> str:
    """The class of a series color, the same for a curve and its key."""
    return f"s{index % len(COLORS)}"


def dash(index: int) -> str:
    """The dash pattern of a series; empty is solid."""
    return DASHES[index // len(COLORS) % len(DASHES)]


def text(
    x: float, y: float, content: str, anchor: str = "start", size: int = 11, name: str = "label"
) -> Markup:
    """One line of text."""
    return Markup(
        '<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" '
        'fill="currentColor">{}</text>'
    ).format(name, x, y, anchor, size, visible_lines(content))


def straight(x1: float, y1: float, x2: float, y2: float, name: str, opacity: float = 1) -> Markup:
    """One thin straight line in the color of the text."""
    return Markup(
        '<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" '
        'stroke="currentColor" stroke-opacity="{}"/>'
    ).format(name, x1, y1, x2, y2, opacity)


def cross(x: float, y: float, told: str) -> Markup:
    """A mark for a value that is NaN or infinite."""
    return Markup(
        '<path class="broken" d="M{:.1f} {:.1f}l7 7m0 -7l-7 7" fill="none" stroke="#b42318" '
        'stroke-width="1.6"><title>{}</title></path>'
    ).format(x - 3.5, y - 3.5, visible_lines(told))


def linked(body: Markup, href: str | None, label: str = "") -> Markup:
    """The body inside a link, or as it is without `href`."""
    if not href:
        return body
    return Markup('<a href="{}"{}>{}</a>').format(
        href, Markup(' aria-label="{}"').format(visible_lines(label)) if label else "", body
    )


def drawing(
    width: float, height: float, title: str, description: str, body: Markup, name: str
) -> Markup:
    """The whole `<svg>`; title and description are what a screen reader says.

    A picture with links is a group of them: as one image its links could not be reached.
    """
    name_of_it = short(title, 300)
    role = Markup('role="img"')
    if "<a href" in body:
        role = Markup('role="group" aria-label="{}"').format(name_of_it)
    return Markup(
        '<svg class="chart {}" {} viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" '
        'font-family="system-ui, sans-serif"><title>{}</title><desc>{}</desc>{}</svg>'
    ).format(
        name,
        role,
        *(width, height, width, height),
        name_of_it,
        short(description, 2000),
        body,
    )


def short(content: str, limit: int) -> str:
    """At most `limit` characters, safe to show."""
    content = visible_lines(content[: limit + 1])
    return content if len(content) <= limit else content[: limit - 1] + "\u2026"
