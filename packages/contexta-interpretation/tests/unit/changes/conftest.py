"""A history of runs with a change."""

import random

import pytest

from contexta.interpretation.repositories.records import (
    EnvironmentRecord,
)


@pytest.fixture
def history(make):
    """Forty runs whose loss rises with the twenty-sixth, when numpy changed."""
    random.seed(7)
    runs, records, environments, artifacts = [], [], [], []
    for i in range(40):
        after = i >= 25
        run = make.run(
            f"r{i:02d}",
            minute=i,
            params={"lr": 0.1, "seed": i, "batch": random.choice([16, 32])},
            code_revision=f"rev{i // 2}",
        )
        runs.append(run)
        records.append(make.metric(run, "loss", random.gauss(2.0 if after else 1.0, 0.1)))
        records.append(make.metric(run, "steady", 1.0, stage="train"))
        environments.append(
            EnvironmentRecord(
                f"environment:p.{run.name}.runtime",
                run.run_id,
                make.at(i),
                "3.11.9",
                "linux",
                {"numpy": "2.0" if after else "1.26", "pandas": "2.2"},
                {"HOST": "a" if i % 2 else "b"},
            )
        )
        data = make.artifact(run, "train-data", "dataset_snapshot", hash_value="sha256:one")
        artifacts.append(data)
    return {"runs": runs, "records": records, "environments": environments, "artifacts": artifacts}
