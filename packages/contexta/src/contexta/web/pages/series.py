"""One curve of one run, alone and large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.interpretation.reports.escape import cut
from contexta.interpretation.wording import short_ref
from contexta.web._page import PageData
from contexta.web.pages._charts import series_view
from contexta.web.pages._links import address, project_url, run_url, segment, series_url
from contexta.web.pages._run_metrics import series_source
from contexta.web.pages._view import frame, notes, summaries

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_DRAWN = 2000  # by the server; script reads all of them
_MOST = 100_000


def series_page(ctx: Contexta, params: Params) -> PageData:
    """Show one metric of a run over its steps.

    Without ``metric`` the reader picks one: 400, for the address lacks it.

    Raises:
        ResolutionError: the run or the stage is unknown.
    """
    run = ctx.query_service.require_run(params.id("run_id"))
    rows = summaries(ctx, [run.run_id])
    metric, stage = params.text("metric"), params.text("stage")
    links = [
        (row.metric_key, row.stage_name, series_url(run.run_id, row.metric_key, row.stage_name))
        for row in rows
    ]
    data = frame(
        ctx,
        run.project_name,
        crumbs=(
            ("Runs", "/ui/runs"),
            (run.project_name, project_url(run.project_name)),
            (short_ref(run.run_id), run_url(run.run_id)),
            (metric or "metrics", None),
        ),
        run=run,
        links=links,
        metric=metric,
        stage=stage,
        view=None,
    )
    if metric is None:
        return PageData("series", f"Series: {cut(run.name, 200)}", data, "runs", 400)
    found = ctx.trend_service.get_step_series(
        run.run_id, metric, stage_name=stage, max_points=_DRAWN
    )
    data |= {
        "live": f"/live/runs/{segment(run.run_id)}" if run.status == "open" else None,
        "series": found,
        "rows": [
            row
            for row in rows
            if row.metric_key == metric and row.stage_id == found.stage_id and found.points
        ],
        "notes": notes(found.completeness_notes, found.completeness),
        "trend": address("/ui/metrics/trend", metric=metric, project=run.project_name, stage=stage),
    }
    if found.points:
        data["view"] = series_view(
            found,
            title=metric,
            subtitle=stage or "",
            key="curve",
            source=series_source(run.run_id, metric, stage, _MOST),
            width=1200,
            height=420,
        )
    return PageData("series", f"Series: {cut(metric, 200)}", data, "runs")
