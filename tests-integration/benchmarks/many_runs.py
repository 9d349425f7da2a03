"""Finished runs of 10 parameters and 10 metrics of 10 points: runs per second, bytes a run."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import _stores
from _harness import Options, fresh, has, in_turn, main, row, tree_bytes

FLOOR = "sqlite3, a synced transaction a run"
PEER = "tensorboardX, a writer a run"
KEYS = [f"metric-{m}" for m in range(_stores.METRICS)]


def facade(folder: str, runs: int) -> list[float]:
    """Open, fill and close each run as a script does; compact at the end."""
    from contexta import Contexta

    with Contexta(workspace=folder) as ctx:
        with ctx.run("warm") as run:
            run.metric("warm", 0.5)
        started = time.perf_counter()
        for number in range(runs):
            with ctx.run("bench", params=_stores.params_of(number)) as run:
                for step in range(_stores.POINTS):
                    run.log(values_at(number, step), step=step)
        spent = time.perf_counter() - started
    return [runs / spent, *compacted(folder, runs)]


def stores(folder: str, runs: int) -> list[float]:
    """Write the rows and the points of each run through the stores, one run at a time."""
    from contexta import Contexta
    from contexta.store.records import SeriesContext

    project, *models = _stores.run_models(runs)
    opened = [m.model_copy(update={"status": "open", "ended_at": None}) for m in models]
    with Contexta(workspace=folder) as ctx:
        repository = ctx.metadata_store.runs
        ctx.metadata_store.put_all([project])
        writer = ctx.record_store.writer()
        started = time.perf_counter()
        for number, run in enumerate(opened):
            repository.create_run(run)
            context = SeriesContext(run.run_ref.text, _stores.PROJECT)
            ids = [writer.define_series(context, key) for key in KEYS]
            for step in range(_stores.POINTS):
                at = _stores.START_US + number * 1_000_000 + step
                for metric, series in enumerate(ids):
                    writer.append_point(series, at, _stores.value(number, metric, step), step)
            repository.close_run(run.run_ref, status="completed", ended_at=models[number].ended_at)
        ctx.flush()
        spent = time.perf_counter() - started
    return [runs / spent, *compacted(folder, runs)]


def compacted(folder: str, runs: int) -> list[float]:
    """Compact a workspace; return its bytes a run and what Parquet has of them."""
    from contexta import Contexta

    with Contexta(workspace=folder) as ctx:
        ctx.record_store.compact(full=True)
        table = ctx.record_store.arrow("metric", columns=["sequence"])
    expected = runs * _stores.METRICS * _stores.POINTS
    if not expected <= table.num_rows <= expected + 1:
        sys.exit(f"expected {expected} points, found {table.num_rows}")
    root = Path(folder)
    parquet = tree_bytes(root / "records" / "metric", "*.parquet")
    return [tree_bytes(root / "records") / runs, parquet / runs, tree_bytes(root) / runs]


def values_at(number: int, step: int) -> dict[str, float]:
    """Return the values of all metrics at one step."""
    return {key: _stores.value(number, metric, step) for metric, key in enumerate(KEYS)}


def sqlite(folder: str, runs: int) -> list[float]:
    """Insert the same rows, one transaction a run, each synced to disk."""
    path = Path(folder) / "floor.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.executescript(_stores.SCHEMA)
        started = time.perf_counter()
        for number in range(runs):
            _stores.insert_run(db, number)
            db.commit()
        spent = time.perf_counter() - started
    db.close()
    return [runs / spent, path.stat().st_size / runs]


def tensorboard(folder: str, runs: int) -> list[float]:
    """Open a writer a run, add parameters as text and the scalars, close it."""
    from tensorboardX import SummaryWriter

    started = time.perf_counter()
    for number in range(runs):
        writer = SummaryWriter(str(Path(folder) / f"run-{number}"))
        writer.add_text("params", str(_stores.params_of(number)))
        for step in range(_stores.POINTS):
            for key, cell in values_at(number, step).items():
                writer.add_scalar(key, cell, step)
        writer.close()
    spent = time.perf_counter() - started
    return [runs / spent, tree_bytes(Path(folder)) / runs]


def measure(options: Options) -> list[dict]:
    """Take turns at each size; the peer not beyond 100 runs."""
    works: dict[str, list[dict]] = {}
    for runs in options.pick([10, 50], [100, 1_000]):

        def one(function: object, runs: int = runs) -> list[float]:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                return fresh(function, folder, runs)

        calls = {f.__name__: lambda f=f, one=one: one(f) for f in (facade, stores, sqlite)}
        if has("tensorboardX") and runs <= 100:
            calls["peer"] = lambda one=one: one(tensorboard)
        found = in_turn(calls, options.pick(1, 3))
        for name, unit, number, index, goal in (
            ("by ctx.run", "runs/s", found["facade"][0], 0, (">=", 300.0)),
            ("by the stores", "runs/s", found["stores"][0], 0, None),
            ("records folder, compacted", "bytes/run", found["facade"][1], 1, ("<=", 5_120.0)),
            ("its Parquet alone", "bytes/run", found["facade"][2], 1, None),
            ("whole workspace", "bytes/run", found["facade"][3], 1, None),
        ):
            floor = (FLOOR, found["sqlite"][index])
            peer = (PEER, found["peer"][index]) if "peer" in found else None
            given = {"floor": floor, "peer": peer, "goal": goal if runs >= 1_000 else None}
            line = row(f"finished runs, {name}", runs, unit, number, **given)
            works.setdefault(name, []).append(line)
    return [one for same in works.values() for one in same]


if __name__ == "__main__":
    main(measure)
