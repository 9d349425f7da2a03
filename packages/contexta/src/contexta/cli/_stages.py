"""``contexta stages`` and ``sizes``: durations of a stage and sizes of artifacts, over the runs."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Pen, duration, size, sparkline, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._runq import Asked, run_query
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted


@click.command("stages")
@click.argument("stage_name", metavar="STAGE")
@run_query
@global_options
@click.pass_obj
def stages(state: State, stage_name: str, asked: Asked) -> None:
    """Follow how long a stage takes over the runs.

    In the order of time; --limit N means the newest N runs.
    """
    found = state.open().get_stage_duration_trend(
        stage_name, project_name=asked.project, query=asked.query()
    )
    names = ("run_id", "run_name", "stage_name", "duration_seconds", "started_at")
    show(
        state,
        found,
        lambda: _lines(
            f"stage {one_line(stage_name, 80)}",
            found,
            [one.duration_seconds for one in found.points],
            [
                (one.run_id, duration(one.duration_seconds), state.pen.when(one.started_at))
                for one in found.points
            ],
            ("DURATION", "STARTED"),
            state.pen,
        ),
        rows=lambda: [{name: getattr(one, name) for name in names} for one in found.points],
    )


@click.command("sizes")
@click.argument("artifact_kind", metavar="KIND")
@run_query
@global_options
@click.pass_obj
def sizes(state: State, artifact_kind: str, asked: Asked) -> None:
    """Follow how large the artifacts of a kind are over the runs."""
    found = state.open().get_artifact_size_trend(
        artifact_kind, project_name=asked.project, query=asked.query()
    )
    names = ("run_id", "run_name", "artifact_kind", "size_bytes", "artifact_ref", "created_at")
    show(
        state,
        found,
        lambda: _lines(
            f"artifacts of kind {one_line(artifact_kind, 80)}",
            found,
            [float(one.size_bytes) for one in found.points],
            [
                (one.artifact_ref, size(one.size_bytes), state.pen.when(one.created_at))
                for one in found.points
            ],
            ("SIZE", "CREATED"),
            state.pen,
        ),
        rows=lambda: [{name: getattr(one, name) for name in names} for one in found.points],
    )


def _lines(
    title: str,
    found: Any,
    values: Sequence[float],
    rows: Sequence[Sequence[object]],
    titles: tuple[str, str],
    pen: Pen,
) -> Iterator[str]:
    count = len(rows)
    where = f" in {one_line(found.project_name, 60)}" if found.project_name else ""
    yield pen.paint(f"{title}{where}: {counted(count, 'point')}", "bold")
    if rows:
        yield pen.paint(sparkline(values, pen, 60), "info")
        yield ""
        what = "RUN" if titles[0] == "DURATION" else "ARTIFACT"
        columns = [Column(what, middle=True), Column(titles[0], right=True), titles[1]]
        yield from table(columns, rows, pen)
    yield from limits(found.completeness_notes, found.completeness, pen)
