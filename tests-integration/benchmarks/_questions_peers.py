"""The same questions of two peers, each through its own storage; and the database of MLflow."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _stores
from _harness import fresh
from _questions import FILTER, KEY, LR, NEWEST, TOP, Questions, asked, looked_at, pair

#: trackio keeps one row for all metrics of a step, and the parameters as JSON.
_VALUE = f"""json_extract(metrics, '$."{KEY}"')"""
_LAST = f"""
    select run_name, max(step) as last_step, max(timestamp) as at, {_VALUE} as value
    from metrics group by run_id"""
TRACKIO = {
    "filter": f"select * from ({_LAST}) where value > {FILTER} order by at desc limit {TOP}",
    "top": f"""
        select last.run_name, value from ({_LAST}) as last
        join configs on configs.run_name = last.run_name
        where json_extract(config, '$.lr') = {LR} order by value desc limit {TOP}""",
    "last": _LAST,
    "trend": f"""
        select run_name, max(step), {_VALUE} from metrics where run_id in
        (select run_id from configs order by created_at desc, id desc limit {NEWEST})
        group by run_id""",
    "baseline": f"select value from ({_LAST})",
    "snapshot": """
        select step, timestamp, metrics from metrics
        where run_id = (select run_id from configs where run_name = '{looked_at}')""",
    "series": f"""
        select step, timestamp, {_VALUE} from metrics
        where run_id = (select run_id from configs where run_name = '{{looked_at}}')""",
    "page": f"select run_name, config from configs order by id limit {TOP}",
}
_COMPARED = """
    select max(step), metrics from metrics
    where run_id = (select run_id from configs where run_name = '{name}')"""


def trackio(folder: str, runs: int, count: int, _modules: str) -> dict[str, list[float]]:
    """Ask trackio by its own read-only SQL."""
    os.environ["TRACKIO_DIR"] = folder
    from trackio.sqlite_storage import SQLiteStorage

    def ask(text: str) -> list[dict]:
        return SQLiteStorage.query_project(_stores.PROJECT, text, max_rows=1_000_000)["rows"]

    def compare() -> int:
        rows = [ask(_COMPARED.format(name=name))[0] for name in pair(runs)]
        one, other = (json.loads(row["metrics"]) for row in rows)
        return len(set(one) & set(other))

    def snapshot() -> int:
        rows = ask(TRACKIO["snapshot"].format(looked_at=looked_at(runs)))
        return sum(len(json.loads(row["metrics"])) for row in rows)

    def questions() -> Questions:
        name = looked_at(runs)
        plain: Questions = {
            key: lambda text=text: len(ask(text.format(looked_at=name)))
            for key, text in TRACKIO.items()
            if key not in ("snapshot", "top", "filter")
        }
        for key in ("top", "filter"):
            plain[key] = lambda text=TRACKIO[key]: len(ask(text))
        return {**plain, "compare": compare, "snapshot": snapshot}

    return asked(lambda: (questions(), lambda: None), count)


def mlflow(folder: str, runs: int, count: int, _modules: str) -> dict[str, list[float]]:
    """Ask MLflow's SQL store as its client does."""
    os.environ["MLFLOW_TRACKING_URI"] = uri = f"sqlite:///{folder}/mlflow.db"
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    def opened() -> tuple[Questions, Callable[[], None]]:
        store = SqlAlchemyStore(uri, f"{folder}/artifacts")
        return _MlflowQuestions(store, runs).all(), store.engine.dispose

    return asked(opened, count)


class _MlflowQuestions:
    def __init__(self, store: Any, runs: int) -> None:
        self.store, self.runs = store, runs

    def all(self) -> Questions:
        newest, best = ["attributes.start_time DESC"], [f"metrics.`{KEY}` DESC"]
        search = self.search
        return {
            "filter": lambda: len(search(f"metrics.`{KEY}` > {FILTER}", newest, TOP)),
            "top": lambda: len(search(f"params.lr = '{LR}'", best, TOP)),
            "last": self.everything,
            "trend": lambda: len(search("", newest, NEWEST)),
            "baseline": self.everything,
            "compare": self.compare,
            "snapshot": self.snapshot,
            "series": self.series,
            "page": lambda: len(search("", ["attributes.start_time ASC"], TOP)),
        }

    def search(self, where: str, order: list[str], most: int, token: Any = None) -> Any:
        from mlflow.entities import ViewType

        return self.store.search_runs(["0"], where, ViewType.ACTIVE_ONLY, most, order, token)

    def everything(self) -> int:
        found, token = 0, None
        while True:
            page = self.search("", [], 5_000, token)
            found += sum(KEY in run.data.metrics for run in page)
            token = page.token
            if not token:
                return found

    def run_of(self, name: str) -> Any:
        return self.search(f"attributes.run_name = '{name}'", [], 1)[0]

    def compare(self) -> int:
        one, other = (self.run_of(name).data.metrics for name in pair(self.runs))
        return len(set(one) & set(other))

    def snapshot(self) -> int:
        run = self.run_of(looked_at(self.runs))
        keys = list(run.data.metrics)
        return sum(len(self.store.get_metric_history(run.info.run_id, key)) for key in keys)

    def series(self) -> int:
        run = self.run_of(looked_at(self.runs))
        return len(self.store.get_metric_history(run.info.run_id, KEY))


def mlflow_twin(folder: Path, runs: int) -> Path:
    """Return the folder of an MLflow database, building it when it is not there yet."""
    path = folder / f"mlflow-{runs}"
    mark = folder / f"mlflow-{runs}.built"
    if not mark.exists():
        path.mkdir(exist_ok=True)
        fresh(build_mlflow, path, runs)
        mark.touch()
    return path


def build_mlflow(folder: str, runs: int) -> None:
    """Let MLflow make its tables, then fill them: its own calls take minutes for 10,000 runs."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts").engine.dispose()
    with sqlite3.connect(f"{folder}/mlflow.db") as db:
        for table, rows in _mlflow_rows(runs).items():
            marks: str | None = None
            for row in rows:
                marks = marks or ", ".join("?" * len(row))
                db.execute(f"insert into {table} values ({marks})", row)
    db.close()


def _mlflow_rows(runs: int) -> dict[str, Iterator[tuple]]:
    last = _stores.POINTS - 1

    def started(number: int) -> int:
        return _stores.START_US // 1_000 + number * 1_000

    def points(steps: range) -> Iterator[tuple[str, float, int, str, int]]:
        for number in range(runs):
            for metric in range(_stores.METRICS):
                for step in steps:
                    value = _stores.value(number, metric, step)
                    yield f"metric-{metric}", value, started(number), f"{number:032x}", step

    runs_columns = "(run_uuid, name, source_type, user_id, status, start_time, end_time,"
    runs_columns += " lifecycle_stage, experiment_id)"
    return {
        f"runs {runs_columns}": (
            (
                *(f"{number:032x}", f"run-{number}", "LOCAL", "bench", "FINISHED"),
                *(started(number), started(number), "active", 0),
            )
            for number in range(runs)
        ),
        "params (key, value, run_uuid)": (
            (key, str(value), f"{number:032x}")
            for number in range(runs)
            for key, value in _stores.params_of(number).items()
        ),
        "tags (key, value, run_uuid)": (
            ("mlflow.runName", f"run-{number}", f"{number:032x}") for number in range(runs)
        ),
        "metrics (key, value, timestamp, run_uuid, step, is_nan)": (
            (*point, 0) for point in points(range(_stores.POINTS))
        ),
        "latest_metrics (key, value, timestamp, run_uuid, step, is_nan)": (
            (*point, 0) for point in points(range(last, last + 1))
        ),
    }
