"""Puts into the metadata plane: a run, a stage, many samples; beside plain sqlite3 rows.

Where the programs of PostgreSQL and its driver are installed, the same puts go to a
throwaway server, in the column of the peer.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import _stores
from _harness import Options, fresh, has, in_turn, main, percentile, row

FLOOR = "sqlite3, same rows, as durable"
PEER = "this plane on PostgreSQL"
TABLES = """
create table runs (ref text primary key, project text, name text, status text, started integer,
    content text);
create index runs_started on runs (started, ref);
create table params (run text, key text, text text, number real, primary key (run, key))
    without rowid;
create table stages (ref text primary key, run text, name text, status text, started integer,
    content text);
create index stages_run on stages (run, started, ref);
create table samples (ref text primary key, run text, stage text, name text, at integer,
    content text);
create index samples_run on samples (run, at, ref);
create index samples_stage on samples (stage, at, ref);
"""


def models(count: int, many: int) -> tuple[Any, list[Any], list[Any], list[Any]]:
    """Return a project, runs with ten parameters, a stage of each, samples of the first."""
    from contexta.contract import SampleObservation, StageExecution

    project, *runs = _stores.run_models(count)
    stages = [
        StageExecution(
            stage_execution_ref=f"stage:{run.run_ref.value}.train",
            run_ref=run.run_ref,
            stage_name="train",
            status="completed",
            started_at=run.started_at,
            ended_at=run.ended_at,
        )
        for run in runs
    ]
    first = stages[0]
    samples = [
        SampleObservation(
            sample_observation_ref=f"sample:{first.stage_execution_ref.value}.s-{number}",
            run_ref=first.run_ref,
            stage_execution_ref=first.stage_execution_ref,
            sample_name=f"s-{number}",
            observed_at=first.started_at,
        )
        for number in range(many)
    ]
    return project, runs, stages, samples


def each(call: Any, items: list[Any]) -> float:
    """Return the median milliseconds of a call for each item, after a few that warm."""
    spent = []
    for item in items:
        before = time.perf_counter_ns()
        call(item)
        spent.append(time.perf_counter_ns() - before)
    return percentile(spent[3:], 50) / 1e3


def ours(folder: str, count: int, many: int, server: bool) -> list[float]:
    """Create runs, put stages, put samples in one call: ms, ms, items/s."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    project, runs, stages, samples = models(count, many)
    with ExitStack() as stack:
        settings = MetadataStoreConfig(database_path=Path(folder) / "ledger.sqlite")
        if server:
            from contexta.store.testing import throwaway_postgres

            url = stack.enter_context(throwaway_postgres({"fsync": "on"})).url
            settings = MetadataStoreConfig(url=url)
        store = stack.enter_context(MetadataStore(settings))
        store.projects.put_project(project)
        run_ms = each(store.runs.create_run, runs)
        stage_ms = each(store.stages.put_stage_execution, stages)
        before = time.perf_counter()
        store.samples.put_many(samples)
        return [run_ms, stage_ms, many / (time.perf_counter() - before)]


def plain(folder: str, count: int, many: int) -> list[float]:
    """Insert as much by statements, the JSON content ready; each put synced to disk."""
    _, runs, stages, samples = models(count, many)
    db = sqlite3.connect(Path(folder) / "floor.sqlite", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.executescript(TABLES)

    def rows_of(items: list[Any], *names: str) -> list[tuple]:
        return [
            (*(str(getattr(item, name)) for name in names), 1, item.to_json()) for item in items
        ]

    def put_run(pair: tuple[tuple, Any]) -> None:
        cells, run = pair
        db.execute("begin immediate")
        db.execute("insert into runs values (?, ?, ?, ?, ?, ?)", cells)
        facts = [(cells[0], key, str(cell), None) for key, cell in run.params.items()]
        db.executemany("insert into params values (?, ?, ?, ?)", facts)
        db.execute("commit")

    def put_stage(cells: tuple) -> None:
        db.execute("insert into stages values (?, ?, ?, ?, ?, ?)", cells)

    run_rows = rows_of(runs, "run_ref", "project_ref", "name", "status")
    run_ms = each(put_run, list(zip(run_rows, runs, strict=True)))
    names = ("stage_execution_ref", "run_ref", "stage_name", "status")
    stage_ms = each(put_stage, rows_of(stages, *names))
    names = ("sample_observation_ref", "run_ref", "stage_execution_ref", "sample_name")
    cells = rows_of(samples, *names)
    before = time.perf_counter()
    db.execute("begin immediate")
    db.executemany("insert into samples values (?, ?, ?, ?, ?, ?)", cells)
    db.execute("commit")
    spent = time.perf_counter() - before
    db.close()
    return [run_ms, stage_ms, many / spent]


def postgres_is_here() -> bool:
    """Tell whether a server can be started."""
    from contexta.store.testing import find_postgres_programs

    return has("psycopg") and find_postgres_programs() is not None


def measure(options: Options) -> list[dict]:
    """Take turns, in databases of their own."""
    rows: dict[str, list[dict]] = {}
    count = options.pick(30, 200)
    for many in options.pick([100, 1_000], [100, 1_000, 10_000]):

        def one(function: object, *more: bool, many: int = many) -> list[float]:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                return fresh(function, folder, count, many, *more)

        calls = {"ours": lambda one=one: one(ours, False), FLOOR: lambda one=one: one(plain)}
        if postgres_is_here():
            calls[PEER] = lambda one=one: one(ours, True)
        found = in_turn(calls, options.pick(1, 5))
        works = (
            ("create_run with 10 parameters, p50", "ms", count),
            ("put_stage_execution, p50", "ms", count),
            ("put_many of samples", "items/s", many),
        )
        for index, (name, unit, size) in enumerate(works):
            peer = (PEER, found[PEER][index]) if PEER in found else None
            floor = (FLOOR, found[FLOOR][index])
            line = row(name, size, unit, found["ours"][index], floor=floor, peer=peer)
            kept = rows.setdefault(name, [])
            if not kept or kept[-1]["size"] != size:
                kept.append(line)
    return [one for same in rows.values() for one in same]


if __name__ == "__main__":
    main(measure)
