"""Aggregates over the points of many runs, in DuckDB.

The points come from the record plane as an Arrow table: verified page by page, sealed parts and
live segments merged, replaced parts left out. Reading the Parquet files from DuckDB itself would
be as fast and have none of these. The SQL keeps to what DuckDB and Spark share.
"""

from __future__ import annotations

import os
from typing import Any

from contexta.interpretation._sealed_duckdb import LARGEST, run_sql
from contexta.interpretation.repositories.records import PointStatistics

_MEMORY_LIMIT = "1GB"
_MAX_THREADS = 4

# Of equal extremes the lowest step counts, which max_by would leave open.
_POINT_STATISTICS = f"""
WITH finite AS (
    SELECT run_ref, coalesce(stage_execution_ref, '') AS stage_ref, metric_key, step, value
    FROM points
    WHERE abs(value) <= {LARGEST}
),
spread AS (
    SELECT run_ref, stage_ref, metric_key,
           count(*) AS points, min(value) AS lowest, max(value) AS highest, avg(value) AS mean,
           percentile_cont(0.05) WITHIN GROUP (ORDER BY value) AS p5,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS p50,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY value) AS p95
    FROM finite
    GROUP BY run_ref, stage_ref, metric_key
)
SELECT spread.run_ref, spread.stage_ref, spread.metric_key, spread.points, spread.lowest,
       spread.highest, spread.mean, spread.p5, spread.p50, spread.p95,
       min(CASE WHEN finite.value = spread.lowest THEN finite.step END) AS step_at_lowest,
       min(CASE WHEN finite.value = spread.highest THEN finite.step END) AS step_at_highest
FROM spread
JOIN finite ON finite.run_ref = spread.run_ref AND finite.stage_ref = spread.stage_ref
           AND finite.metric_key = spread.metric_key
GROUP BY spread.run_ref, spread.stage_ref, spread.metric_key, spread.points, spread.lowest,
         spread.highest, spread.mean, spread.p5, spread.p50, spread.p95
ORDER BY spread.run_ref, spread.stage_ref, spread.metric_key
"""  # noqa: S608 - a constant is pasted, values are not

POINT_COLUMNS = ("run_ref", "stage_execution_ref", "metric_key", "step", "value")


def point_statistics(points: Any) -> tuple[PointStatistics, ...]:
    """Aggregate an Arrow table with ``POINT_COLUMNS`` by run, stage and metric."""
    found = run_sql(
        _POINT_STATISTICS,
        {"points": points},
        threads=min(os.cpu_count() or 1, _MAX_THREADS),
        memory_limit=_MEMORY_LIMIT,
    )
    return tuple(
        PointStatistics(
            run_id=row["run_ref"],
            stage_id=row["stage_ref"] or None,
            metric_key=row["metric_key"],
            count=row["points"],
            minimum=row["lowest"],
            maximum=row["highest"],
            mean=row["mean"],
            p5=row["p5"],
            p50=row["p50"],
            p95=row["p95"],
            step_at_minimum=row["step_at_lowest"],
            step_at_maximum=row["step_at_highest"],
        )
        for row in found.to_pylist()
    )
