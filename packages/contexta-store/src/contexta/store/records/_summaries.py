"""Count, first, last, minimum, maximum, mean and spread per metric."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records._models import MetricSummary
from contexta.store.records._refs import derive_record_ref

SUMMARY_COLUMNS = (
    "sequence",
    "record_ref",
    "run_ref",
    "stage_execution_ref",
    "metric_key",
    "unit",
    "value",
    "step",
    "observed_at",
)
_KEYS = ["run_ref", "stage_execution_ref", "metric_key"]
_LAST = ("value", "step", "unit", "record_ref", "sequence", "observed_at")


def summarize(points: pa.Table) -> tuple[MetricSummary, ...]:
    """Summarize points, grouped by run, stage and key, in the order of those.

    Mean and `m2` are computed per group around its own mean (numpy's two-pass variance as Arrow
    implements it), so that a large offset does not eat the spread.
    """
    if points.num_rows == 0:
        return ()
    moments = points["observed_at"].cast(pa.int64())
    points = points.set_column(points.column_names.index("observed_at"), "observed_at", moments)
    for name in (*_KEYS, "unit"):
        position = points.column_names.index(name)
        points = points.set_column(position, name, points[name].cast(pa.string()))
    order = pc.sort_indices(
        points, sort_keys=[("observed_at", "ascending"), ("sequence", "ascending")]
    )
    points = points.take(order)
    finite = pc.is_finite(points["value"])
    points = points.append_column(
        "finite", pc.if_else(finite, points["value"], pa.scalar(None, pa.float64()))
    )
    keep_null = pc.ScalarAggregateOptions(skip_nulls=False, min_count=0)
    wanted: list[tuple[str, str, Any]] = [
        ("value", "first", keep_null),
        ("observed_at", "first", keep_null),
        ("sequence", "count", pc.CountOptions(mode="all")),
        ("finite", "count", pc.CountOptions(mode="only_valid")),
        ("finite", "min", None),
        ("finite", "max", None),
        ("finite", "mean", None),
        ("finite", "variance", pc.VarianceOptions(ddof=0)),
        *((name, "last", keep_null) for name in _LAST),
    ]
    groups = points.group_by(_KEYS, use_threads=False).aggregate(wanted).to_pylist()
    groups.sort(key=lambda g: (g["run_ref"], g["stage_execution_ref"] or "", g["metric_key"]))
    return tuple(_summary(group) for group in groups)


def _summary(group: dict[str, Any]) -> MetricSummary:
    finite, variance = group["finite_count"], group["finite_variance"]
    sequence = group["sequence_last"]
    reference = group["record_ref_last"]
    return MetricSummary(
        run_ref=group["run_ref"],
        stage_execution_ref=group["stage_execution_ref"],
        metric_key=group["metric_key"],
        unit=group["unit_last"],
        count=group["sequence_count"],
        first=group["value_first"],
        last=group["value_last"],
        min=group["finite_min"],
        max=group["finite_max"],
        mean=group["finite_mean"],
        m2=None if not finite or variance is None else variance * finite,
        nonfinite_count=group["sequence_count"] - finite,
        last_step=group["step_last"],
        first_observed_us=group["observed_at_first"],
        last_observed_us=group["observed_at_last"],
        last_record_ref=reference or derive_record_ref(group["run_ref"], "metric", sequence),
    )
