"""The tables that can be exported: what each is asked with, and how it is made."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from contexta.cli._alert_rules import alert_rule_options
from contexta.cli._runq import run_query

if TYPE_CHECKING:
    from contexta.export import RowTable

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Kind(NamedTuple):
    """One kind of table.

    Attributes:
        name: of the command.
        text: its help.
        options: decorators of its arguments and options, the first one outermost.
        build: makes the table of a context and the values of the options.
        also: columns that CSV has beside those of 1.0.
    """

    name: str
    text: str
    options: tuple[Decorator, ...]
    build: Callable[..., "RowTable"]
    also: tuple[str, ...] = ()


def _runs(ctx: Any, asked: Any) -> "RowTable":
    from contexta.export import runs_table

    return runs_table(ctx, project_name=asked.project, query=asked.query())


def _params(ctx: Any, asked: Any) -> "RowTable":
    from contexta.export import params_table

    return params_table(ctx, project_name=asked.project, query=asked.query())


def _compare(ctx: Any, left_run_id: str, right_run_id: str) -> "RowTable":
    from contexta.export import comparison_table

    return comparison_table(ctx, left_run_id, right_run_id)


def _trend(ctx: Any, metric_key: str, stage: str | None, asked: Any) -> "RowTable":
    from contexta.export import trend_table

    return trend_table(
        ctx, metric_key, project_name=asked.project, stage_name=stage, query=asked.query()
    )


def _anomaly(
    ctx: Any, run_id: str, metrics: tuple[str, ...], stage: str | None, project: str | None
) -> "RowTable":
    from contexta.export import anomaly_table
    from contexta.interpretation import RunListQuery

    baseline = None if project is None else RunListQuery(project_name=project)
    return anomaly_table(
        ctx, run_id, baseline_query=baseline, metric_keys=list(metrics) or None, stage_name=stage
    )


def _alerts(ctx: Any, run_id: str | None, rules: Any, asked: Any) -> "RowTable":
    from contexta.export import alerts_table

    return alerts_table(
        ctx, rules.read(), run_id=run_id, project_name=asked.project, query=asked.query()
    )


def _records(ctx: Any, run_id: str, record_type: str | None, stage: str | None) -> "RowTable":
    from contexta.export import records_table

    return records_table(ctx, run_id, record_type=record_type, stage_id=stage)


def _series(ctx: Any, run_id: str, metrics: tuple[str, ...], stage: str | None) -> "RowTable":
    from contexta.export import series_table

    return series_table(ctx, run_id, list(metrics) or None, stage_name=stage)


def _diagnostics(ctx: Any, run_id: str) -> "RowTable":
    from contexta.export import diagnostics_table

    return diagnostics_table(ctx, run_id)


def _lineage(ctx: Any, ref: str, direction: str | None, depth: int | None) -> "RowTable":
    from contexta.export import lineage_table

    return lineage_table(ctx, ref, direction=direction, max_depth=depth)


_RUN = click.argument("run_id", metavar="RUN")
_STAGE = click.option("--stage", metavar="NAME", help="Only this stage.")
_METRICS = click.option(
    "--metric", "metrics", multiple=True, metavar="KEY", help="Only this metric. Repeatable."
)

KINDS = (
    Kind("runs", "The runs, one row each.", (run_query,), _runs),
    Kind("params", "The params of runs, one row each.", (run_query,), _params),
    Kind(
        "compare",
        "Two runs side by side, one row per difference and metric.",
        (
            click.argument("left_run_id", metavar="LEFT"),
            click.argument("right_run_id", metavar="RIGHT"),
        ),
        _compare,
    ),
    Kind(
        "trend",
        "A metric over runs, one row per run.",
        (click.argument("metric_key", metavar="METRIC"), _STAGE, run_query),
        _trend,
        also=("notes",),
    ),
    Kind(
        "anomaly",
        "A run beside the runs before it, one row per metric.",
        (
            _RUN,
            _METRICS,
            _STAGE,
            click.option("--project", metavar="NAME", help="Compare with runs of this project."),
        ),
        _anomaly,
    ),
    Kind(
        "alerts",
        "Alert rules over one run or many, one row per run and rule.",
        (
            click.option("--run", "run_id", metavar="RUN", help="Only this run."),
            alert_rule_options,
            run_query,
        ),
        _alerts,
    ),
    Kind(
        "records",
        "The records of a run, one row each.",
        (
            _RUN,
            click.option(
                "--type",
                "record_type",
                type=click.Choice(["event", "metric", "span", "degraded"]),
                help="Only records of this type.",
            ),
            _STAGE,
        ),
        _records,
    ),
    Kind(
        "series",
        "The metric points of a run in step order, one row each.",
        (_RUN, _METRICS, _STAGE),
        _series,
    ),
    Kind("diagnostics", "What looks wrong with a run, one row each.", (_RUN,), _diagnostics),
    Kind(
        "lineage",
        "What a ref is linked to, one row per relation.",
        (
            click.argument("ref", metavar="REF"),
            click.option(
                "--direction",
                type=click.Choice(["upstream", "downstream", "inbound", "outbound", "both"]),
                help="Which way to go.",
            ),
            click.option("--depth", type=int, metavar="N", help="So many steps away."),
        ),
        _lineage,
    ),
)
