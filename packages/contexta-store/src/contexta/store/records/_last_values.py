"""Values and figures from partials; and the public form of points."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records._plain_arrays import texts
from contexta.store.records._summaries import merge_partials

_TIME = pa.timestamp("us", tz="UTC")


def values_by_run(partials: pa.Table, stage: str | None, aggregation: str) -> pa.Table:
    """Return the table that `RecordStore.last_values` documents."""
    if stage is not None:
        partials = partials.filter(pc.equal(partials["stage_execution_ref"], texts((stage,))[0]))
    position = partials.column_names.index("stage_execution_ref")
    none = pa.chunked_array([pa.nulls(partials.num_rows, pa.string())])
    merged = merge_partials(partials.set_column(position, "stage_execution_ref", none))
    rows = merged.num_rows
    if aggregation in ("first", "last"):
        step, moment, sequence = (
            merged[f"{aggregation}_{name}"] for name in ("step", "us", "sequence")
        )
    else:
        step = moment = sequence = pa.chunked_array([pa.nulls(rows, pa.int64())])
    return pa.table(
        {
            "run_ref": merged["run_ref"],
            "value": merged[aggregation].cast(pa.float64()),
            "step": step,
            "observed_at": moment.cast(_TIME),
            "sequence": sequence,
            "count": merged["count"],
            "nonfinite_count": pc.subtract(merged["count"], merged["finite_count"]),
        }
    )


def figures(partials: pa.Table) -> pa.Table:
    """Return the table that `RecordStore.metric_table` documents."""
    merged = merge_partials(partials)
    as_they_are = ("run_ref", "stage_execution_ref", "metric_key", "count")
    columns = {name: merged[name] for name in as_they_are}
    columns["nonfinite_count"] = pc.subtract(merged["count"], merged["finite_count"])
    for name in ("last_us", "last_sequence", "first", "last", "min", "max", "mean"):
        columns[name] = merged[name]
    return pa.table(columns)


def with_times(points: pa.Table) -> pa.Table:
    """Return points with `observed_at` as instants instead of integers."""
    position = points.column_names.index("observed_at")
    return points.set_column(position, "observed_at", points["observed_at"].cast(_TIME))
