"""Questions over stores of many runs: lists, trends, baselines, comparisons; cold and warm."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import _stores
from _harness import Options, fresh, has, in_turn, main, row
from _imports import modules_file
from _questions import WORKS
from _questions_floors import parquet, parquet_twin, sqlite
from _questions_ours import ours
from _questions_peers import mlflow, mlflow_twin, trackio

GOALS = {
    ("top", 1_000): 1.0,
    ("top", 10_000): 3.0,
    ("last", 1_000): 2.0,
    ("last", 10_000): 6.0,
}
#: What each is shown beside: a floor and a peer to a row.
PAIRS = (("sqlite", "trackio"), ("parquet", "mlflow"))
NAMES = {
    "sqlite": "one SQL query on SQLite",
    "parquet": "DuckDB on sorted Parquet",
    "trackio": "trackio, its SQL",
    "mlflow": "MLflow, its SQL store",
}


def measure(options: Options) -> list[dict]:
    """Ask each in processes of their own, in turn; they must find as many answers."""
    rows: list[dict] = []
    modules = modules_file(options.folder)
    for runs in options.pick([100, 1_000], [1_000, 10_000]):
        found = _asked(options, runs, modules)
        counts = {source: tuple(answer[2::3]) for source, answer in found.items()}
        if len(set(counts.values())) != 1:
            sys.exit(f"the answers differ: {counts}")
        for index, (key, name) in enumerate(WORKS.items()):
            for offset, temperature in enumerate(("cold", "warm")):
                numbers = {source: answer[3 * index + offset] for source, answer in found.items()}
                goal = GOALS.get((key, runs)) if temperature == "warm" else None
                rows += _rows(f"{name}, {temperature}", runs, numbers, goal)
    return sorted(rows, key=lambda one: one["work"])


def _asked(options: Options, runs: int, modules: Path) -> dict[str, list[float]]:
    """Return cold, warm and count of each question in the order of `WORKS`, by source."""
    places = {
        ours: _stores.workspace(options.folder, runs),
        sqlite: _stores.sqlite_twin(options.folder, runs),
        parquet: parquet_twin(options.folder, runs),
    }
    if has("trackio"):
        places[trackio] = _stores.trackio_twin(options.folder, runs)
    if has("mlflow"):
        places[mlflow] = mlflow_twin(options.folder, runs)

    def call(function: object, place: Path) -> list[float]:
        # A question that takes this peer seconds needs no median of many.
        count = options.pick(1, 1 if runs > 1_000 else 3) if function is mlflow else 15
        answer = fresh(function, place, runs, count, modules)
        return [number for key in WORKS for number in answer[key]]

    calls = {
        function.__name__: functools.partial(call, function, place)
        for function, place in places.items()
    }
    return in_turn(calls, options.pick(1, 3))


def _rows(work: str, runs: int, numbers: dict[str, float], goal: float | None) -> list[dict]:
    rows = []
    for floor, peer in PAIRS:
        beside = work if floor == "sqlite" else f"{work} (beside Parquet and MLflow)"
        rows.append(
            row(
                beside,
                runs,
                "ms",
                numbers["ours"],
                floor=(NAMES[floor], numbers[floor]),
                peer=(NAMES[peer], numbers[peer]) if peer in numbers else None,
                goal=("<=", goal) if goal is not None and floor == "sqlite" else None,
            )
        )
    return rows


if __name__ == "__main__":
    main(measure)
