"""The metrics of a run: rows, and a small chart for each curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.web.pages._charts import ChartView, series_view
from contexta.web.pages._links import address, segment, series_url
from contexta.web.pages._run_columns import metric_rank

if TYPE_CHECKING:
    from contexta.interpretation import RunSnapshot

_CHARTS = 60


def metric_rows(snapshot: RunSnapshot) -> list[Mapping[str, Any]]:
    """Return each metric with the address of its curve, curves or not."""
    return [
        {
            "row": row,
            "href": series_url(snapshot.run.run_id, row.metric_key, row.stage_name),
            "trend": address(
                "/ui/metrics/trend",
                metric=row.metric_key,
                project=snapshot.run.project_name,
                stage=row.stage_name,
            ),
        }
        for row in snapshot.metrics
    ]


def metric_views(snapshot: RunSnapshot) -> list[ChartView]:
    """Return a chart for each curve, the losses and scores that runs are judged by first."""
    last = {(row.stage_id, row.metric_key): row.last for row in snapshot.metrics}
    curves = sorted(snapshot.series, key=lambda one: (metric_rank(one.metric_key), one.metric_key))
    views = []
    for place, series in enumerate(curves[:_CHARTS]):
        stage = None if series.stage_id is None else series.stage_id.rsplit(".", 1)[-1]
        views.append(
            series_view(
                series,
                title=series.metric_key,
                subtitle=stage or "",
                key=f"curve-{place}",
                href=series_url(snapshot.run.run_id, series.metric_key, stage),
                source=series_source(snapshot.run.run_id, series.metric_key, stage),
                value=last.get((series.stage_id, series.metric_key)),
            )
        )
    return views


def series_source(run_id: str, metric: str, stage: str | None, points: int | None = None) -> str:
    """Return the address of the points of a curve as JSON."""
    return address(f"/runs/{segment(run_id)}/series", metric=metric, stage=stage, points=points)
