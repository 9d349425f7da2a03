"""``contexta trend``: one value per run, over the runs."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, sparkline, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._runq import Asked, run_query
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted


@click.command("trend")
@click.argument("metric_key", metavar="METRIC")
@click.option("--stage", metavar="NAME", help="Values of this stage.")
@run_query
@global_options
@click.pass_obj
def trend(state: State, metric_key: str, stage: str | None, asked: Asked) -> None:
    """Follow a metric over the runs.

    In the order of time; --limit N means the newest N runs.
    """
    found = state.open().get_metric_trend(
        metric_key, project_name=asked.project, stage_name=stage, query=asked.query()
    )
    show(
        state,
        found,
        lambda: _lines(found, state.pen),
        rows=lambda: [_flat(found, point) for point in found.points],
    )


def _flat(found: Any, point: Any) -> dict[str, Any]:
    names = ("run_id", "run_name", "stage_name", "value", "captured_at")
    own = {name: getattr(point, name) for name in names}
    return {"metric_key": found.metric_key, "project_name": found.project_name} | own


def _lines(found: Any, pen: Pen) -> Iterator[str]:
    count = len(found.points)
    where = f" in {one_line(found.project_name, 60)}" if found.project_name else ""
    title = f"{one_line(found.metric_key, 80)}{where}: {counted(count, 'run')}"
    yield pen.paint(title, "bold")
    if count:
        yield pen.paint(sparkline(found.values, pen, 60), "info")
        yield ""
        rows = [
            (one.run_id, one.stage_name, one.value, pen.when(one.captured_at), one.run_name)
            for one in found.points
        ]
        columns = [
            Column("RUN", middle=True),
            "STAGE",
            Column("VALUE", right=True),
            "CAPTURED",
            "NAME",
        ]
        if all(one.stage_name is None for one in found.points):
            columns, rows = _without(columns, 1), [_without(row, 1) for row in rows]
        yield from table(columns, rows, pen)
    yield from limits(found.completeness_notes, found.completeness, pen)


def _without(row: Any, place: int) -> Any:
    return [*row[:place], *row[place + 1 :]]


@click.command("aggregate")
@click.argument("metric_key", metavar="METRIC")
@click.option("--stage", metavar="NAME", help="Values of this stage.")
@run_query
@global_options
@click.pass_obj
def aggregate(state: State, metric_key: str, stage: str | None, asked: Asked) -> None:
    """Summarize a metric over the runs: count, mean, spread, percentiles."""
    found = state.open().aggregation_service.aggregate_metric(
        metric_key, project_name=asked.project, stage_name=stage, query=asked.query()
    )
    show(state, found, lambda: _statistics(found, state.pen))


def _statistics(found: Any, pen: Pen) -> Iterator[str]:
    from contexta.cli._draw import facts

    where = f" in {one_line(found.project_name, 60)}" if found.project_name else ""
    yield pen.paint(f"{one_line(found.metric_key, 80)}{where}", "bold")
    names = ("mean", "std", "sample_std", "min", "p25", "p50", "p75", "p90", "p95", "p99", "max")
    titles = {"std": "Std", "sample_std": "Sample std", "p50": "Median"}
    pairs: list[tuple[str, object]] = [("Count", found.count)]
    pairs += [(titles.get(name, name.capitalize()), getattr(found, name)) for name in names]
    if found.excluded_missing:
        pairs.append(("Without it", Styled(_runs(found.excluded_missing), "doubt")))
    if found.excluded_nonfinite:
        pairs.append(("Not finite", Styled(_runs(found.excluded_nonfinite), "doubt")))
    yield from facts(pairs, pen)
    # One note per run without the metric would bury the figures; the count above has them.
    notes = [one for one in found.completeness_notes if "missing_metric" not in one.summary]
    yield from limits(notes, found.completeness, pen)


def _runs(count: int) -> str:
    return counted(count, "run")
