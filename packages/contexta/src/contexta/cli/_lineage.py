"""``contexta lineage``: what a thing came from, and what it went into."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Node, Pen, Styled, tree
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line

_DIRECTIONS = ("upstream", "downstream", "inbound", "outbound", "both")


@click.command("lineage")
@click.argument("subject_ref", metavar="SUBJECT")
@click.option("--direction", type=click.Choice(_DIRECTIONS), help="Which way.  Default: both.")
@click.option(
    "--depth", metavar="N", default="3", show_default=True, help="How far; `unlimited` is allowed."
)
@global_options
@click.pass_obj
def lineage(state: State, subject_ref: str, direction: str | None, depth: str) -> None:
    """Draw what a run, artifact or deployment came from and went into.

    SUBJECT is its ref, or its short name.
    """
    steps = int(depth) if depth.lstrip("-").isdigit() and len(depth) < 10 else depth
    found = state.open().traverse_lineage(subject_ref, direction=direction, max_depth=steps)
    show(
        state,
        found,
        lambda: _lines(found, state.pen),
        rows=lambda: [_flat(edge) for edge in found.edges],
    )


def _flat(edge: Any) -> dict[str, Any]:
    names = ("source_ref", "relation_type", "target_ref", "direction", "depth", "recorded_at")
    return {name: getattr(edge, name) for name in names}


def _lines(found: Any, pen: Pen) -> Iterator[str]:
    root = Node(Styled(found.root_ref, "bold"))
    _grow(root, found, pen)
    yield from tree([root], pen)
    edges, things = len(found.edges), len(found.visited_refs)
    yield ""
    yield pen.paint(f"{edges} edge{'s' * (edges != 1)}, {things} thing{'s' * (things != 1)}", "dim")
    yield from limits(found.completeness_notes, None, pen)


def _grow(root: Node, found: Any, pen: Pen) -> None:
    """Hang each edge below the node that was reached first; every edge is drawn once."""
    around: dict[str, list[Any]] = defaultdict(list)
    for edge in found.edges:
        around[edge.source_ref].append((edge, edge.target_ref, True))
        if edge.target_ref != edge.source_ref:
            around[edge.target_ref].append((edge, edge.source_ref, False))
    drawn: set[str] = set()
    nodes = {found.root_ref: root}
    # Edges start at parts of what was asked about, too: a run's stage, its artifact.
    queue = [found.root_ref, *(ref for ref in found.visited_refs if ref != found.root_ref)]
    place = 0
    while place < len(queue):
        ref = queue[place]
        place += 1
        parent = nodes.get(ref)
        if parent is None:
            if all(edge.relation_ref in drawn for edge, _, _ in around[ref]):
                continue
            parent = nodes[ref] = Node(Styled(one_line(ref), None))
            root.children.append(parent)
        for edge, other, leaves in around[ref]:
            if edge.relation_ref in drawn:
                continue
            drawn.add(edge.relation_ref)
            again = other in nodes
            child = Node(_label(edge, other, leaves, again, pen))
            parent.children.append(child)
            if not again:
                nodes[other] = child
                queue.insert(place, other)


def _label(edge: Any, other: str, leaves: bool, again: bool, pen: Pen) -> list[Any]:
    word = edge.relation_type.replace("_", " ")
    right, left = ("→", "←") if pen.fancy else ("->", "<-")
    label = [Styled(f"{word} {right}" if leaves else f"{left} {word}", "info"), other]
    return [*label, Styled("(above)", "dim")] if again else label
