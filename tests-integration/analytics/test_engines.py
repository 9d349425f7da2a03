"""The Parquet records answer alike in every analytics engine, through the plain glob."""

import duckdb
import pandas as pd
import polars as pl
import pytest

from contexta import Contexta


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("analytics") / ".contexta"
    with Contexta(workspace=root, config={"project_name": "engines"}) as ctx:
        for number in range(3):
            with ctx.run(f"run-{number}", params={"number": number}) as run:
                for step in range(50):
                    run.log({"loss": 1 / (step + 1 + number), "val/acc": step / 50}, step=step)
                run.metric("odd", float("nan"))
                run.event("note", message="half way", attributes={"step": 25})
    return root


def expected() -> list[tuple[str, str, int, float]]:
    return [(f"run:engines.run-{number}", "loss", 50, 1 / (50 + number)) for number in range(3)]


def test_duckdb_reads_the_glob(workspace):
    """DuckDB groups the metric records without any extension or view."""
    rows = duckdb.sql(
        f"""SELECT run_ref, metric_key, count(*), min(value)
        FROM read_parquet('{workspace}/records/metric/*/*.parquet', hive_partitioning = true)
        WHERE metric_key = 'loss' AND project = 'engines' GROUP BY ALL ORDER BY ALL"""
    ).fetchall()

    assert expected() == rows


def test_polars_reads_the_glob(workspace):
    """Polars agrees, lazily."""
    frame = pl.scan_parquet(f"{workspace}/records/metric/*/*.parquet", hive_partitioning=True)
    loss = frame.filter(pl.col("metric_key") == "loss").group_by("run_ref", "metric_key")
    rows = loss.agg(pl.len(), pl.col("value").min()).sort("run_ref").collect().rows()

    assert expected() == rows


def test_pandas_reads_the_folder(workspace):
    """Pandas agrees, from the folder."""
    frame = pd.read_parquet(f"{workspace}/records/metric")
    loss = frame[frame.metric_key == "loss"].groupby(["run_ref", "metric_key"])["value"]
    rows = [(*key, int(n), low) for key, n, low in loss.agg(["count", "min"]).itertuples()]

    assert expected() == rows


def test_instants_carry_their_zone(workspace):
    """Timestamps arrive as UTC instants, not as text."""
    frame = pl.scan_parquet(f"{workspace}/records/metric/*/*.parquet", hive_partitioning=True)

    assert pl.Datetime("us", "UTC") == frame.collect_schema()["observed_at"]


def test_nan_is_a_value_like_any_other(workspace):
    """A non-finite metric is in the column itself, and the other columns are filled."""
    rows = duckdb.sql(
        f"""SELECT count(*), count(*) FILTER (isnan(value)) FROM
        read_parquet('{workspace}/records/metric/*/*.parquet', hive_partitioning = true)
        WHERE metric_key = 'odd'"""
    ).fetchall()

    assert [(3, 3)] == rows


def test_other_records_lie_beside_the_metrics(workspace):
    """Events have a folder and a schema of their own."""
    rows = duckdb.sql(
        f"""SELECT run_ref, event_key, message FROM
        read_parquet('{workspace}/records/event/*/*.parquet', hive_partitioning = true)
        WHERE event_key = 'note' ORDER BY run_ref"""
    ).fetchall()

    assert [(f"run:engines.run-{n}", "note", "half way") for n in range(3)] == rows
