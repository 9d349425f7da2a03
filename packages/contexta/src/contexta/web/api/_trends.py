"""Routes of one metric over many runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params


def trend(ctx: Contexta, params: Params) -> Any:
    """Return one value per run of the newest runs, oldest of them first.

    ``desc`` turns the order; which runs are looked at stays the newest.
    """
    return ctx.get_metric_trend(
        params.require("metric"),
        stage_name=params.text("stage"),
        query=params.run_query(desc=False),
    )


def aggregate(ctx: Contexta, params: Params) -> Any:
    """Return statistics over one value per run."""
    return ctx.aggregation_service.aggregate_metric(
        params.require("metric"),
        stage_name=params.text("stage"),
        query=params.run_query(),
    )


def changes(ctx: Contexta, params: Params) -> Any:
    """Return where a metric changed over the completed runs."""
    return ctx.find_changes(**_asked(params))


def bisect(ctx: Contexta, params: Params) -> Any:
    """Return the first run after a change, and what differs from the run before it."""
    return ctx.bisect(
        **_asked(params),
        which=params.choice("which", ("latest", "largest"), "latest") or "latest",
        good=params.text("good"),
        bad=params.text("bad"),
    )


def _asked(params: Params) -> dict[str, Any]:
    better = None
    if params.text("higher_is_better") is not None:
        better = params.flag("higher_is_better")
    query = params.run_query()
    return {
        "metric_key": params.require("metric"),
        "stage_name": params.text("stage"),
        # A history is in the order of its runs, however a list of them would be.
        "query": replace(query, sort_by="started_at", sort_desc=False),
        "higher_is_better": better,
    }
