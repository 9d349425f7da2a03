"""Routes that hand out tables as CSV, written so that no spreadsheet runs a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._answers import Body

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params


def runs(ctx: Contexta, params: Params) -> Body:
    """Return the list of runs; all of them unless ``limit`` is given."""
    from contexta.export import export_run_list_csv

    return _csv("runs", export_run_list_csv(ctx, query=params.run_query()))


def comparison(ctx: Contexta, params: Params) -> Body:
    """Return a comparison."""
    from contexta.export import export_comparison_csv

    text = export_comparison_csv(ctx, params.require("left"), params.require("right"))
    return _csv("comparison", text)


def trend(ctx: Contexta, params: Params) -> Body:
    """Return a trend, oldest of the newest runs first."""
    from contexta.export import export_trend_csv

    text = export_trend_csv(
        ctx,
        params.require("metric"),
        stage_name=params.text("stage"),
        query=params.run_query(desc=False),
    )
    return _csv("trend", text)


def anomalies(ctx: Contexta, params: Params) -> Body:
    """Return the metrics of a run beside what is usual."""
    from contexta.export import export_anomaly_csv
    from contexta.interpretation.query import RunListQuery

    metric, project = params.text("metric"), params.text("project")
    text = export_anomaly_csv(
        ctx,
        params.require("run_id"),
        baseline_query=None if project is None else RunListQuery(project_name=project),
        metric_keys=None if metric is None else [metric],
        stage_name=params.text("stage"),
    )
    return _csv("anomalies", text)


def _csv(name: str, text: str) -> Body:
    return Body(
        text.encode("utf-8", "backslashreplace"),
        "text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}.csv"'},
    )
