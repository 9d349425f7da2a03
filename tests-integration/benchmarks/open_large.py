"""Open a store of many records in a fresh process and get the first answer, beyond imports."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import _stores
from _harness import Options, fresh, in_turn, main, row
from _imports import import_beforehand, modules_file

FLOOR = "sqlite3, the same question"
#: Enough to leave a segment that the next opener must read and seal.
LEFT_BEHIND = 10_000


def first_answer(folder: str, modules: str, read_only: bool) -> float:
    """Open the workspace's record store, recover what was left, count a run: milliseconds."""
    import_beforehand(modules)
    from contexta.store.records import RecordStore, RecordStoreConfig

    started = time.perf_counter()
    with RecordStore(RecordStoreConfig(f"{folder}/records", read_only=read_only)) as store:
        if not read_only:
            store.recover_dead_writers()
        counts = store.record_counts(_stores.run_ref(7))
        spent = time.perf_counter() - started
    assert counts["metric"] == _stores.METRICS * _stores.POINTS
    return spent * 1e3


def killed_writer(folder: str) -> int:
    """Fork a child that appends points and dies by SIGKILL; return how many it had appended."""
    from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

    child = os.fork()
    if child == 0:
        settings = RecordStoreConfig(f"{folder}/records", durability_mode="flush")
        writer = RecordStore(settings).writer()
        series = writer.define_series(SeriesContext("run:bench.killed", "bench"), "loss")
        for step in range(LEFT_BEHIND):
            writer.append_point(series, _stores.START_US + step, 0.5, step)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return LEFT_BEHIND


def from_sqlite(path: str) -> float:
    """Count the points of the same run: milliseconds."""
    started = time.perf_counter()
    with sqlite3.connect(path) as db:
        (count,) = db.execute("select count(*) from points where run = 7").fetchone()
        spent = time.perf_counter() - started
    assert count == _stores.METRICS * _stores.POINTS
    return spent * 1e3


def measure(options: Options) -> list[dict]:
    """Open for reading, open for writing, and open after a writer was killed."""
    works: dict[str, list[dict]] = {}
    modules = modules_file(options.folder)
    for runs in options.pick([100, 1_000], [100, 1_000, 10_000]):
        workspace = _stores.workspace(options.folder, runs)
        database = _stores.sqlite_twin(options.folder, runs)

        def after_kill(workspace: Path = workspace) -> float:
            with options.scratch() as folder:
                copy = shutil.copytree(workspace, folder / "copy")
                fresh(killed_writer, copy)
                return fresh(first_answer, copy, modules, False)

        calls = {
            "read only": lambda w=workspace: fresh(first_answer, w, modules, True),
            "to write": lambda w=workspace: fresh(first_answer, w, modules, False),
            f"after a kill that left {LEFT_BEHIND:,} points": after_kill,
            FLOOR: lambda d=database: fresh(from_sqlite, d),
        }
        found = in_turn(calls, options.pick(1, 9))
        floor = (FLOOR, found.pop(FLOOR))
        records = runs * _stores.METRICS * _stores.POINTS
        for how, spent in found.items():
            line = row(f"open and first answer, {how}", records, "ms", spent, floor=floor)
            works.setdefault(how, []).append(line)
    return [one for same in works.values() for one in same]


if __name__ == "__main__":
    main(measure)
