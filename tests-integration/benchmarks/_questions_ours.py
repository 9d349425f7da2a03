"""The questions, asked of an open workspace through the facade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _imports import import_beforehand
from _questions import FILTER, KEY, LR, NEWEST, TOP, asked, looked_at, pair


def ours(folder: str, runs: int, count: int, modules: str) -> dict[str, list[float]]:
    """Ask everything, cold and warm; see `asked`."""
    import_beforehand(modules)
    from contexta import Contexta
    from contexta.interpretation import MetricCondition, RunListQuery

    condition = MetricCondition(KEY, "gt", FILTER)
    listed = RunListQuery(metric_conditions=(condition,), sort_desc=True, limit=TOP)
    best = RunListQuery(params={"lr": LR}, sort_by=f"metric:{KEY}", sort_desc=True, limit=TOP)
    newest = RunListQuery(limit=NEWEST)
    one, other = pair(runs)

    def questions(ctx: Contexta) -> dict[str, Callable[[], int]]:
        queries = ctx.query_service

        def compare() -> int:
            found = ctx.compare_runs(one, other)
            return sum(len(stage.metric_deltas) for stage in found.stage_comparisons)

        def baseline() -> int:
            return ctx.anomaly_service.compute_baseline(KEY).computed_from_n_runs

        def snapshot() -> int:
            return len(ctx.get_run_snapshot(looked_at(runs)).records)

        return {
            "filter": lambda: len(ctx.list_runs(query=listed)),
            "top": lambda: len(ctx.list_runs(query=best)),
            "last": lambda: len(queries.run_values(KEY)),
            "trend": lambda: len(ctx.get_metric_trend(KEY, query=newest).points),
            "baseline": baseline,
            "compare": compare,
            "snapshot": snapshot,
            "series": lambda: len(ctx.get_step_series(looked_at(runs), KEY).points),
            "page": lambda: len(queries.page_runs(limit=TOP).runs),
        }

    def opened() -> tuple[dict[str, Callable[[], Any]], Callable[[], None]]:
        ctx = Contexta(workspace=folder)
        return questions(ctx), ctx.close

    return asked(opened, count)
