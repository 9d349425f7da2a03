"""Questions over all runs of a store, warm: the top 20 by a metric, the last value of each."""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

import _stores
from _harness import Options, fresh, has, in_turn, main, median_ms, row

FLOOR = "one sqlite3 query on a table of finals"
PEER = "trackio, SQL on its database"
WORKS = {
    "top 20 runs by final metric where lr = x, warm": {1_000: 1.0, 10_000: 3.0},
    "last value of a metric over all runs, warm": {1_000: 2.0, 10_000: 6.0},
}
TOP = """
select name, value from finals join params using (run) join runs on runs.id = run
where finals.key = 'metric-3' and params.key = 'lr' and number = 0.3
order by value desc limit 20
"""
LAST = "select name, value from finals join runs on runs.id = run where key = 'metric-3'"
#: The peer keeps one row for all metrics of a step, and the parameters as JSON.
PEER_LAST = """
select run_name, max(step) as last_step, json_extract(metrics, '$."metric-3"') as value
from metrics group by run_id
"""
PEER_TOP = f"""
select last.run_name, value from ({PEER_LAST}) as last
join configs on configs.run_name = last.run_name
where json_extract(config, '$.lr') = 0.3 order by value desc limit 20
"""


def ours(folder: str, count: int) -> list[float]:
    """Ask an open workspace: milliseconds of both questions, and how many answers."""
    import pyarrow.compute as pc

    from contexta import Contexta

    with Contexta(workspace=folder) as ctx:
        runs, records = ctx.metadata_store.runs, ctx.record_store

        def top() -> object:
            refs = [found.ref for found in runs.run_rows(params={"lr": 0.3})]
            finals = records.last_values("metric-3", run_refs=refs)
            best = pc.select_k_unstable(finals, 20, [("value", "descending")])
            return finals.take(best).to_pylist()

        return asked(top, lambda: records.last_values("metric-3"), count)


def floor(path: str, count: int) -> list[float]:
    """Ask an open database."""
    with sqlite3.connect(path) as db:
        return asked(lambda: db.execute(TOP).fetchall(), lambda: db.execute(LAST).fetchall(), count)


def trackio(folder: str, count: int) -> list[float]:
    """Ask the peer by its own read-only SQL."""
    os.environ["TRACKIO_DIR"] = folder
    from trackio.sqlite_storage import SQLiteStorage

    def ask(text: str) -> list[dict]:
        return SQLiteStorage.query_project(_stores.PROJECT, text, max_rows=1_000_000)["rows"]

    return asked(lambda: ask(PEER_TOP), lambda: ask(PEER_LAST), count)


def asked(top: Callable[[], Any], last: Callable[[], Any], count: int) -> list[float]:
    """Return the median milliseconds of both questions, then the numbers of answers."""
    return [median_ms(top, count), median_ms(last, count), len(top()), len(last())]


def measure(options: Options) -> list[dict]:
    """Ask each in processes of their own, in turn; they must find as many answers."""
    rows: dict[str, list[dict]] = {name: [] for name in WORKS}
    for runs in options.pick([100, 1_000], [100, 1_000, 10_000]):
        places = {
            ours: _stores.workspace(options.folder, runs),
            floor: _stores.sqlite_twin(options.folder, runs),
        }
        if has("trackio"):
            places[trackio] = _stores.trackio_twin(options.folder, runs)
        count = options.pick(7, 15)
        calls = {
            function.__name__: functools.partial(fresh, function, place, count)
            for function, place in places.items()
        }
        found = in_turn(calls, options.pick(1, 5))
        if len({tuple(answer[2:]) for answer in found.values()}) != 1:
            sys.exit(f"the answers differ: {found}")
        for index, (name, goals) in enumerate(WORKS.items()):
            numbers = {source: answer[index] for source, answer in found.items()}
            rows[name].append(
                row(
                    name,
                    runs,
                    "ms",
                    numbers["ours"],
                    floor=(FLOOR, numbers["floor"]),
                    peer=(PEER, numbers["trackio"]) if "trackio" in numbers else None,
                    goal=("<=", goals[runs]) if runs in goals else None,
                )
            )
    return [one for same in rows.values() for one in same]


if __name__ == "__main__":
    main(measure)
