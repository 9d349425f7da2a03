"""Every result as an Arrow table, a pandas frame and a Polars frame, on data that capture wrote."""

import pytest
from _results import RESULTS

from contexta.interpretation.frames import to_arrow, to_pandas, to_polars


@pytest.mark.parametrize("name", RESULTS)
def test_each_result_is_the_same_table_in_each_library(ctx, name):
    """As many rows, the same columns."""
    result = RESULTS[name](ctx)
    arrow, pandas, polars = to_arrow(result), to_pandas(result), to_polars(result)

    assert (arrow.num_rows, arrow.num_columns) == pandas.shape
    assert (arrow.num_rows, arrow.num_columns) == polars.shape
    assert arrow.column_names == list(pandas.columns) == polars.columns


def test_a_step_series_is_its_points(ctx):
    """Steps and values, in order."""
    frame = ctx.get_step_series("demo.fit", "loss", stage_name="train").to_pandas()

    assert [(0, 2.0), (10, 1.5), (20, 1.0), (30, 0.5)] == list(
        zip(frame["step"], frame["value"], strict=True)
    )
    assert {"metric_key", "run_id", "unit"} <= set(frame.columns)


def test_what_is_missing_travels_with_the_frame(ctx):
    """The diverged run has two values that no mean counts."""
    frame = ctx.get_step_series("demo.diverged", "loss").to_pandas()

    assert (2, 3) == (frame.attrs["completeness"]["nonfinite"], len(frame))
    assert 1 == frame["value"].isna().sum()


def test_params_are_columns(ctx):
    """The runs of a list, ready to be grouped."""
    frame = to_polars(ctx.list_runs(where="params.lr is not null"))

    assert 3 == frame.height
    assert {"params.lr", "params.seed", "tags.team"} <= set(frame.columns)
