"""``contexta series``: the points of one metric of one run."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, number, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._plot import plot
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted


@click.command("series")
@click.argument("run_id", metavar="RUN")
@click.argument("metric_key", metavar="METRIC")
@click.option("--stage", metavar="NAME", help="Points of this stage.")
@click.option(
    "--points", type=click.IntRange(min=2), metavar="N", help="Thin to so many; ends stay."
)
@click.option("--table", "as_table", is_flag=True, help="The points instead of a picture.")
@global_options
@click.pass_obj
def series(
    state: State,
    run_id: str,
    metric_key: str,
    stage: str | None,
    points: int | None,
    as_table: bool,
) -> None:
    """Draw one metric of one run over its steps.

    A value that is not finite leaves a gap, which is marked below the picture.
    """
    found = state.open().trend_service.get_step_series(
        run_id, metric_key, stage_name=stage, max_points=points
    )
    show(
        state,
        found,
        lambda: _lines(found, as_table, state.pen),
        rows=lambda: [
            {
                "step": one.step,
                "value": one.value,
                "observed_at": one.observed_at,
                "epoch": one.epoch,
            }
            for one in found.points
        ],
    )


def _lines(found: Any, as_table: bool, pen: Pen) -> Iterator[str]:
    where = f" in {one_line(found.stage_id.rsplit('.', 1)[-1], 60)}" if found.stage_id else ""
    unit = f" [{one_line(found.unit, 20)}]" if found.unit else ""
    title = f"{one_line(found.metric_key, 80)}{unit} of {one_line(found.run_id, 80)}{where}"
    yield pen.paint(title, "bold")
    if found.points:
        first, last = found.points[0], found.points[-1]
        yield (
            f"{counted(found.total_points, 'point')}, steps {first.step} to {last.step}, "
            f"last value {number(last.value)}"
        )
        yield ""
        if as_table:
            rows = [(one.step, one.value, pen.when(one.observed_at)) for one in found.points]
            columns = [Column("STEP", right=True), Column("VALUE", right=True), "OBSERVED"]
            yield from table(columns, rows, pen)
        else:
            yield from plot([(one.step, one.value) for one in found.points], pen)
    else:
        yield "no points"
    yield from limits(found.completeness_notes, found.completeness, pen)
