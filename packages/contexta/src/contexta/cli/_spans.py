"""``contexta spans``: where the time of a run went."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Node, Pen, Styled, duration, tree
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._words import counted

_MOST = 400


@click.command("spans")
@click.argument("run_id", metavar="RUN")
@click.option("--stage", metavar="NAME", help="Only those of this stage.")
@click.option("--all", "everything", is_flag=True, help="Draw all, however many there are.")
@global_options
@click.pass_obj
def spans(state: State, run_id: str, stage: str | None, everything: bool) -> None:
    """Draw the spans of a run as a tree, with their durations."""
    ctx = state.open()
    run = ctx.query_service.require_run(run_id)
    found = ctx.repository.list_records(run_id=run.run_id, stage_id=stage, record_type="span")
    show(
        state,
        lambda: {"run_id": run.run_id, "spans": [one.to_dict() for one in found]},
        lambda: _lines(found, everything, state.pen),
        rows=lambda: [_flat(one) for one in found],
    )


def _flat(record: Any) -> dict[str, Any]:
    names = ("span_id", "parent_span_id", "trace_id", "status", "started_at", "ended_at")
    own = {name: record.payload.get(name) for name in names}
    return {"name": record.key, "stage_id": record.stage_id, "duration_ms": record.value} | own


def _lines(found: Sequence[Any], everything: bool, pen: Pen) -> Iterator[str]:
    if not found:
        yield "no spans"
        return
    ordered = sorted(found, key=_started)
    roots = _roots(ordered)
    lines = tree(roots, pen)
    shown = lines if everything or pen.width is None else lines[:_MOST]
    yield from shown
    if len(shown) < len(lines):
        yield pen.paint(
            f"({counted(len(lines) - len(shown), 'more line')}; --all shows all)", "dim"
        )


def _roots(ordered: Sequence[Any]) -> list[Node]:
    nodes = [(one, Node(_label(one))) for one in ordered]
    known = {one.payload.get("span_id"): node for one, node in nodes}
    roots = []
    for one, node in nodes:
        parent = known.get(one.payload.get("parent_span_id"))
        # Imported spans can name each other as parents: a ring would never be drawn.
        if parent is None or parent is node or _is_below(parent, node):
            roots.append(node)
        else:
            parent.children.append(node)
    return roots


def _is_below(node: Node, other: Node) -> bool:
    waiting = [other]
    while waiting:
        seen = waiting.pop()
        if seen is node:
            return True
        waiting += seen.children
    return False


def _started(record: Any) -> str:
    return str(record.payload.get("started_at") or record.observed_at)


def _label(record: Any) -> list[Any]:
    seconds = None if record.value is None else record.value / 1000
    label: list[Any] = [record.key, Styled(duration(seconds), "dim")]
    status = record.payload.get("status")
    if status not in (None, "ok", "completed"):
        label.append(Styled(status, "bad"))
    return label
