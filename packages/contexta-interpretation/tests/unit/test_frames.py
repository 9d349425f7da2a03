"""Results as Arrow tables."""

import datetime as dt
import json
import math

import pyarrow as pa
import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    AggregateAnswer,
    AlertReport,
    Completeness,
    DiagnosticsResult,
    LineageTraversal,
    MetricDelta,
    MetricTrend,
    MultiRunComparison,
    MultiRunMetricRow,
    RunComparison,
    RunPage,
    RunRecord,
    RunSummaryTable,
    StepSeries,
    TrendPoint,
)
from contexta.interpretation.aggregates import RunValue
from contexta.interpretation.frames import METADATA_KEY, to_arrow

AT = "2026-01-31T09:00:00.5Z"
INSTANT = "timestamp[us, tz=UTC]"


def trend(*values, **fields):
    points = [TrendPoint(f"run:p.r{i}", "train", value, AT) for i, value in enumerate(values)]
    return MetricTrend("loss", "p", points, **fields)


def test_a_trend_gives_a_row_for_each_point():
    """What the trend is about comes first; instants are instants."""
    table = trend(0.5, 0.25).to_arrow()

    assert ["project_name", "metric_key", "run_id", "run_name", "value"] == table.column_names[:5]
    assert [0.5, 0.25] == table["value"].to_pylist()
    assert pa.timestamp("us", tz="UTC") == table.schema.field("captured_at").type
    assert dt.datetime(2026, 1, 31, 9, 0, 0, 500_000, dt.UTC) == table["captured_at"][0].as_py()


def test_values_that_are_not_finite_stay():
    """A table has a place for NaN, which JSON has not."""
    values = trend(math.nan, math.inf).to_arrow()["value"].to_pylist()

    assert (True, math.inf) == (math.isnan(values[0]), values[1])


def test_completeness_goes_along():
    """What is missing stays beside the numbers."""
    table = trend(0.5, completeness=Completeness(runs=2, missing=1)).to_arrow()

    assert 1 == json.loads(table.schema.metadata[METADATA_KEY])["missing"]


def test_runs_have_a_column_for_each_param_and_tag():
    """Also those that only some runs have, and those of several kinds."""
    runs = [
        RunRecord("run:p.a", "p", "a", "completed", AT, params={"lr": 1, "opt": "sgd"}),
        RunRecord("run:p.b", "p", "b", "completed", AT, params={"lr": 0.5, "opt": 3}),
        RunRecord("run:p.c", "p", "c", "open", AT, tags={"team": "vision"}),
    ]
    table = to_arrow(runs)

    assert [1.0, 0.5, None] == table["params.lr"].to_pylist()
    assert ["sgd", "3", None] == table["params.opt"].to_pylist()
    assert [None, None, "vision"] == table["tags.team"].to_pylist()


def test_a_comparison_of_many_is_long():
    """One row per metric and run, and which is the best."""
    rows = [MultiRunMetricRow("loss", None, (0.5, None), "run:p.a", False)]
    table = MultiRunComparison(("run:p.a", "run:p.b"), ("a", "b"), rows).to_arrow()

    assert [0.5, None] == table["value"].to_pylist()
    assert [True, False] == table["best"].to_pylist()


def test_integers_beyond_arrow_become_text():
    """Nothing is rounded without a word."""
    (run,) = [RunRecord("run:p.a", "p", "a", "completed", AT, params={"n": 2**70})]

    assert [str(2**70)] == to_arrow([run])["params.n"].to_pylist()


@pytest.mark.parametrize("empty", [[], trend()])
def test_nothing_is_an_empty_table(empty):
    """No rows are no error."""
    assert 0 == to_arrow(empty).num_rows


@pytest.mark.parametrize("value", [5, "loss", [5], None])
def test_what_is_no_result_is_refused(value):
    """One code for all that has no rows."""
    with pytest.raises(ValidationError) as caught:
        to_arrow(value)

    assert "frames_invalid_result" == caught.value.code


@pytest.mark.parametrize(
    ("empty", "columns"),
    [
        (trend(), {"run_id": "string", "value": "double", "captured_at": INSTANT}),
        (StepSeries("r", "k", None), {"step": "int64", "value": "double", "observed_at": INSTANT}),
        (RunComparison("a", "b", ""), {"metric_key": "string", "delta": "double"}),
        (MultiRunComparison((), ()), {"run_id": "string", "value": "double", "best": "bool"}),
        (DiagnosticsResult("r"), {"severity": "string", "code": "string"}),
        (AlertReport(()), {"actual_value": "double", "triggered": "bool"}),
        (LineageTraversal("r"), {"source_ref": "string", "depth": "int64"}),
        (RunPage(), {"run_id": "string", "started_at": INSTANT}),
        (RunSummaryTable(None, 0), {"stage_name": "string", "mean": "double", "count": "int64"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_result_without_rows_keeps_its_columns(empty, columns):
    """Names and types are those of a result with rows."""
    schema = empty.to_arrow().schema

    assert columns == {name: str(schema.field(name).type) for name in columns}


def test_a_column_without_a_value_has_its_type():
    """Frames of several workspaces can be put below each other."""
    table = to_arrow([MetricDelta("loss", None, None, None, None, None)])

    assert ["double", "bool"] == [
        str(table.schema.field(name).type) for name in ("left_value", "improved")
    ]


def test_whole_numbers_of_a_float_stay_floats():
    """A value that happens to be whole does not change the type of its column."""
    assert "double" == str(trend(1, 2).to_arrow().schema.field("value").type)


def test_an_answer_of_an_engine_is_its_rows():
    """Also through pandas and Polars, which build on the same table."""
    row = RunValue("run:p.a", None, 1.0, 1, 0, 1, None, 1, AT)
    answer = AggregateAnswer("last_values", "duckdb", (row,), RunValue)

    assert answer.to_arrow().equals(to_arrow(answer))
    assert [1.0] == to_arrow(answer)["value"].to_pylist()
