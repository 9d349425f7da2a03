"""``contexta compare``: two runs side by side."""

import re
from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import (
    Column,
    Pen,
    Styled,
    better,
    heading,
    percent,
    signed,
    status,
    table,
)
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line, wrapped

_KINDS = {
    "param": "Params",
    "tag": "Tags",
    "environment": "Environment",
    "package": "Packages",
    "variable": "Variables",
}


@click.command("compare")
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT")
@global_options
@click.pass_obj
def compare(state: State, left: str, right: str) -> None:
    """Compare two runs: what changed from LEFT to RIGHT.

    Differences are RIGHT - LEFT, green where RIGHT is better, as the name of the metric says.
    """
    comparison = state.open().compare_runs(left, right)
    deltas = [one for stage in comparison.stage_comparisons for one in stage.metric_deltas]
    show(
        state,
        comparison,
        lambda: _lines(comparison, deltas, state.pen),
        rows=lambda: [_flat(one) for one in deltas],
    )


def _flat(delta: Any) -> dict[str, Any]:
    names = (
        "stage_name",
        "metric_key",
        "left_value",
        "right_value",
        "delta",
        "change_ratio",
        "relative_change",
        "improved",
        "unit",
    )
    return {name: getattr(delta, name) for name in names}


def _lines(comparison: Any, deltas: list[Any], pen: Pen) -> Iterator[str]:
    left, right = one_line(comparison.left_run_id, 80), one_line(comparison.right_run_id, 80)
    arrow = "→" if pen.fancy and pen.color else "->"
    yield f"{pen.paint(left, 'bold')} {arrow} {pen.paint(right, 'bold')}"
    if comparison.summary:
        yield from wrapped(one_line(comparison.summary, 400), pen.width or 400)
    stages = [
        (stage.stage_name, status(stage.left_status, pen), status(stage.right_status, pen))
        for stage in comparison.stage_comparisons
        if stage.stage_name is not None
    ]
    if stages:
        yield from heading("Stages", pen)
        yield from table(["STAGE", "LEFT", "RIGHT"], stages, pen)
    yield from _metrics(deltas, pen)
    yield from _values(comparison.value_changes, pen)
    if comparison.artifact_changes:
        yield from heading("Artifacts", pen)
        rows = [
            (one.artifact_kind, one.change, one.change_detail or "")
            for one in comparison.artifact_changes
        ]
        yield from table(["KIND", "CHANGE", "DETAIL"], rows, pen)
    yield from limits(comparison.completeness_notes, comparison.completeness, pen)


def _metrics(deltas: list[Any], pen: Pen) -> Iterator[str]:
    if not deltas:
        return
    yield from heading("Metrics", pen)
    rows = [
        (
            one.metric_key,
            one.stage_name,
            one.left_value,
            one.right_value,
            better(signed(one.delta), one.improved),
            better(percent(one.relative_change), one.improved),
            _judged(one.improved),
        )
        for one in deltas
    ]
    columns = [
        "METRIC",
        "STAGE",
        *(Column(title, right=True) for title in ("LEFT", "RIGHT", "DELTA", "PERCENT")),
        "",
    ]
    yield from table(columns, rows, pen)


def _judged(improved: bool | None) -> Styled:
    # A word beside the color, for those who do not see the color.
    if improved is None:
        return Styled("", None)
    return Styled("better", "good") if improved else Styled("worse", "bad")


def _values(changes: Any, pen: Pen) -> Iterator[str]:
    for kind, title in _KINDS.items():
        found = [one for one in changes if one.kind == kind]
        if found:
            yield from heading(f"{title} ({len(found)})", pen)
            rows = [(one.key, one.left_value, one.right_value, one.change) for one in found]
            yield from table(["NAME", "LEFT", "RIGHT", "CHANGE"], rows, pen)
    left = [one for one in changes if one.kind not in _KINDS]
    if left:
        yield from heading("Run", pen)
        others = [
            (one.key.replace("_", " "), _short(one.left_value, pen), _short(one.right_value, pen))
            for one in left
        ]
        yield from table(["NAME", "LEFT", "RIGHT"], others, pen)


def _short(value: Any, pen: Pen) -> Any:
    """The beginning of a hash, for people: nobody compares 64 digits by eye."""
    whole = isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value)
    return value[:12] if pen.person and whole else value
