"""Frames of the real pandas and Polars."""

import datetime as dt

import pandas as pd
import polars as pl
import pytest

from contexta import Contexta
from contexta.interpretation import MetricTrend, MultiRunComparison, RunComparison
from contexta.notebook import to_pandas, to_polars


@pytest.fixture(scope="module")
def ctx(folder):
    """The workspace, opened to be read."""
    with Contexta(workspace=folder / ".contexta", read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def values(ctx):
    """Every kind of thing that becomes a frame, with its number of rows."""
    snapshot = ctx.get_run_snapshot("r2")
    return {
        "snapshot": (snapshot, 1),
        "comparison": (ctx.compare_runs("r0", "r2"), 2),
        "several": (ctx.compare_multiple_runs(["r0", "r1", "r2"]), 2),
        "trend": (ctx.get_metric_trend("loss"), 3),
        "report": (ctx.build_snapshot_report("r2"), 10),
        "runs": (ctx.list_runs(), 4),
        "a page": (ctx.page_runs(limit=2), 2),
        "records": (snapshot.records, len(snapshot.records)),
        "metrics": (snapshot.metrics, 2),
        "stages": (snapshot.stages, 1),
        "curve": (ctx.get_step_series("r0", "loss"), 30),
        "issues": (ctx.diagnose_run("r0"), 0),
        "anomalies": (ctx.anomaly_service.detect_anomalies_in_run("r0"), 0),
        "aggregate": (ctx.aggregation_service.aggregate_metric("loss"), 1),
        "statuses": (ctx.aggregation_service.run_status_distribution(), 2),
        "alerts": (ctx.evaluate_alerts("r0", []), 0),
        "lineage": (ctx.traverse_lineage("r0"), None),
        "environments": (ctx.compare_environments("r0", "r1"), 1),
        "deployments": (ctx.list_deployments(), 0),
        "an answer": (ctx.aggregate_service.last_values("loss"), 3),
    }


KINDS = [
    *("snapshot", "comparison", "several", "trend", "report", "runs", "a page", "records"),
    *("metrics", "stages", "curve", "issues", "anomalies", "aggregate", "statuses", "alerts"),
    *("lineage", "environments", "deployments", "an answer"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_both_libraries_give_the_same_table(values, kind):
    """Rows, names and instants, also where there are no rows."""
    value, rows = values[kind]
    one, other = to_pandas(value), to_polars(value)
    times = [name for name in other.columns if name.endswith("_at")]

    assert rows is None or rows == len(one)
    assert (len(one), list(one.columns)) == (len(other), other.columns)
    assert other.columns
    assert [str(one[name].dtype) for name in times] == ["datetime64[us, UTC]"] * len(times)
    assert [other.schema[name] for name in times] == [pl.Datetime("us", "UTC")] * len(times)


def test_values_survive(ctx):
    """NaN is NaN, an instant is that of the record, a hostile name is whole."""
    snapshot = ctx.get_run_snapshot("r2")
    row = to_pandas(snapshot).iloc[0]
    started = dt.datetime.fromisoformat(snapshot.run.started_at)

    assert pd.isna(row["metrics.eval/accuracy"])
    assert started == row["started_at"].to_pydatetime()
    assert snapshot.run.name == row["run_name"]


@pytest.mark.parametrize(
    "empty", [MetricTrend("loss", None), RunComparison("a", "b", ""), MultiRunComparison((), ())]
)
def test_empty_results_can_be_put_below_full_ones(empty, values):
    """Same columns, same types."""
    kind = {"MetricTrend": "trend", "RunComparison": "comparison"}.get(
        type(empty).__name__, "several"
    )
    full, none = to_polars(values[kind][0]), to_polars(empty)
    shared = [name for name in full.columns if name in none.columns]

    assert none.columns == shared
    assert [full.schema[name] for name in shared] == [none.schema[name] for name in shared]
    assert "float64" == str(to_pandas(MetricTrend("loss", None))["value"].dtype)


def test_long_columns_that_begin_empty_keep_their_type():
    """A value that comes after hundreds of rows without one breaks nothing."""
    from contexta.interpretation import TrendPoint

    at = "2026-01-31T09:00:00Z"
    points = [TrendPoint(f"run:p.r{i}", "r", 1.0) for i in range(300)]
    trend = MetricTrend("loss", "p", [*points, TrendPoint("run:p.x", "x", 2.0, at, "fit")])

    assert "fit" == to_polars(trend)["stage_name"][-1]
    assert dt.datetime(2026, 1, 31, 9, tzinfo=dt.UTC) == to_polars(trend)["captured_at"][-1]
    assert pd.Timestamp(at) == to_pandas(trend)["captured_at"].iloc[-1]
