"""Lineage as a picture: what was there first on the left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.web.drawings import Edge, Node, draw_graph
from contexta.web.pages._text import short_ref

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import LineageEdge, LineageTraversal

NODES_DRAWN = 60
RELATIONS_FOLLOWED = 120
# "a consumed_by b": a came first. In every other relation the source rests on the target.
_SOURCE_IS_FIRST = frozenset({"consumed_by"})


def explore(
    ctx: Contexta, ref: str, direction: str, depth: int
) -> tuple[LineageTraversal, int | None]:
    """Follow relations step by step, and stop before it gets too wide to be looked at.

    Data that a thousand runs used leads to a thousand runs; what each of them leads to is asked
    from there. Following all at once would take longer than a page may.

    Returns:
        What was found, and the step after which it stopped; ``None`` where it went to ``depth``.
    """
    found = ctx.traverse_lineage(ref, direction=direction, max_depth=0)
    for step in range(depth):
        if len(found.edges) > RELATIONS_FOLLOWED:
            return found, step
        before, found = (
            found,
            ctx.traverse_lineage(ref, direction=direction, max_depth=step + 1),
        )
        if (before.edges, before.visited_refs) == (found.edges, found.visited_refs):
            break
    return found, None


def kind_of(ref: str) -> str:
    """Return the word of a ref: run, artifact, deployment, dataset, ..."""
    return ref.partition(":")[0] or "thing"


def name_of(ref: str) -> str:
    """Return what tells a ref apart from others of its project."""
    rest = short_ref(ref)
    return rest.partition(".")[2] or rest


def draw_lineage(
    found: LineageTraversal, href_of: Callable[[str], str | None], root: str
) -> tuple[Markup, int]:
    """Return the drawing, and how many things it leaves out."""
    refs = dict.fromkeys((found.root_ref, *found.visited_refs))
    for edge in found.edges:
        refs |= dict.fromkeys((edge.source_ref, edge.target_ref))
    shown = list(refs)[:NODES_DRAWN]
    nodes = [Node(ref, name_of(ref), kind_of(ref), href_of(ref), ref == root, ref) for ref in shown]
    drawing = draw_graph(nodes, [_edge(edge) for edge in found.edges], title=f"Lineage of {root}")
    return drawing, len(refs) - len(shown)


def _edge(edge: LineageEdge) -> Edge:
    label = edge.relation_type.replace("_", " ")
    if edge.relation_type in _SOURCE_IS_FIRST:
        return Edge(edge.source_ref, edge.target_ref, label)
    return Edge(edge.target_ref, edge.source_ref, label)
