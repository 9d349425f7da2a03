"""Compact a store of many rows; then one metric of one run, by engines and by the store itself.

The rows are appended in bulk, a slice of all series at a time, so that each part before the
compaction has all runs and no part is in the order of the whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from _harness import (
    Options,
    drop_from_cache,
    fresh,
    has,
    in_turn,
    main,
    median_ms,
    peak_rss_mib,
    row,
    seconds,
    tree_bytes,
)
from _imports import import_beforehand, modules_file

RUNS, METRICS, SLICES = 10, 10, 10
START_US = 1_767_225_600_000_000
FLOOR_MERGE = "pyarrow: read, sort and write 6 columns"
FLOOR_READ = "one numpy file a series"
FLOOR_HASH = "hashlib.sha256 of the bytes"
RUN, KEY = "run:bench.run-4", "metric-3"


def build(folder: str, rows: int) -> None:
    """Append all rows in slices, each sealed into a part of its own; and the floor's file."""
    import numpy as np
    import pyarrow as pa

    from contexta.store.records import RecordStore, RecordStoreConfig

    per = rows // (RUNS * METRICS * SLICES)
    refs = pa.array([f"run:bench.run-{n}" for n in range(RUNS)])
    keys = pa.array([f"metric-{n}" for n in range(METRICS)])
    # The order of arrival: step by step, all runs and metrics of each.
    series = np.tile(np.arange(RUNS * METRICS), per)
    random = np.random.default_rng(0)
    settings = RecordStoreConfig(folder, durability_mode="flush", compact_small_parts=False)
    with RecordStore(settings) as store:
        for part in range(SLICES):
            steps = np.repeat(np.arange(part * per, (part + 1) * per), RUNS * METRICS)
            values = np.sin(steps / 100 + series) + random.random(len(steps)) * 0.01
            times = pa.array(START_US + steps * 1_000).cast(pa.timestamp("us", tz="UTC"))
            table = pa.table(
                {
                    "run_ref": refs.take(pa.array(series // METRICS)),
                    "metric_key": keys.take(pa.array(series % METRICS)),
                    "value": values,
                    "step": steps,
                    "observed_at": times,
                }
            )
            store.append_table("metric", table)
            store.seal()
    floor = np.rec.fromarrays([np.arange(per * SLICES), np.zeros(per * SLICES)])
    np.save(f"{folder}-series.npy", floor)


def compact(folder: str) -> list[float]:
    """Compact the store: seconds, bytes a row and peak memory."""
    from contexta.store.records import RecordStore, RecordStoreConfig

    root = Path(folder)
    with RecordStore(RecordStoreConfig(root)) as store:
        rows = sum(store.record_counts(f"run:bench.run-{n}")["metric"] for n in range(RUNS))
        report = store.compact(full=True)
    if report.rows != rows:
        sys.exit(f"{report.rows} of {rows} rows were compacted: {report}")
    return [report.seconds, tree_bytes(root / "metric", "*.parquet") / rows, peak_rss_mib()]


def sort_with_arrow(folder: str) -> list[float]:
    """Do what a compaction does at the least: one sorted file of what was given, in memory."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    path = Path(f"{folder}-floor.parquet")
    started = time.perf_counter()
    source = ds.dataset(f"{folder}/metric", partitioning="hive")
    order = ["run_ref", "metric_key", "step", "sequence"]
    table = source.to_table([*order, "observed_at", "value"])
    with path.open("wb") as file:
        options = {"compression": "zstd", "compression_level": 3, "row_group_size": 131_072}
        pq.write_table(table.sort_by([(name, "ascending") for name in order]), file, **options)
        file.flush()
        os.fsync(file.fileno())
    spent = time.perf_counter() - started
    size = path.stat().st_size
    path.unlink()
    return [spent, size / table.num_rows, peak_rss_mib()]


def readers(folder: str) -> dict[str, Any]:
    """Return a call for each way to read one metric of one run."""
    import numpy as np

    glob = f"{folder}/metric/**/*.parquet"
    calls: dict[str, Any] = {FLOOR_READ: lambda: np.load(f"{folder}-series.npy")}
    if has("duckdb"):
        import duckdb

        session = duckdb.connect()
        text = f"select step, value from read_parquet('{glob}') where run_ref = '{RUN}'"
        calls["DuckDB"] = lambda: session.execute(
            f"{text} and metric_key = '{KEY}'"
        ).to_arrow_table()
    if has("polars"):
        import polars as pl

        wanted = (pl.col("run_ref") == RUN) & (pl.col("metric_key") == KEY)
        calls["Polars"] = lambda: (
            pl.scan_parquet(glob).filter(wanted).select("step", "value").collect()
        )
    from contexta.store.records import RecordStore, RecordStoreConfig

    store = RecordStore(RecordStoreConfig(folder, read_only=True))
    calls["store.series"] = lambda: store.series(RUN, KEY)
    arrow = partial(store.arrow, "metric", run_refs=[RUN], keys=[KEY], columns=["step", "value"])
    calls["store.arrow"] = arrow
    return calls


def read_warm(folder: str, rows: int, count: int) -> dict[str, float]:
    """Read with each in turn in one process: milliseconds."""
    calls = readers(folder)
    for name, call in calls.items():
        if len(call()) != rows // (RUNS * METRICS):
            sys.exit(f"{name} read {len(call())} rows")
    return in_turn({name: partial(median_ms, call, 3) for name, call in calls.items()}, count)


def read_cold(folder: str, name: str, modules: str) -> float:
    """Read once with one of them in a fresh process, the files out of the cache: milliseconds."""

    import contexta.store.records._index_look
    import contexta.store.records._last_values
    import contexta.store.records._reads  # noqa: F401

    call = readers(folder)[name]
    drop_from_cache(Path(folder))
    drop_from_cache(Path(f"{folder}-series.npy"))
    return seconds(call) * 1e3


def check(folder: str, modules: str) -> float:
    """Check the integrity of the store: MB/s."""
    import_beforehand(modules)
    from contexta.store.records import RecordStore, RecordStoreConfig

    with RecordStore(RecordStoreConfig(folder, read_only=True)) as store:
        started = time.perf_counter()
        report = store.check_integrity()
        spent = time.perf_counter() - started
    if report.issues:
        sys.exit(f"the store is damaged: {report.issues}")
    return tree_bytes(Path(folder), "*.parquet") / spent / 1e6


def hash_all(folder: str) -> float:
    """Hash the same bytes: MB/s."""
    started = time.perf_counter()
    for path in Path(folder).rglob("*.parquet"):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return tree_bytes(Path(folder), "*.parquet") / (time.perf_counter() - started) / 1e6


def measure(options: Options) -> list[dict]:
    """Build, compact a copy in each round, then read and check what came of it."""
    works: dict[str, list[dict]] = {}
    modules = modules_file(options.folder)

    def add(work: str, size: int, unit: str, ours: float, **given: Any) -> None:
        works.setdefault(work, []).append(row(work, size, unit, ours, **given))

    for rows in options.pick([10_000, 100_000], [100_000, 1_000_000, 10_000_000]):
        with options.scratch() as scratch:
            source, store = scratch / "source", scratch / "store"
            fresh(build, source, rows)

            def compacted(source: Path = source, store: Path = store) -> list[float]:
                shutil.rmtree(store, ignore_errors=True)
                shutil.copytree(source, store)
                return fresh(compact, store)

            repeats = 1 if options.quick or rows > 1_000_000 else 3
            calls = {"ours": compacted, "floor": partial(fresh, sort_with_arrow, source)}
            found = in_turn(calls, repeats)
            (spent, size, memory), floor = found["ours"], found["floor"]
            for name, unit, number, index in (
                ("speed", "rows/s", rows / spent, 0),
                ("on disk", "bytes/row", size, 1),
                ("peak RSS", "MiB", memory, 2),
            ):
                other = rows / floor[0] if index == 0 else floor[index]
                add(f"compaction, {name}", rows, unit, number, floor=(FLOOR_MERGE, other))
            shutil.copy(f"{source}-series.npy", f"{store}-series.npy")
            warm = fresh(read_warm, store, rows, options.pick(3, 9))
            colds = {name: partial(fresh, read_cold, store, name, modules) for name in warm}
            cold = in_turn(colds, options.pick(1, 5))
            for state, times in (("warm", warm), ("cold", cold)):
                base = (FLOOR_READ, times[FLOOR_READ])
                peers = [name for name in ("DuckDB", "Polars") if name in times]
                for call in ("store.series", "store.arrow"):
                    for peer in peers or [None]:
                        work = f"one metric of one run, {state}, {call}"
                        work += f" beside {peer}" if peer else ""
                        other = None if peer is None else (peer, times[peer])
                        add(work, rows, "ms", times[call], floor=base, peer=other)
            calls = {
                "ours": partial(fresh, check, store, modules),
                "floor": partial(fresh, hash_all, store),
            }
            found = in_turn(calls, options.pick(1, 3))
            add("check_integrity", rows, "MB/s", found["ours"], floor=(FLOOR_HASH, found["floor"]))
    return [one for same in works.values() for one in same]


if __name__ == "__main__":
    main(measure)
