"""One series of ten points in a fresh process, beyond imports, in stores of 100 to 10,000 runs."""

from __future__ import annotations

import itertools
import os
import sqlite3
import time

import _stores
from _harness import Options, fresh, has, in_turn, main, row
from _imports import import_beforehand, modules_file

FLOOR = "sqlite3, rows clustered by run and key"
PEER = "trackio get_metric_values"
POINTS = _stores.POINTS


def from_store(folder: str, number: int, modules: str) -> float:
    """Open the record store of a workspace and read one series: milliseconds."""
    import_beforehand(modules)
    from contexta.store.records import RecordStore, RecordStoreConfig

    started = time.perf_counter()
    with RecordStore(RecordStoreConfig(f"{folder}/records")) as store:
        points = store.series(_stores.run_ref(number), "metric-3")
        spent = time.perf_counter() - started
    assert points.num_rows == POINTS
    return spent * 1e3


def from_facade(folder: str, number: int, modules: str) -> float:
    """Open the workspace and ask for one series: milliseconds."""
    import_beforehand(modules)
    from contexta import Contexta

    started = time.perf_counter()
    with Contexta(workspace=folder) as ctx:
        series = ctx.get_step_series(f"run-{number}", "metric-3")
        spent = time.perf_counter() - started
    assert len(series.points) == POINTS
    return spent * 1e3


def from_sqlite(path: str, number: int, modules: str) -> float:
    """Open the database and read the same rows: milliseconds."""
    import_beforehand(modules)
    started = time.perf_counter()
    with sqlite3.connect(path) as db:
        text = "select step, us, value from points join runs on runs.id = run where name = ?"
        rows = db.execute(f"{text} and key = 'metric-3'", (f"run-{number}",)).fetchall()
        spent = time.perf_counter() - started
    assert len(rows) == POINTS
    return spent * 1e3


def from_trackio(folder: str, number: int, modules: str) -> float:
    """Read the same series through the peer's storage: milliseconds."""
    os.environ["TRACKIO_DIR"] = folder
    from trackio.sqlite_storage import SQLiteStorage

    started = time.perf_counter()
    points = SQLiteStorage.get_metric_values(_stores.PROJECT, f"run-{number}", "metric-3")
    spent = time.perf_counter() - started
    assert len(points) == POINTS
    return spent * 1e3


def measure(options: Options) -> list[dict]:
    """Read another run in each round, so that none is cached by an earlier one."""
    store_rows, facade_rows = [], []
    modules = modules_file(options.folder)
    for runs in options.pick([100, 1_000], [100, 1_000, 10_000]):
        workspace = _stores.workspace(options.folder, runs)
        database = _stores.sqlite_twin(options.folder, runs)
        sources = {"store": (from_store, workspace), FLOOR: (from_sqlite, database)}
        sources["facade"] = (from_facade, workspace)
        if has("trackio"):
            twin = _stores.trackio_twin(options.folder, runs)
            sources[PEER] = (from_trackio, twin)

        def call(name: str, sources: dict = sources, runs: int = runs) -> object:
            function, place = sources[name]
            numbers = itertools.cycle(_stores.some_runs(runs, 50))
            return lambda: fresh(function, place, next(numbers), modules)

        found = in_turn({name: call(name) for name in sources}, options.pick(1, 11))
        floor = (FLOOR, found[FLOOR])
        peer = (PEER, found[PEER]) if PEER in found else None
        given = {"floor": floor, "peer": peer, "goal": ("<=", 10.0)}
        name = "one series, fresh process, record store"
        store_rows.append(row(name, runs, "ms", found["store"], **given))
        name = "one series, fresh process, facade"
        facade_rows.append(row(name, runs, "ms", found["facade"], **given))
    return store_rows + facade_rows


if __name__ == "__main__":
    main(measure)
