"""``contexta compare-multi``: several runs side by side."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, heading, number, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line, wrapped


@click.command("compare-multi")
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@global_options
@click.pass_obj
def compare_multi(state: State, run_ids: Sequence[str]) -> None:
    """Compare two or more runs in one table.

    A star marks the best value of each metric, where the values differ.
    """
    if len(set(run_ids)) < 2:
        from contexta.interpretation.compare import ComparisonError

        raise ComparisonError(
            f"{run_ids[0]!r} is one run; name two or more to compare",
            code="compare_requires_multiple_runs",
            details={"run_ids": list(run_ids)},
        )
    comparison = state.open().compare_multiple_runs(run_ids)
    show(
        state,
        comparison,
        lambda: _lines(comparison, state.pen),
        rows=lambda: [_flat(comparison, row) for row in comparison.metric_table],
    )


def _flat(comparison: Any, row: Any) -> dict[str, Any]:
    values = dict(zip(comparison.run_ids, row.values, strict=True))
    facts = {
        "stage_name": row.stage_name,
        "metric_key": row.metric_key,
        "best_run_id": row.best_run_id,
    }
    return facts | values


def _lines(comparison: Any, pen: Pen) -> Iterator[str]:
    if comparison.summary:
        yield from wrapped(one_line(comparison.summary, 400), pen.width or 400)
    titles = _titles(comparison.run_ids)
    yield ""
    runs = zip(titles, comparison.run_ids, comparison.run_names, strict=True)
    yield from table(["COLUMN", Column("RUN", middle=True), "NAME"], list(runs), pen)
    if comparison.metric_table:
        yield from heading("Metrics", pen)
        yield from _metrics(comparison, titles, pen)
    if comparison.artifact_kind_counts:
        yield from heading("Artifacts", pen)
        columns = ["KIND", *(Column(title, right=True) for title in titles)]
        rows = [(row.artifact_kind, *row.counts) for row in comparison.artifact_kind_counts]
        yield from table(columns, rows, pen)
    yield from limits(comparison.completeness_notes, comparison.completeness, pen)


def _metrics(comparison: Any, titles: Sequence[str], pen: Pen) -> Iterator[str]:
    rows = []
    for row in comparison.metric_table:
        known = {value for value in row.values if value is not None and isfinite(value)}
        cells = [  # among equal values, or one alone, a star would say nothing
            _value(value, is_best=run_id == row.best_run_id and len(known) > 1)
            for run_id, value in zip(comparison.run_ids, row.values, strict=True)
        ]
        rows.append((row.metric_key, row.stage_name or "(run)", *cells))
    columns = ["METRIC", "STAGE", *(Column(title, right=True) for title in titles)]
    yield from table(columns, rows, pen)


def _value(value: float | None, *, is_best: bool) -> Styled:
    if is_best:
        return Styled(f"{number(value)} *", "good")
    odd = value is not None and value != value
    return Styled(number(value), "doubt" if odd else None)


def _titles(run_ids: Sequence[str]) -> list[str]:
    """The last component of each id; numbered where that is long or the same twice."""
    short = [one_line(run_id.rsplit(".", 1)[-1]) for run_id in run_ids]
    if len(set(short)) < len(short) or max(map(len, short), default=0) > 16:
        return [f"#{place}" for place in range(1, len(short) + 1)]
    return short
