"""Spark reads the records of a store in use through the plain glob, as the other engines do."""

import random
import shutil
from pathlib import Path

import pytest
from _spark_connect import fill, run_refs
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from test_while_written import busy, expected

from contexta.interpretation.aggregates import AggregateService, DuckDbEngine, SparkEngine
from contexta.store.records import RecordStore, RecordStoreConfig

__all__ = ["busy"]
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs a Java runtime")
# How Spark says that a file which it listed has been replaced.
MISSING = ("FileNotFoundException", "NoSuchFileException", "FILE_NOT_EXIST")


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]").appName("contexta")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder),
        "spark.sql.session.timeZone": "UTC",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def pause() -> float:
    """Seconds between two compactions: Spark takes its time between listing and reading."""
    return 10.0


def part_names(root: Path) -> set[str]:
    """Return what is in the folder, in one look at it."""
    return {path.name for path in (root / "metric").glob("*/*.parquet")}


def test_spark_answers_while_written_and_compacted(busy, spark, rounds):
    """Nothing is counted twice, nothing is missing, at no moment."""
    root, sealed = busy
    misses, short, wrong = 0, 0, []
    for _ in range(rounds):
        last = sealed()
        for _ in range(50):
            there = part_names(root)
            try:
                frame = spark.read.parquet(f"{root}/metric/*/*.parquet")
                # Spark drops a file that is gone between its two looks at a folder, silently.
                if not there <= {url.rpartition("/")[2] for url in frame.inputFiles()}:
                    short += 1
                    continue
                found = frame.where(f.col("sequence") <= last).agg(
                    f.count("*"), f.count_distinct("sequence"), f.sum("value")
                )
                answer = tuple(found.first())
            except (PySparkException, Py4JJavaError) as error:
                if not any(word in str(error) for word in MISSING):
                    raise
                misses += 1
                continue
            break
        wrong += [(answer, expected(last))] if answer != pytest.approx(expected(last)) else []
    again = f"asked_again={misses} short_listings={short}"
    print(f"spark: rounds={rounds} {again} wrong={len(wrong)} up to {last}")

    assert [] == wrong


def test_columns_arrive_with_their_types(busy, spark):
    """Instants, maps and doubles need no cast."""
    root, _ = busy
    types = dict(spark.read.parquet(f"{root}/metric/*/*.parquet").dtypes)

    assert "timestamp" == types["observed_at"]
    assert "map<string,string>" == types["tags"]
    assert ("double", "bigint") == (types["value"], types["sequence"])


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_a_classic_session_answers_aggregate_questions(tmp_path, spark):
    """Spark Connect is not needed where Spark runs in the process."""
    runs = run_refs(4)
    with RecordStore(RecordStoreConfig(tmp_path, durability_mode="flush")) as store:
        fill(store, runs, 64, random.Random(1))
        store.seal()
        classic = AggregateService(SparkEngine(spark, str(tmp_path), records=store))
        here = AggregateService(DuckDbEngine(store))
        found = [ask.record_counts(runs=runs) for ask in (classic, here)]

    assert found[0].rows == found[1].rows
    assert 64 == sum(row.metrics for row in found[0].rows)
