"""What leads to what, as boxes in columns with curves between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contexta.web.drawings import _svg as svg

_BOX_WIDTH, _BOX_HEIGHT, _ROW, _COLUMN, _MARGIN = 190, 46, 66, 280, 14
_SWEEPS = 6
_COLORS = {
    "run": "#2563c9",
    "artifact": "#15803d",
    "dataset": "#b45309",
    "deployment": "#7c3aed",
}


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
    columns = arrange(nodes, edges)
    tallest = max((len(column) for column in columns), default=1)
    width = 2 * _MARGIN + _COLUMN * (len(columns) - 1) + _BOX_WIDTH
    height = 2 * _MARGIN + _ROW * (tallest - 1) + _BOX_HEIGHT
    places: dict[str, tuple[float, float]] = {}
    for number, column in enumerate(columns):
        top = (height - _ROW * (len(column) - 1) - _BOX_HEIGHT) / 2
        for row, key in enumerate(column):
            places[key] = (_MARGIN + _COLUMN * number, top + _ROW * row)
    parts = [_edge(edge, places) for edge in edges if {edge.before, edge.after} <= places.keys()]
    parts += [_node(node, places[node.key]) for node in nodes if node.key in places]
    told = "; ".join(f"{edge.before} {edge.label} {edge.after}" for edge in edges[:40])
    return svg.drawing(width, height, title, told, Markup("").join(parts), "graph")


def arrange(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the keys of the nodes column by column, so that edges lead to the right.

    The longest way to a node decides its column; an edge that closes a circle is disregarded.
    Within columns nodes stand near those that they are joined to.
    """
    keys = list(dict.fromkeys(node.key for node in nodes))
    after = _without_circles(keys, edges)
    depth = dict.fromkeys(keys, 0)
    for key in _in_order(keys, after):
        for follower in after[key]:
            depth[follower] = max(depth[follower], depth[key] + 1)
    before: dict[str, list[str]] = defaultdict(list)
    for key, followers in after.items():
        for follower in followers:
            before[follower].append(key)
    for key in reversed(_in_order(keys, after)):
        if after[key] and not before[key]:
            depth[key] = min(depth[follower] for follower in after[key]) - 1
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for key in keys:
        columns[depth[key]].append(key)
    filled = [column for column in columns if column]
    return _near(filled, before, after)


def _without_circles(keys: Sequence[str], edges: Sequence[Edge]) -> dict[str, list[str]]:
    """The edges by where they start, without those that lead back onto the way to them."""
    after: dict[str, list[str]] = {key: [] for key in keys}
    for edge in edges:
        if not {edge.before, edge.after} <= after.keys() or edge.before == edge.after:
            continue
        if edge.after in after[edge.before] or _leads(edge.after, edge.before, after):
            continue
        after[edge.before].append(edge.after)
    return after


def _leads(start: str, goal: str, after: Mapping[str, Sequence[str]]) -> bool:
    seen, queue = {start}, [start]
    while queue:
        key = queue.pop()
        if key == goal:
            return True
        fresh = [follower for follower in after[key] if follower not in seen]
        seen.update(fresh)
        queue += fresh
    return False


def _in_order(keys: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[str]:
    """The nodes so that each stands before those that come of it."""
    waiting = dict.fromkeys(keys, 0)
    for followers in after.values():
        for follower in followers:
            waiting[follower] += 1
    ready = [key for key in keys if not waiting[key]]
    order: list[str] = []
    while ready:
        key = ready.pop(0)
        order.append(key)
        for follower in after[key]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return order


def _near(
    columns: list[list[str]],
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
) -> list[list[str]]:
    """Order each column by the mean place of the neighbors, back and forth a few times."""
    for sweep in range(_SWEEPS):
        neighbors = before if sweep % 2 == 0 else after
        place = {key: row for column in columns for row, key in enumerate(column)}
        for column in columns if sweep % 2 == 0 else reversed(columns):
            column.sort(key=lambda key: _mean_place(key, neighbors, place))
            place.update({key: row for row, key in enumerate(column)})
    return columns


def _mean_place(
    key: str, neighbors: Mapping[str, Sequence[str]], place: Mapping[str, int]
) -> float:
    found = [place[other] for other in neighbors.get(key, ())]
    return sum(found) / len(found) if found else float(place[key])


def _edge(edge: Edge, places: Mapping[str, tuple[float, float]]) -> Markup:
    x1, y1 = places[edge.before]
    x2, y2 = places[edge.after]
    x1, y1, y2 = x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
    bend = max((x2 - x1) / 2, 30)
    label = Markup("")
    if x2 > x1:
        label = svg.text((x1 + x2) / 2, (y1 + y2) / 2 - 4, svg.short(edge.label, 16), "middle", 10)
    return Markup(
        '<g class="edge"><path d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.5" stroke-width="1.4"/>'
        '<path d="M{:.1f} {:.1f}l-7 -4v8z" fill="currentColor" fill-opacity="0.6"/>'
        "<title>{}</title>{}</g>"
    ).format(
        *(x1, y1, x1 + bend, y1, x2 - bend, y2, x2 - 2, y2),
        *(x2, y2, svg.short(f"{edge.before} {edge.label} {edge.after}", 300), label),
    )


def _node(node: Node, place: tuple[float, float]) -> Markup:
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
