"""Frames through the entry points of pandas and Polars that scripts replace, and through Arrow."""

import datetime as dt
import sys

import pytest

from contexta.contract.errors import DependencyError, RenderingError
from contexta.interpretation import MetricTrend, RunComparison
from contexta.notebook import to_pandas, to_polars

PROMISED = {
    "snapshot": [
        *("run_id", "run_name", "project_name", "status"),
        *("stage_count", "artifact_count", "record_count"),
    ],
    "comparison": ["stage_name", "left_status", "right_status", "metric_delta_count"],
    "several": ["metric_key", "stage_name", "best_run_id", "value_0", "value_1"],
    "trend": ["run_id", "run_name", "stage_name", "value", "captured_at"],
    "report": ["section_title", "body", "evidence_link_count"],
}


@pytest.fixture
def values(filled):
    """The five results whose columns are promised."""
    return {
        "snapshot": filled.get_run_snapshot("r1"),
        "comparison": filled.compare_runs("r0", "r1"),
        "several": filled.compare_multiple_runs(["r0", "r1"]),
        "trend": filled.get_metric_trend("loss"),
        "report": filled.build_snapshot_report("r0"),
    }


@pytest.mark.parametrize("kind", PROMISED)
def test_the_columns_of_1_0_come_first(values, libraries, kind):
    """In their order, in both libraries; the rest is behind them."""
    pandas, polars = to_pandas(values[kind]), to_polars(values[kind])
    wanted = PROMISED[kind]

    assert wanted == pandas.columns[: len(wanted)] == polars.columns[: len(wanted)]
    assert pandas.rows == polars.rows
    assert "row" == polars.orient
    assert {tuple(pandas.columns)} == {tuple(row) for row in pandas.rows}


def test_a_snapshot_has_its_numbers(values, libraries):
    """Counts as in 1.0, then instants, last values by stage, params."""
    (row,) = to_pandas(values["snapshot"]).rows

    assert (1, 5) == (row["stage_count"], row["record_count"])
    assert len(values["snapshot"].artifacts) == row["artifact_count"]
    assert (0.25, 0.75, 0.25) == (
        row["metrics.loss"],
        row["metrics.eval/accuracy"],
        row["params.lr"],
    )
    assert dt.UTC is row["started_at"].tzinfo


def test_a_comparison_has_both_values_and_the_difference(values, libraries):
    """Not only how many metrics differ."""
    rows = to_pandas(values["comparison"]).rows
    (row,) = [row for row in rows if row["stage_name"] == "eval"]

    assert (1, 0.5, 0.75, 0.25) == (
        row["metric_delta_count"],
        row["accuracy.left"],
        row["accuracy.right"],
        row["accuracy.delta"],
    )


def test_a_comparison_of_several_has_the_names_of_the_runs(values, libraries):
    """Beside the places of 1.0."""
    frame = to_polars(values["several"])
    (row,) = [row for row in frame.rows if row["metric_key"] == "accuracy"]

    assert ["base", "wide"] == frame.columns[-2:]
    assert (0.75, 0.75) == (row["value_1"], row["wide"])


def test_names_that_repeat_give_way_to_ids(ctx, libraries):
    """Also a name that is a column already."""
    for name in ("twin", "twin", "metric_key"):
        with ctx.run(name) as run:
            run.metric("loss", 1.0)
    runs = ctx.list_runs()
    frame = to_pandas(ctx.compare_multiple_runs([run.run_id for run in runs]))

    assert [run.run_id for run in runs] == frame.columns[-3:]


def test_instants_are_instants(values, libraries):
    """No text to be parsed."""
    rows = to_pandas(values["trend"]).rows

    assert [dt.datetime] * 3 == [type(row["captured_at"]) for row in rows]


def test_nothing_keeps_its_columns(libraries):
    """A pipeline does not break on an empty result."""
    trend = to_polars(MetricTrend("loss", None))
    comparison = to_pandas(RunComparison("a", "b", ""))

    assert ([], PROMISED["trend"]) == (trend.rows, trend.columns[:5])
    assert ([], PROMISED["comparison"]) == (comparison.rows, comparison.columns)


def test_params_that_no_frame_holds_become_text(ctx, libraries):
    """An integer beyond 64 bits is not rounded."""
    with ctx.run("big", params={"seed": 2**70, "on": True}):
        pass
    (row,) = to_pandas(ctx.get_run_snapshot("big")).rows

    assert (str(2**70), True) == (row["params.seed"], row["params.on"])


def test_everything_is_an_arrow_table(filled):
    """Runs of a list, records, curves, issues."""
    arrow = filled.notebook.to_arrow
    snapshot = filled.get_run_snapshot("r0")

    assert [3, 5, 4, 0] == [
        arrow(value).num_rows
        for value in (
            filled.list_runs(),
            snapshot.records,
            filled.get_step_series("r0", "loss"),
            filled.list_deployments(),
        )
    ]


@pytest.mark.parametrize("value", ["r0", 5, None, [1, 2], {"a": 1}])
def test_what_is_no_table_is_refused(ctx, libraries, value):
    """With its type."""
    for convert in (to_pandas, to_polars, ctx.notebook.to_arrow):
        with pytest.raises(RenderingError) as caught:
            convert(value)

        assert "notebook_table_conversion_unsupported" == caught.value.code
        assert type(value).__name__ == caught.value.details["type"]


@pytest.mark.parametrize(("library", "convert"), [("pandas", to_pandas), ("polars", to_polars)])
@pytest.mark.parametrize("value", [MetricTrend("loss", None), "r0"])
def test_a_missing_library_is_said_before_the_value(monkeypatch, library, convert, value):
    """Also for a value that is no table."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DependencyError) as caught:
        convert(value)

    assert f"notebook_{library}_not_ready" == caught.value.code
    assert f"pip install {library}" in str(caught.value)
