"""``contexta metrics``: which metrics a run or a project has."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, table
from contexta.cli._notes import completeness_line, project_hint
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State

_NEWEST = 200
_RUN = ("metric_key", "stage_name", "count", "last", "minimum", "maximum", "nonfinite_count")
_PROJECT = ("metric_key", "stage_name", "runs", "last", "minimum", "maximum", "mean")


@click.command("metrics")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--project", metavar="NAME", help="Of all runs of this project.")
@global_options
@click.pass_obj
def metrics(state: State, run_id: str | None, project: str | None) -> None:
    """List the metrics of a run, of a project, or of all runs.

    Of one run: points, last value, least and greatest.  Of several: the number of runs with
    it, the value of the newest run that has it, and the spread of one value per run.
    """
    if run_id is not None and project is not None:
        raise click.UsageError("name a RUN or a --project, not both")
    ctx = state.open()
    found, completeness = _of_run(ctx, run_id) if run_id is not None else _of_runs(ctx, project)
    names = _RUN if run_id is not None else _PROJECT
    show(
        state,
        {"metrics": found, "completeness": completeness},
        lambda: (
            _lines(found, names, completeness, state.pen)
            if found
            else ["no metrics", *project_hint(ctx, project)]
        ),
        rows=lambda: found,
    )


def _of_run(ctx: Any, run_id: str) -> tuple[list[dict[str, Any]], Any]:
    facts = ctx.query_service.get_run_facts(run_id)
    found = [{"stage_name": one.stage_name} | one.to_dict() for one in facts.metrics]
    return found, facts.completeness


def _of_runs(ctx: Any, project: str | None) -> tuple[list[dict[str, Any]], Any]:
    from contexta.interpretation.query import RunListQuery
    from contexta.interpretation.query.metrics import metric_summaries

    summary = ctx.aggregation_service.aggregate_by_stage(project_name=project)
    newest = RunListQuery(project_name=project, sort_desc=True, limit=_NEWEST)
    ids = ctx.query_service.list_run_ids(query=newest)[::-1]
    rows = metric_summaries(ctx.repository, ids)
    last = {(one.stage_name, one.metric_key): one.to_dict() for one in rows}
    found = []
    for one in summary.by_stage:
        stage = None if one.stage_name == "_unassigned" else one.stage_name
        own = {
            "metric_key": one.metric_key,
            "stage_name": stage,
            "runs": one.count + one.excluded_nonfinite,
            "minimum": one.min,
            "maximum": one.max,
            "mean": one.mean,
            "nonfinite_count": one.excluded_nonfinite,
        }
        known = last.get((stage, one.metric_key), {})
        found.append(own | {name: known.get(name) for name in ("last", "last_marker")})
    return found, summary.completeness


def _lines(
    found: list[dict[str, Any]], names: tuple[str, ...], completeness: Any, pen: Pen
) -> Iterator[str]:
    titles = {"metric_key": "METRIC", "stage_name": "STAGE", "minimum": "MIN", "maximum": "MAX"}
    titles |= {"nonfinite_count": "NAN/INF"}
    columns = [
        Column(titles.get(name, name.upper()), right=place > 1, keep=place == 0)
        for place, name in enumerate(names)
    ]
    rows = [[one.get(f"{name}_marker") or one[name] for name in names] for one in found]
    yield from table(columns, rows, pen)
    yield ""
    yield from completeness_line(completeness, pen)
