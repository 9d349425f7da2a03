"""A store that is written and compacted answers alike in every engine, through the plain glob."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pytest

from contexta.store.records import RecordStore, RecordStoreConfig

BUSY = str(Path(__file__).with_name("_busy.py"))
RUN = "run:demo.run-1"
Answer = tuple[int, int, float]


@pytest.fixture
def pause() -> float:
    """Seconds between two compactions."""
    return 0.2


@pytest.fixture
def busy(tmp_path, pause):
    """Keep a store busy; gives its folder and how many numbers are in Parquet by now."""
    root, stop, sealed = tmp_path / "records", tmp_path / "stop", tmp_path / "sealed"
    commands = (["write", root, stop, sealed], ["compact", root, stop, pause])
    processes = []
    for command in commands:
        processes.append(subprocess.Popen([sys.executable, BUSY, *map(str, command)]))
        while not sealed.exists():  # the compactor needs a store
            assert processes[0].poll() is None
            time.sleep(0.01)
    yield root, lambda: int(sealed.read_text())
    assert [None, None] == [process.poll() for process in processes]
    stop.touch()
    assert [0, 0] == [process.wait(120) for process in processes]


def expected(last: int) -> Answer:
    """Return count, distinct numbers and sum of values of the metrics up to a number."""
    return last - 1, last - 1, sum(number / 2 for number in range(2, last + 1))


def ask_duckdb(root: Path, last: int) -> Answer:
    glob = f"{root}/metric/*/*.parquet"
    query = "SELECT count(*), count(DISTINCT sequence), sum(value) FROM read_parquet(?)"
    with duckdb.connect() as connection:
        return connection.execute(f"{query} WHERE sequence <= ?", [glob, last]).fetchone()


def ask_polars(root: Path, last: int) -> Answer:
    frame = pl.scan_parquet(f"{root}/metric/*/*.parquet").filter(pl.col("sequence") <= last)
    found = frame.select(pl.len(), pl.col("sequence").n_unique().alias("n"), pl.col("value").sum())
    return found.collect().row(0)


def ask_pandas(root: Path, last: int) -> Answer:
    frame = pd.read_parquet(f"{root}/metric", columns=["sequence", "value"])
    frame = frame[frame.sequence <= last]
    return len(frame), frame.sequence.nunique(), float(frame.value.sum())


def ask_contexta(root: Path, last: int) -> Answer:
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        table = store.arrow("metric", columns=("sequence", "value"))
    table = table.filter(pc.less_equal(table["sequence"], last))
    distinct = pc.count_distinct(table["sequence"]).as_py()
    return table.num_rows, distinct, pc.sum(table["value"]).as_py()


def patiently(ask: Callable[[Path, int], Answer], root: Path, last: int) -> tuple[Answer, int]:
    """Ask again while a file that was listed has been replaced; count how often that was."""
    for misses in range(50):
        try:
            return ask(root, last), misses
        except (OSError, duckdb.IOException, pl.exceptions.PolarsError) as error:
            text = str(error).lower()
            if not any(word in text for word in ("no such file", "not find", "cannot open")):
                raise
    raise AssertionError("a file was missing 50 times in a row")


@pytest.mark.parametrize("ask", [ask_duckdb, ask_polars, ask_pandas, ask_contexta])
def test_answers_while_written_and_compacted(busy, ask, rounds):
    """Nothing is counted twice, nothing is missing, at no moment."""
    root, sealed = busy
    misses, wrong = 0, []
    for _ in range(rounds):
        last = sealed()
        answer, missed = patiently(ask, root, last)
        misses += missed
        wrong += [(answer, expected(last))] if answer != pytest.approx(expected(last)) else []
    print(f"{ask.__name__}: rounds={rounds} asked_again={misses} wrong={len(wrong)} up to {last}")

    assert [] == wrong
    assert ask is not ask_contexta or misses == 0


def test_answers_without_the_index(busy, rounds):
    """The derived index can be deleted at any moment: the answers stay."""
    root, sealed = busy
    config = RecordStoreConfig(root)
    for _ in range(max(1, rounds // 10)):
        for leftover in root.glob("_index.sqlite*"):
            leftover.unlink(missing_ok=True)
        last = sealed()
        with RecordStore(config) as store:
            (summary,) = store.metric_summaries(run_refs=(RUN,), keys=("loss",))

        assert summary.count >= last - 1
        assert (1.0, 1.0) == (summary.first, summary.min)
        assert summary.last == summary.max == (summary.count + 1) / 2
