"""Lineage as a picture: what was there first on the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.interpretation.wording import short_ref
from contexta.web.drawings import Edge, Node, draw_graph

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import CompletenessNote, LineageEdge, LineageTraversal

NODES_DRAWN = 60
LEAVES_DRAWN = 6  # that hang on one thing in the same way
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


def stop_note(stopped: int | None) -> tuple[CompletenessNote, ...]:
    """Return a note that not all relations were followed; none where ``stopped`` is ``None``."""
    from contexta.interpretation import CompletenessNote

    if stopped is None:
        return ()
    details = {"steps_followed": stopped + 1, "go_on_from": "one of the things that were found"}
    return (CompletenessNote("warning", "lineage_relations_left_out", details),)


def kind_of(ref: str) -> str:
    """Return the word of a ref: run, artifact, deployment, dataset, ..."""
    return ref.partition(":")[0] or "thing"


def name_of(ref: str) -> str:
    """Return what tells a ref apart from others of its project."""
    rest = short_ref(ref)
    return rest.partition(".")[2] or rest


def draw_lineage(
    found: LineageTraversal,
    href_of: Callable[[str], str | None],
    root: str,
    *,
    table: str,
    keep: Iterable[str] = (),
) -> tuple[Markup, int]:
    """Return the drawing, and how many things it leaves out.

    Many things that hang on one thing in the same way are drawn as the newest of them and one
    box for the others, which leads to the place ``table`` of the page.

    Args:
        found: what was found.
        href_of: the address that a thing leads to.
        root: the thing that is looked at.
        table: id of the table of all relations.
        keep: things that are drawn in any case.
    """
    shown, more = _folded(found.edges, {root, *keep})
    refs = dict.fromkeys((found.root_ref, *(ref for one in shown for ref in _ends(one))))
    drawn = list(refs)[:NODES_DRAWN]
    nodes = [Node(ref, name_of(ref), kind_of(ref), href_of(ref), ref == root, ref) for ref in drawn]
    edges = [_edge(one) for one in shown]
    for number, (hub, others) in enumerate(more):
        key = f"more {number}"
        told = f"{len(others)} more, in the table"
        nodes.append(Node(key, f"{kind_of(others[0][0])}s", f"{len(others)} more", f"#{table}",
                          told=told))  # fmt: skip
        first = others[0][1]
        label = _edge(first).label
        is_first = _edge(first).after == hub
        edges.append(Edge(key, hub, label) if is_first else Edge(hub, key, label))
    drawing = draw_graph(nodes, edges, title=f"Lineage of {root}")
    return drawing, len(refs) - len(drawn) + sum(len(others) for _, others in more)


_Leaf = tuple[str, "LineageEdge"]


def _folded(
    edges: Sequence[LineageEdge], keep: set[str]
) -> tuple[list[LineageEdge], list[tuple[str, list[_Leaf]]]]:
    """The relations to draw, and by their hub those of which only a box with a number is."""
    degree = Counter(ref for edge in edges for ref in _ends(edge))
    groups: dict[tuple[str, str, str, bool], list[_Leaf]] = {}
    for edge in edges:
        drawn = _edge(edge)
        for leaf, hub in ((drawn.before, drawn.after), (drawn.after, drawn.before)):
            if degree[leaf] == 1 and degree[hub] > LEAVES_DRAWN and leaf not in keep:
                group = (hub, edge.relation_type, kind_of(leaf), leaf == drawn.before)
                groups.setdefault(group, []).append((leaf, edge))
    more = []
    hidden: set[str] = set()
    for (hub, *_), leaves in groups.items():
        if len(leaves) > LEAVES_DRAWN:
            newest = sorted(leaves, key=lambda leaf: leaf[1].recorded_at, reverse=True)
            more.append((hub, newest[LEAVES_DRAWN:]))
            hidden |= {edge.relation_ref for _, edge in newest[LEAVES_DRAWN:]}
    return [edge for edge in edges if edge.relation_ref not in hidden], more


def _ends(edge: LineageEdge) -> tuple[str, str]:
    return edge.source_ref, edge.target_ref


def _edge(edge: LineageEdge) -> Edge:
    label = edge.relation_type.replace("_", " ")
    if edge.relation_type in _SOURCE_IS_FIRST:
        return Edge(edge.source_ref, edge.target_ref, label)
    return Edge(edge.target_ref, edge.source_ref, label)
