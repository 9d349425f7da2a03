"""Lineage as a picture: what was there first on the left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.web.drawings import Edge, Node, draw_graph
from contexta.web.pages._text import short_ref

if TYPE_CHECKING:
    from contexta.interpretation import LineageEdge, LineageTraversal

NODES_DRAWN = 60
# "a consumed_by b": a came first. In every other relation the source rests on the target.
_SOURCE_IS_FIRST = frozenset({"consumed_by"})


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
