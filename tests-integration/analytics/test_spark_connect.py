"""Spark, through a Connect server, and DuckDB answer each aggregate question alike.

Counts, texts and times are equal; floats agree to 1e-12 of their size, NaN with NaN.
"""

import dataclasses
import math
import random
import shutil

import pyarrow.parquet as pq
import pytest
from _spark_connect import fill, run_refs, spark_connect_server

from contexta.interpretation.aggregates import (
    AggregateError,
    AggregateService,
    DuckDbEngine,
    SparkEngine,
)
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs a Java runtime"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]
TOLERANCE = 1e-12
RUNS = run_refs(24)
MANY_RUNS = run_refs(260)
GROUPS = {"first": RUNS[:8], "second": RUNS[8:13], "one": RUNS[13:14], "none": []}

# Asked before and after compaction; the session must not answer from an old list of files.
TWICE = {
    "all summaries": lambda ask: ask.metric_summaries(),
    "trend": lambda ask: ask.trend("loss", runs=RUNS),
    "groups": lambda ask: ask.group_statistics("loss", GROUPS),
    "curves": lambda ask: ask.step_curve("loss", groups=GROUPS),
    "counts of many runs": lambda ask: ask.record_counts(runs=MANY_RUNS),
}
ONCE = {
    "summaries of a project": lambda ask: ask.metric_summaries("loss", project_name="2024"),
    "last values of many runs": lambda ask: ask.last_values("val/auc", runs=MANY_RUNS[::-1]),
    "curve": lambda ask: ask.step_curve("loss", runs=RUNS, stage_name="train"),
    "unknown metric": lambda ask: ask.baseline("no such metric", runs=RUNS),
    "unknown curve": lambda ask: ask.step_curve("no such metric", runs=RUNS),
    "no run": lambda ask: ask.baseline("loss", runs=[]),
    **{
        f"last values, {stage}": lambda ask, stage=stage: ask.last_values(
            "loss", runs=RUNS, stage_name=stage
        )
        for stage in ("train", "Train Phase", "no such stage")
    },
    **{
        f"baseline, {name}": lambda ask, name=name: ask.baseline(
            "accuracy", runs=RUNS, aggregation=name
        )
        for name in ("latest", "max", "min", "mean")
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with spark_connect_server(tmp_path_factory.mktemp("spark")) as url:
        yield url


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Random records in many parts, all sealed."""
    root = tmp_path_factory.mktemp("workspace") / "records"
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as handle:
        fill(handle, RUNS, 4_000, random.Random(11))
        handle.seal()
        yield handle


@pytest.fixture(scope="module")
def engines(server, store):
    """Both engines as services, DuckDB first."""
    with SparkEngine.connect(server, str(store.root_path), records=store) as spark:
        yield AggregateService(DuckDbEngine(store)), AggregateService(spark)


def difference(one, other) -> float:
    """The relative difference of two values: 0 when equal, infinite when they must be equal."""
    if isinstance(one, float) and isinstance(other, float):
        if one == other or (math.isnan(one) and math.isnan(other)):
            return 0.0
        if math.isfinite(one) and math.isfinite(other):
            return abs(one - other) / max(abs(one), abs(other))
    return 0.0 if one == other else math.inf


def worst(left, right) -> tuple[float, str]:
    """The largest difference between two answers, and where it is."""
    assert len(left.rows) == len(right.rows)
    found = [(0.0, "")]
    for one, other in zip(left.rows, right.rows, strict=True):
        for field in dataclasses.fields(one):
            name = field.name
            apart = difference(getattr(one, name), getattr(other, name))
            found.append((apart, f"{name}: {one} {other}" if apart else ""))
    return max(found)


def check(engines, questions, when: str) -> None:
    left, right = engines
    total, largest = 0, (0.0, "")
    for name, question in questions.items():
        one, other = question(left), question(right)
        found = worst(one, other)
        total += len(one.rows)
        largest = max(largest, found)

        assert found[0] <= TOLERANCE, (name, found)
        assert one.completeness == other.completeness, name
    print(f"{when}: {len(questions)} questions, {total} rows, largest difference {largest[0]:.1e}")


def parts(store) -> int:
    return len(list(store.root_path.glob("metric/*/*.parquet")))


def test_spark_and_duckdb_agree_before_and_after_compaction(engines, store):
    """Many small parts, then few: the answers stay, in the same session too."""
    before = parts(store)
    check(engines, TWICE | ONCE, f"{before} parts")
    store.compact(full=True)
    check(engines, TWICE, f"{parts(store)} parts")

    assert parts(store) < before


class Racing:
    """A session whose files are compacted between listing and reading, once."""

    def __init__(self, session, store):
        self._session, self._store = session, store
        self.asked = 0

    def sql(self, *args, **named):
        self.asked += 1
        if self.asked == 1:
            self._store.compact(full=True)
        return self._session.sql(*args, **named)

    def __getattr__(self, name):
        return getattr(self._session, name)


def test_a_question_that_compaction_outran_is_asked_again(server, tmp_path):
    """The files that were listed are gone; the second answer is whole."""
    from pyspark.sql.connect.session import SparkSession  # warns, which only tests may

    with RecordStore(RecordStoreConfig(tmp_path, durability_mode="flush")) as store:
        fill(store, RUNS, 300, random.Random(3))
        store.seal()
        session = SparkSession.builder.remote(server).create()
        racing = Racing(session, store)
        answer = AggregateService(SparkEngine(racing, str(tmp_path))).baseline("loss", runs=RUNS)
        session.stop()
        expected = AggregateService(DuckDbEngine(store)).baseline("loss", runs=RUNS)

    assert racing.asked > 1
    assert worst(answer, expected)[0] <= TOLERANCE


def test_spark_counts_what_is_not_sealed(engines, store):
    """DuckDB reads live segments; Spark says how many records it does not see."""
    _, right = engines
    seen = right.last_values("loss", runs=RUNS[:1]).rows[0].count
    writer = store.writer()
    series = writer.define_series(SeriesContext(RUNS[0], "vision"), "fresh")
    writer.append_point(series, 1_700_000_000_000_000, 1.0, 0)
    fresh = [ask.last_values("fresh", runs=RUNS[:2]) for ask in engines]
    other = right.last_values("loss", runs=RUNS[:1])
    store.seal()
    sealed = [ask.last_values("fresh", runs=RUNS[:2]) for ask in engines]

    assert [1, 0] == [len(answer.rows) for answer in fresh]
    assert [(), ("unsealed_records:1",)] == [answer.completeness.notes for answer in fresh]
    assert ((), seen) == (other.completeness.notes, other.rows[0].count)
    assert sealed[0].rows == sealed[1].rows


def test_without_the_store_spark_says_that_nobody_knows(server, store):
    """A cluster that has only the files cannot count what is not in them."""
    with SparkEngine.connect(server, f"file://{store.root_path}") as engine:
        answer = AggregateService(engine).baseline("loss")

    assert ("unsealed_records:unknown",) == answer.completeness.notes


def test_values_are_bound_not_pasted(engines):
    """SQL in a metric key or a stage name is a name that no run has."""
    evil = "loss' OR '1'='1"
    found = [
        [len(ask.last_values(evil).rows), len(ask.last_values("loss", stage_name=evil).rows)]
        for ask in engines
    ]

    assert [[0, 0], [0, 0]] == found


def test_one_flipped_bit_is_an_error(server, tmp_path):
    """Spark verifies the pages that it reads: no answer is better than a wrong one."""
    with RecordStore(RecordStoreConfig(tmp_path, durability_mode="flush")) as store:
        writer = store.writer()
        series = writer.define_series(SeriesContext(RUNS[0], "vision"), "loss")
        dice = random.Random(1)
        for step in range(2_000):
            writer.append_point(series, 1_700_000_000_000_000 + step, dice.random(), step)
    (part,) = tmp_path.glob("metric/*/*.parquet")
    group = pq.read_metadata(part).row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    (values,) = (column for column in columns if column.path_in_schema == "value")
    raw = bytearray(part.read_bytes())
    raw[values.data_page_offset + values.total_compressed_size // 2] ^= 1
    part.write_bytes(raw)
    with (
        SparkEngine.connect(server, str(tmp_path)) as engine,
        pytest.raises(AggregateError) as caught,
    ):
        AggregateService(engine).baseline("loss", runs=RUNS[:1], aggregation="mean")

    assert "aggregates_engine_failed" == caught.value.code
    assert part.name in caught.value.message


def test_a_folder_without_records_is_refused(server, tmp_path):
    """A mistyped path is an error, not an empty answer."""
    with pytest.raises(AggregateError) as caught:
        SparkEngine.connect(server, str(tmp_path / "recrods"))

    assert "aggregates_records_not_found" == caught.value.code


def test_a_server_that_does_not_answer_is_an_error(tmp_path):
    """Soon, and not after the ten minutes for which Spark's client would try."""
    with pytest.raises(AggregateError) as caught:
        SparkEngine.connect("sc://127.0.0.1:9", str(tmp_path), timeout_seconds=0.5)

    assert "aggregates_connection_failed" == caught.value.code
