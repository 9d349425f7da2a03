"""``contexta compare``: two runs side by side."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._group import global_options
from contexta.cli._output import show_json, show_lines
from contexta.cli._state import State
from contexta.cli._text import number, printable, table


@click.command("compare")
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT")
@global_options
@click.pass_obj
def compare(state: State, left: str, right: str) -> None:
    """Compare two runs: what changed from LEFT to RIGHT."""
    comparison = state.open().compare_runs(left, right)
    if state.wants_json:
        show_json(comparison)
    else:
        show_lines(_lines(comparison))


def _lines(comparison: Any) -> Iterator[str]:
    left, right = printable(comparison.left_run_id), printable(comparison.right_run_id)
    yield f"{left} -> {right}"
    if comparison.summary:
        yield printable(comparison.summary, keep_lines=True)
    stages = [
        (stage.stage_name, stage.left_status, stage.right_status)
        for stage in comparison.stage_comparisons
        if stage.stage_name is not None
    ]
    if stages:
        yield ""
        yield from table(("STAGE", "LEFT", "RIGHT"), stages)
    metrics = [
        (
            delta.metric_key,
            delta.stage_name,
            number(delta.left_value),
            number(delta.right_value),
            number(delta.delta),
        )
        for stage in comparison.stage_comparisons
        for delta in stage.metric_deltas
    ]
    if metrics:
        yield ""
        yield from table(("METRIC", "STAGE", "LEFT", "RIGHT", "DELTA"), metrics)
    values = [
        (one.kind, one.key, _shown(one.left_value), _shown(one.right_value))
        for one in comparison.value_changes
    ]
    if values:
        yield ""
        yield from table(("WHAT", "NAME", "LEFT", "RIGHT"), values)
    for change in comparison.artifact_changes:
        yield f"Artifact {printable(change.artifact_kind)}: {printable(change.change)}"
    for note in comparison.completeness_notes:
        yield f"Note ({printable(note.severity)}): {printable(note.summary)}"


def _shown(value: object) -> str:
    return "-" if value is None else printable(value)
