"""The same questions of two floors: one plain SQLite database, and Parquet files in DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _questions import FILTER, KEY, LR, NEWEST, TOP, Questions, asked, looked_at, pair

#: Tables of the SQLite floor: runs, params, points, finals (see `_stores`).
SQLITE = {
    "filter": f"""
        select name, value from finals join runs on runs.id = run
        where key = '{KEY}' and value > {FILTER} order by started_us desc limit {TOP}""",
    "top": f"""
        select name, value from finals join params using (run) join runs on runs.id = run
        where finals.key = '{KEY}' and params.key = 'lr' and number = {LR}
        order by value desc limit {TOP}""",
    "last": f"select name, value from finals join runs on runs.id = run where key = '{KEY}'",
    "trend": f"""
        select name, value from (select * from runs order by started_us desc limit {NEWEST})
        join finals on finals.run = id and key = '{KEY}'""",
    "baseline": f"select value from finals where key = '{KEY}'",
    "compare": """
        select key, one.value, other.value from finals as one join finals as other using (key)
        where one.run = (select id from runs where name = :one)
        and other.run = (select id from runs where name = :other)""",
    "snapshot": """
        select points.key, step, us, value from runs join points on run = id
        where name = :looked_at""",
    "series": f"""
        select step, us, value from runs join points on run = id
        where name = :looked_at and points.key = '{KEY}'""",
    "page": f"select * from runs order by started_us limit {TOP}",
}
#: Files of the Parquet floor: runs (with lr), finals and points, sorted by key and run.
PARQUET = {
    "filter": f"""
        select name, value from finals join runs using (run)
        where key = '{KEY}' and value > {FILTER} order by run desc limit {TOP}""",
    "top": f"""
        select name, value from finals join runs using (run)
        where key = '{KEY}' and lr = {LR} order by value desc limit {TOP}""",
    "last": f"select name, value from finals join runs using (run) where key = '{KEY}'",
    "trend": f"""
        select name, value from (select * from runs order by run desc limit {NEWEST})
        join finals using (run) where key = '{KEY}'""",
    "baseline": f"select value from finals where key = '{KEY}'",
    "compare": """
        select one.key, one.value, other.value from finals as one join finals as other using (key)
        where one.run = (select run from runs where name = $one)
        and other.run = (select run from runs where name = $other)""",
    "snapshot": """
        select key, step, us, value from points
        where run = (select run from runs where name = $looked_at)""",
    "series": f"""
        select step, us, value from points
        where run = (select run from runs where name = $looked_at) and key = '{KEY}'""",
    "page": f"select * from runs order by run limit {TOP}",
}


def names_of(runs: int) -> dict[str, str]:
    """Return the names that the questions about given runs bind."""
    one, other = pair(runs)
    return {"one": one, "other": other, "looked_at": looked_at(runs)}


def sqlite(path: str, runs: int, count: int, _modules: str) -> dict[str, list[float]]:
    """Ask the SQLite floor."""
    names = names_of(runs)

    def opened() -> tuple[Questions, Callable[[], None]]:
        db = sqlite3.connect(path)

        def ask(text: str) -> Callable[[], int]:
            return lambda: len(db.execute(text, names).fetchall())

        return {name: ask(text) for name, text in SQLITE.items()}, db.close

    return asked(opened, count)


def parquet(folder: str, runs: int, count: int, _modules: str) -> dict[str, list[float]]:
    """Ask the Parquet floor."""
    import duckdb

    names = names_of(runs)

    def opened() -> tuple[Questions, Callable[[], None]]:
        db = duckdb.connect(":memory:", config={"threads": 2})
        for table in ("runs", "finals", "points"):
            db.execute(f"create view {table} as from read_parquet('{folder}/{table}.parquet')")

        def ask(text: str) -> Callable[[], int]:
            used = {name: value for name, value in names.items() if f"${name}" in text}
            return lambda: len(db.execute(text, used).fetchall())

        return {name: ask(text) for name, text in PARQUET.items()}, db.close

    return asked(opened, count)


def parquet_twin(folder: Path, runs: int) -> Path:
    """Return the folder of the Parquet floor, building it when it is not there yet."""
    import _stores
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = folder / f"parquet-{runs}"
    if path.exists():
        return path
    building = folder / f"parquet-{runs}.building"
    building.mkdir()
    points: Any = _stores.point_table(runs)
    numbers = pc.replace_substring(points["run_ref"], f"run:{_stores.PROJECT}.run-", "")
    table = pa.table(
        {
            "key": points["metric_key"],
            "run": numbers.cast(pa.int64()),
            "step": points["step"],
            "us": points["observed_at"].cast(pa.int64()),
            "value": points["value"],
        }
    ).sort_by([("key", "ascending"), ("run", "ascending"), ("step", "ascending")])
    finals = table.filter(pc.equal(table["step"], _stores.POINTS - 1))
    params = [_stores.params_of(number) for number in range(runs)]
    listed = {
        "run": list(range(runs)),
        "name": [f"run-{number}" for number in range(runs)],
        **{key: [own[key] for own in params] for key in params[0] if key != "name"},
    }
    pq.write_table(table, building / "points.parquet", compression="zstd")
    pq.write_table(finals, building / "finals.parquet", compression="zstd")
    pq.write_table(pa.table(listed), building / "runs.parquet", compression="zstd")
    return building.rename(path)
