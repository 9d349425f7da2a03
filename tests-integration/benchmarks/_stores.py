"""Stores of many runs, built once in a folder by the quick public ways; and their twins.

Each run has 10 parameters, 10 metrics and 10 points of each. `lr` takes ten values, so a
tenth of the runs has any one. The twins hold the same numbers: one plain SQLite database as
the floor, and the database of a peer.
"""

from __future__ import annotations

import math
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

from _harness import fresh

METRICS = 10
POINTS = 10
PROJECT = "bench"
START_US = 1_767_225_600_000_000  # 2026-01-01
SCHEMA = """
create table runs (id integer primary key, name text unique, status text, started_us integer);
create table params (run integer, key text, text text, number real, primary key (run, key))
    without rowid;
create table points (run integer, key text, step integer, us integer, value real,
    primary key (run, key, step)) without rowid;
create index params_number on params (key, number, run);
"""
FINAL_SCHEMA = """
create table finals (key text, run integer, value real, primary key (key, run)) without rowid;
insert into finals select key, run, value from points where step = 9;
"""


def run_ref(number: int) -> str:
    """Return the ref of a run of these stores."""
    return f"run:{PROJECT}.run-{number}"


def params_of(number: int) -> dict[str, Any]:
    """Return ten parameters; `lr` takes ten values."""
    rest = {f"p{index}": number * index for index in range(8)}
    return {"lr": number % 10 / 10, "name": f"model-{number % 7}", **rest}


def value(number: int, metric: int, step: int) -> float:
    """Return the value of one point."""
    return math.sin(number * 0.37 + metric + step * 0.1) + number % 7


def point_rows(number: int) -> list[tuple[int, str, int, int, float]]:
    """Return the points of a run as rows of the floor's table."""
    return [
        (number, f"metric-{m}", s, START_US + number * 1_000_000 + s, value(number, m, s))
        for m in range(METRICS)
        for s in range(POINTS)
    ]


def run_models(runs: int) -> list[Any]:
    """Return a project and its runs, finished, as models of the contract."""
    from contexta.contract import Project, Run
    from contexta.contract.time import from_epoch_us

    started = [from_epoch_us(START_US + number * 1_000_000) for number in range(runs)]
    project = Project(project_ref=f"project:{PROJECT}", name=PROJECT, created_at=started[0])
    models = [
        Run(
            run_ref=run_ref(number),
            project_ref=project.project_ref,
            name=f"run-{number}",
            status="completed",
            started_at=at,
            ended_at=at,
            params=params_of(number),
        )
        for number, at in enumerate(started)
    ]
    return [project, *models]


def point_table(runs: int) -> Any:
    """Return all points as one Arrow table for a bulk append."""
    import numpy as np
    import pyarrow as pa

    per_run = METRICS * POINTS
    number = np.repeat(np.arange(runs), per_run)
    metric = np.tile(np.repeat(np.arange(METRICS), POINTS), runs)
    step = np.tile(np.arange(POINTS), runs * METRICS)
    refs = pa.DictionaryArray.from_arrays(
        pa.array(number, pa.int32()), pa.array([run_ref(n) for n in range(runs)])
    )
    keys = pa.DictionaryArray.from_arrays(
        pa.array(metric, pa.int32()), pa.array([f"metric-{m}" for m in range(METRICS)])
    )
    times = pa.array(START_US + number * 1_000_000 + step).cast(pa.timestamp("us", tz="UTC"))
    values = np.sin(number * 0.37 + metric + step * 0.1) + number % 7
    return pa.table(
        {
            "run_ref": refs.cast(pa.string()),
            "metric_key": keys.cast(pa.string()),
            "value": values,
            "step": step,
            "observed_at": times,
        }
    )


def workspace(folder: Path, runs: int) -> Path:
    """Return a workspace of so many finished runs, building it when it is not there yet."""
    from contexta import Contexta

    path = folder / f"workspace-{runs}"
    mark = folder / f"workspace-{runs}.built"
    if not mark.exists():
        with Contexta(workspace=path) as ctx:
            ctx.metadata_store.put_all(run_models(runs))
            ctx.record_store.append_table("metric", point_table(runs))
            ctx.flush(seal=True)
        with Contexta(workspace=path) as ctx:  # whoever asks first brings the index up to date
            ctx.record_store.last_values("metric-0")
        mark.touch()
    return path


def sqlite_twin(folder: Path, runs: int) -> Path:
    """Return one SQLite database with the same facts, indexed for the questions asked."""
    path = folder / f"floor-{runs}.sqlite"
    if not path.exists():
        building = folder / f"floor-{runs}.building"
        with sqlite3.connect(building) as db:
            db.executescript(SCHEMA)
            for number in range(runs):
                insert_run(db, number)
            db.executescript(FINAL_SCHEMA)
        db.close()
        building.rename(path)
    return path


def insert_run(db: sqlite3.Connection, number: int) -> None:
    """Insert one run, its parameters and its points; the caller commits."""
    at = START_US + number * 1_000_000
    db.execute("insert into runs values (?, ?, 'completed', ?)", (number, f"run-{number}", at))
    params = [
        (number, key, str(cell), None if isinstance(cell, str) else float(cell))
        for key, cell in params_of(number).items()
    ]
    db.executemany("insert into params values (?, ?, ?, ?)", params)
    db.executemany("insert into points values (?, ?, ?, ?, ?)", point_rows(number))


def trackio_twin(folder: Path, runs: int) -> Path:
    """Return the folder of a trackio project with the same runs, by its own bulk insert."""
    path = folder / f"trackio-{runs}"
    mark = folder / f"trackio-{runs}.built"
    if not mark.exists():
        fresh(build_trackio, path, runs)
        mark.touch()
    return path


def build_trackio(folder: str, runs: int) -> None:
    """Fill a trackio project; it takes its folder from the environment, once."""
    os.environ["TRACKIO_DIR"] = folder
    from trackio.sqlite_storage import SQLiteStorage

    for number in range(runs):
        logs = [{f"metric-{m}": value(number, m, s) for m in range(METRICS)} for s in range(POINTS)]
        SQLiteStorage.bulk_log(PROJECT, f"run-{number}", logs, config=params_of(number))


def some_runs(runs: int, count: int) -> list[int]:
    """Return `count` run numbers, the same each time, spread over the store."""
    return random.Random(7).sample(range(runs), min(count, runs))
