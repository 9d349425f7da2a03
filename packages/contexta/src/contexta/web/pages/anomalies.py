"""The metrics of one run beside the completed runs before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.interpretation.wording import on_pages
from contexta.web._page import PageData
from contexta.web.drawings import draw_range
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._links import address, run_url
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import AnomalyResult, RunListQuery
    from contexta.web._params import Params

_ORDER = {"error": 0, "critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One metric, with the usual range drawn where it is known."""

    result: AnomalyResult
    drawing: Markup | None
    trend: str


def anomalies_page(ctx: Contexta, params: Params) -> PageData:
    """Show what is unusual, then what is usual.

    Raises:
        ResolutionError: the run is unknown, or it has not got the metric asked for.
    """
    given = params.id("run_id")
    metric, stage = params.text("metric"), params.text("stage")
    project = params.text("project")
    run = ctx.query_service.require_run(given)
    results = ctx.anomaly_service.detect_anomalies_in_run(
        run.run_id,
        baseline_query=_query(project),
        metric_keys=[metric] if metric else None,
        stage_name=stage,
    )
    ranked = sorted(results, key=lambda result: _ORDER.get(result.severity, 1))
    baseline = next((result.baseline for result in ranked if result.baseline is not None), None)
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), (run.name, run_url(run.run_id)), ("Anomalies", None)),
        "run": run,
        "rows": [_row(result, run.project_name, stage) for result in ranked],
        "unusual": sum(result.severity != "info" for result in ranked),
        "baseline": baseline,
        "metric": metric,
        "stage": stage,
        "compared_with": project or run.project_name,
        "policy": ctx.anomaly_service.config,
        "projects": ctx.list_projects(),
        "project": project,
        "notes": notes(
            [note for result in ranked for note in result.completeness_notes],
            None if baseline is None else baseline.completeness,
        ),
    }
    return PageData("anomalies", f"Anomalies: {given}", data, "runs")


def _query(project: str | None) -> RunListQuery | None:
    from contexta.interpretation import RunListQuery

    return None if project is None else RunListQuery(project_name=project)


def _row(result: AnomalyResult, project: str, stage: str | None) -> AnomalyRow:
    low, high = result.expected_range
    drawing = None
    if low is not None and high is not None:
        usual = f"{on_pages.number(low)} to {on_pages.number(high)}"
        told = f"{result.metric_key}: {on_pages.number(result.actual_value)}, usually {usual}"
        drawing = draw_range(low, high, result.actual_value, title=told)
    trend = address("/ui/metrics/trend", metric=result.metric_key, project=project, stage=stage)
    return AnomalyRow(result, drawing, trend)
