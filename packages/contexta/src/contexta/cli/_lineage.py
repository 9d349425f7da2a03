"""``contexta lineage``: what a thing came from, and what it went into."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._draw import Node, Pen, Styled, heading, tree
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._words import counted

if TYPE_CHECKING:
    from contexta.client import Contexta

_WAYS = ("upstream", "downstream")
_DIRECTIONS = (*_WAYS, "inbound", "outbound", "both")


def _depth(_context: click.Context, _option: click.Parameter, value: str) -> int | str:
    if value == "unlimited":
        return value
    try:
        return int(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no whole number, nor `unlimited`") from error


@click.command("lineage")
@click.argument("subject_ref", metavar="SUBJECT")
@click.option(
    "--direction",
    type=click.Choice(_DIRECTIONS),
    help="Which way.  Default: both; a picture then has upstream and downstream.",
)
@click.option(
    "--depth",
    metavar="N",
    default="3",
    show_default=True,
    callback=_depth,
    help="How far; `unlimited` is allowed.",
)
@global_options
@click.pass_obj
def lineage(state: State, subject_ref: str, direction: str | None, depth: int | str) -> None:
    """Draw what a run, artifact or deployment came from and went into.

    SUBJECT is its ref, or its short name.
    """
    ctx = state.open()

    def asked() -> Any:
        found = ctx.traverse_lineage(subject_ref, direction=direction, max_depth=depth)
        _require_known(ctx, found)
        return found

    def draw() -> Iterator[str]:
        if direction is not None:
            return _lines([("", asked())], state.pen)
        came, went = (
            ctx.traverse_lineage(subject_ref, direction=way, max_depth=depth) for way in _WAYS
        )
        if not went.edges:
            _require_known(ctx, came)
        return _lines([("Came from", came), ("Went into", went)], state.pen)

    show(state, asked, draw, rows=lambda: [_flat(edge) for edge in asked().edges])


def _require_known(ctx: "Contexta", found: Any) -> None:
    """Refuse a name that nothing has: an empty picture of it would look like an answer.

    Raises:
        NotFoundError: `lineage_subject_not_found`, with the nearest.
    """
    root = found.root_ref
    if found.edges:
        return
    near = [name for note in found.completeness_notes for name in note.details.get("nearest", ())]
    told = any("nearest" in note.details for note in found.completeness_notes)
    # Data that runs name by a word of its own is no run, and yet something came of it.
    if not told or any(ctx.traverse_lineage(root, direction=way).edges for way in _WAYS):
        return
    from contexta.contract.errors import NotFoundError

    lists = "see `contexta runs`, `contexta artifact list` and `contexta deployments`"
    hint = f"nearest: {', '.join(near)}" if near else lists
    raise NotFoundError(
        f"no run, artifact or deployment is called {root!r}; {hint}",
        code="lineage_subject_not_found",
        details={"subject_ref": root, "nearest": near},
    )


def _flat(edge: Any) -> dict[str, Any]:
    names = ("source_ref", "relation_type", "target_ref", "direction", "depth", "recorded_at")
    return {name: getattr(edge, name) for name in names}


def _lines(told: Sequence[tuple[str, Any]], pen: Pen) -> Iterator[str]:
    for place, (title, found) in enumerate(told):
        if title:
            yield from heading(title, pen)[0 if place else 1 :]
        yield from tree([_tree(found, pen)], pen)
    edges = {edge.relation_ref for _, found in told for edge in found.edges}
    things = {ref for _, found in told for ref in found.visited_refs}
    counts = f"{counted(len(edges), 'edge')}, {counted(len(things), 'thing')}"
    yield from ("", pen.paint(counts, "dim"))
    notes = [note for _, found in told for note in found.completeness_notes]
    if edges:
        notes = [note for note in notes if note.summary != "lineage_root_has_no_relations"]
    yield from limits(notes, None, pen)


def _tree(found: Any, pen: Pen) -> Node:
    """Hang each edge below the node that it was found from; every edge is drawn once."""
    root = Node(Styled(found.root_ref, "bold"))
    nodes = {found.root_ref: root}
    for edge in sorted(found.edges, key=lambda edge: edge.depth):
        ends = edge.source_ref, edge.target_ref
        leaves = edge.source_ref in nodes if edge.direction == "both" else _leaves(edge)
        near, far = ends if leaves else ends[::-1]
        parent = nodes.get(near)
        if parent is None:
            # A relation of a part, such as a run's artifact, belongs to the run, too.
            parent = nodes[near] = Node([near, Styled("(part)", "dim")])
            nodes[_owner(near, nodes) or found.root_ref].children.append(parent)
        again = far in nodes
        child = Node(_label(edge, far, leaves, again, pen))
        parent.children.append(child)
        nodes.setdefault(far, child)
    return root


def _leaves(edge: Any) -> bool:
    return bool(edge.direction == "outbound")


def _owner(ref: str, nodes: Mapping[str, Node]) -> str | None:
    """The longest ref that ``ref`` lies under."""
    value = ref.partition(":")[2]
    while "." in value:
        value = value.rpartition(".")[0]
        for kind in ("stage", "run"):
            if f"{kind}:{value}" in nodes:
                return f"{kind}:{value}"
    return None


def _label(edge: Any, other: str, leaves: bool, again: bool, pen: Pen) -> list[Any]:
    word = edge.relation_type.replace("_", " ")
    if leaves:
        label = [Styled(f"{word} {'→' if pen.fancy else '->'}", "info"), other]
    else:
        label = [other, Styled(f"{word} this", "info")]
    return [*label, Styled("(again)", "dim")] if again else label
