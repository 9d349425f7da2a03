"""The project `forecast`: how much of what is sold next week, fitted every other day."""

import hashlib
import json
import math
from datetime import datetime, timedelta
from random import Random
from typing import Any

from contexta.cli.demo._plan import (
    EventPlan,
    FilePlan,
    Machine,
    RunPlan,
    SeriesPlan,
    StagePlan,
)

PROJECT = "forecast"
_PACKAGES = {"lightgbm": "4.5.0", "numpy": "2.1.3", "pandas": "2.2.3", "scikit-learn": "1.5.2"}


def forecast_runs(seed: int, count: int, until: datetime) -> list[RunPlan]:
    """Plan the fits, oldest first, each with other trees; the last one is of yesterday."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        _fit(seed, number, midnight - timedelta(days=1 + 2 * (count - 1 - number), hours=-14))
        for number in range(count)
    ]


def _fit(seed: int, number: int, started: datetime) -> RunPlan:
    chance = Random(f"{seed}:forecast:{number}")  # noqa: S311 - an invention, no secret
    params: dict[str, Any] = {
        "model": "gradient_boosting",
        "max_depth": chance.choice((4, 6, 8)),
        "learning_rate": chance.choice((0.03, 0.05, 0.1)),
        "rounds": 300,
        "horizon_days": 7,
        "holidays": number >= 3,
        "seed": number,
    }
    series, best = _rounds(chance, params)
    config = json.dumps(params, indent=2, sort_keys=True).encode()
    trees = "\n".join(f"tree {index} {chance.random():.6f}" for index in range(600))
    return RunPlan(
        project=PROJECT,
        key=f"fit-{number + 1:02d}",
        name="weekly demand" if number % 3 else "weekly demand (all stores)",
        started=started + timedelta(minutes=chance.uniform(1, 40)),
        stages=(
            StagePlan("prepare", 0.1, 22.0),
            StagePlan("train", 22.2, 96.0),
            StagePlan("evaluate", 96.1, 108.0),
            StagePlan("package", 108.1, 110.5),
        ),
        machine=Machine(
            "3.11.10",
            "Linux-5.15.0-122-generic-x86_64",
            _PACKAGES | ({"lightgbm": "4.6.0"} if number >= 4 else {}),
            {"OMP_NUM_THREADS": "16"},
        ),
        code_revision=hashlib.sha256(f"{seed}:forecast:{number // 2}".encode()).hexdigest()[:40],
        argv=("fit.py", "--horizon", "7"),
        params=params,
        tags={"team": "supply", "kind": "training"},
        dataset_ref=f"s3://demand/weekly/2026-{10 + number:02d}.parquet",
        series=tuple(series),
        events=(
            EventPlan("data.loaded", "prepare", 21.0, "104 weeks of 2,310 articles"),
            EventPlan(
                "early-stop",
                "train",
                95.0,
                f"the best round was {best}",
                attributes={"round": best},
            ),
            EventPlan("model.exported", "package", 110.2, "wrote model.txt"),
        ),
        files=(
            FilePlan("config", "config_snapshot", "fit.json", config, "prepare", 0.5),
            FilePlan("model", "model_bundle", "model.txt", trees.encode(), "package", 110.0),
        ),
    )


def _rounds(chance: Random, params: dict[str, Any]) -> tuple[list[SeriesPlan], int]:
    rounds = list(range(0, params["rounds"], 5))
    speed = params["learning_rate"] * params["max_depth"] / 18
    floor = 21.5 - (2.4 if params["holidays"] else 0.0) + chance.gauss(0, 0.5)
    fitted, held_out = [], []
    for index in rounds:
        level = 58 * math.exp(-speed * index)
        fitted.append(floor - 0.008 * index + level + chance.gauss(0, 0.12))
        late = max(0.0, index * speed - 4.5)
        held_out.append(floor + 1.6 + 0.24 * late + level + chance.gauss(0, 0.2))
    at = tuple(22.5 + 73 * (index + 1) / params["rounds"] for index in rounds)
    lowest = min(held_out)
    series = [
        SeriesPlan("articles", "prepare", (2_310.0,), (20.0,)),
        SeriesPlan("model_size", "package", (0.2 * params["max_depth"],), (110.1,), unit="MB"),
        SeriesPlan("rmse", "train", tuple(fitted), at, tuple(rounds), unit="pieces"),
        SeriesPlan("val_rmse", "train", tuple(held_out), at, tuple(rounds), unit="pieces"),
        SeriesPlan("test_rmse", "evaluate", (lowest + chance.gauss(0.6, 0.2),), (107.0,)),
        SeriesPlan("mape", "evaluate", (lowest / 1.45 + chance.gauss(0, 0.1),), (107.2,), unit="%"),
    ]
    return series, rounds[held_out.index(lowest)]
