"""Routes that judge one run: diagnostics, lineage, report, anomalies, reproducibility."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contexta.web._payloads import environment_diff_payload, reproducibility_payload
from contexta.web.pages._graphs import explore, stop_note

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_DIRECTIONS = ("upstream", "downstream", "inbound", "outbound", "both")
_DEPTH, _MOST_DEPTH = 3, 100


def diagnostics(ctx: Contexta, params: Params) -> Any:
    """Return what looks wrong with a run."""
    return ctx.diagnose_run(params.id("run_id"))


def lineage(ctx: Contexta, params: Params) -> Any:
    """Return what a run came from, and what came of it.

    Followed step by step like the page of it: data that a thousand runs used would lead to all
    that each of them leads to. A completeness note tells where it stopped.
    """
    direction = params.choice("direction", _DIRECTIONS, "both")
    depth = params.whole("depth", _DEPTH, low=0, high=_MOST_DEPTH)
    run = ctx.query_service.require_run(params.id("run_id"))
    found, stopped = explore(ctx, run.run_id, direction or "both", depth or 0)
    return replace(found, completeness_notes=found.completeness_notes + stop_note(stopped))


def report(ctx: Contexta, params: Params) -> Any:
    """Return the report of a run as data."""
    return ctx.build_snapshot_report(params.id("run_id"))


def anomalies(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return each metric of a run beside what is usual; usual values have severity info."""
    from contexta.interpretation.query import RunListQuery

    metric, project = params.text("metric"), params.text("project")
    found = ctx.anomaly_service.detect_anomalies_in_run(
        params.id("run_id"),
        baseline_query=None if project is None else RunListQuery(project_name=project),
        metric_keys=None if metric is None else [metric],
        stage_name=params.text("stage"),
        include_normal=params.flag("normal", default=True),
    )
    return {"anomalies": list(found)}


def reproducibility(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return what is known about how to run it again."""
    return reproducibility_payload(ctx.audit_reproducibility(params.id("run_id")))


def environment_diff(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return how the environments of two runs differ."""
    found = ctx.compare_environments(params.id("run_id"), params.id("other"))
    return environment_diff_payload(found)
