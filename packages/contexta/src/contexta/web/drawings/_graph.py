"""What leads to what, as boxes in columns with curves between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from contexta.web.drawings import _svg as svg
from contexta.web.drawings._arrange import arrange

_BOX_WIDTH, _BOX_HEIGHT, _ROW, _COLUMN, _MARGIN = 190, 46, 64, 280, 8
_COLORS = {
    "run": "#2563c9",
    "artifact": "#15803d",
    "dataset": "#b45309",
    "deployment": "#7c3aed",
}
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Node:
    """One box: `key` names it in edges, `kind` is a word above the label and its color."""

    key: str
    label: str
    kind: str
    href: str | None = None
    root: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """What comes first, what comes of it, and a word for the relation."""

    before: str
    after: str
    label: str


def draw_graph(nodes: Sequence[Node], edges: Sequence[Edge], *, title: str) -> Markup:
    """Return the drawing: what comes first on the left; circles are drawn, too."""
    keys = list(dict.fromkeys(node.key for node in nodes))
    known = set(keys)
    found = arrange(keys, [(edge.before, edge.after) for edge in edges])
    tallest = max((len(column) for column in found.columns), default=1)
    width = 2 * _MARGIN + _COLUMN * max(len(found.columns) - 1, 0) + _BOX_WIDTH
    height = 2 * _MARGIN + _ROW * (tallest - 1) + _BOX_HEIGHT
    places = {
        key: (_MARGIN + _COLUMN * column, _MARGIN + _ROW * row)
        for key, (column, row) in found.places().items()
    }
    parts = [
        _edge(edge, found.ways.get((edge.before, edge.after), ()), places)
        for edge in edges
        if edge.before in known and edge.after in known
    ]
    parts += [_node(node, places[node.key]) for node in nodes]
    told = "; ".join(f"{edge.before} {edge.label} {edge.after}" for edge in edges[:40])
    return svg.drawing(width, height, title, told, Markup("").join(parts), "graph")


def _edge(edge: Edge, way: Sequence[str], places: Mapping[str, Place]) -> Markup:
    """A curve that passes the empty places of its way, with its word before the first box."""
    middle = _BOX_HEIGHT / 2
    x1, y1 = places[edge.before]
    x2, y2 = places[edge.after]
    stops = [(x1 + _BOX_WIDTH, y1 + middle)]
    for key in way:
        x, y = places[key]
        stops += [(x, y + middle), (x + _BOX_WIDTH, y + middle)]
    stops.append((x2 - 2, y2 + middle))
    path = [f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"]
    for (ax, ay), (bx, by) in pairwise(stops):
        bend = max(abs(bx - ax) / 2, 30)
        path.append(f"C{ax + bend:.1f} {ay:.1f} {bx - bend:.1f} {by:.1f} {bx:.1f} {by:.1f}")
    (ax, ay), (bx, by) = stops[-2:]
    label = Markup("")
    if x2 > x1:
        # On the last stretch, nearer to its box, where several edges have parted or not yet met.
        place = (ax + 0.5 * (bx - ax), ay + 0.5 * (by - ay) - 4)
        label = svg.text(*place, svg.short(edge.label, 16), "middle", 10)
    return Markup(
        '<g class="edge"><path d="{}" fill="none" stroke="currentColor" stroke-opacity="0.5" '
        'stroke-width="1.4"/><path d="M{:.1f} {:.1f}l-7 -4v8z" fill="currentColor" '
        'fill-opacity="0.6"/><title>{}</title>{}</g>'
    ).format(
        "".join(path),
        *(x2, y2 + middle),
        svg.short(f"{edge.before} {edge.label} {edge.after}", 300),
        label,
    )


def _node(node: Node, place: Place) -> Markup:
    x, y = place
    color = _COLORS.get(node.kind, "#5b6676")
    tone = node.kind if node.kind in _COLORS else "other"
    body = Markup(
        '<g class="node {}{}"><title>{}</title><rect class="box" x="{:.1f}" y="{:.1f}" '
        'width="{}" height="{}" rx="7" fill="none" stroke="{}" stroke-width="{}"/>'
        '<rect class="edge-mark" x="{:.1f}" y="{:.1f}" width="4" height="{}" rx="2" '
        'fill="{}"/>{}{}</g>'
    ).format(
        tone,
        " root" if node.root else "",
        svg.short(node.told or node.key, 300),
        *(x, y, _BOX_WIDTH, _BOX_HEIGHT, color, 2.2 if node.root else 1.2),
        *(x + 7, y + 9, _BOX_HEIGHT - 18, color),
        svg.text(x + 18, y + 18, svg.short(node.kind, 20), "start", 10, "kind"),
        svg.text(x + 18, y + 35, svg.short(node.label, 25), "start", 12, "title"),
    )
    return svg.linked(body, node.href, f"{node.kind} {node.label}")
