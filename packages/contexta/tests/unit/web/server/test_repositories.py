"""Tests of 1.0 put a repository of their own below a facade; the server must read through it."""

import pytest

from contexta.interpretation import ObservationRecord, RunRecord, StageRecord
from contexta.interpretation.testing import InMemoryRepository


@pytest.fixture(scope="module")
def mocked(tmp_path_factory):
    """A facade over two runs in memory, with ids as in 1.0."""
    from contexta import Contexta

    names = ("my-proj.run-01", "my-proj.run-02")
    day = "2024-01-0{}T00:00:0{}Z"
    with Contexta(workspace=tmp_path_factory.mktemp("mocked") / "ws") as ctx:
        ctx._repository = InMemoryRepository(
            runs=[
                RunRecord(name, "my-proj", name[-6:], "completed", day.format(n, 0))
                for n, name in enumerate(names, start=1)
            ],
            stages=[
                StageRecord(f"{name}.train", name, "train", "completed", 0, day.format(n, 0))
                for n, name in enumerate(names, start=1)
            ],
            records=[
                ObservationRecord(
                    f"{name}-{step}",
                    name,
                    f"{name}.train",
                    "metric",
                    "loss",
                    day.format(n, step),
                    1 / (step + n),
                )
                for n, name in enumerate(names, start=1)
                for step in range(3)
            ],
        )
        yield ctx


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/projects", ["my-proj"]),
        ("/runs", ["my-proj.run-01", "my-proj.run-02"]),
        ("/runs/my-proj.run-01", ["my-proj.run-01"]),
        ("/runs/my-proj.run-01/diagnostics", ["issues"]),
        ("/runs/my-proj.run-01/report", ["title"]),
        ("/runs/my-proj.run-01/series?metric=loss", ["steps"]),
        ("/search/runs?q=run", ["runs", "run-01"]),
        ("/ui", ["<html", "runs-table"]),
        ("/ui/runs", ["my-proj.run-01", "run-list-summary"]),
        ("/ui/runs/my-proj.run-01", ["my-proj.run-01", "stage"]),
        (
            "/ui/compare?left=my-proj.run-01&right=my-proj.run-02",
            ["my-proj.run-01", "my-proj.run-02"],
        ),
        ("/ui/metrics/trend?metric=loss", ["loss", "trend-summary"]),
    ],
)
def test_what_tests_of_1_0_look_for_is_there(mocked, serve, path, parts):
    """Routes and pages over another repository answer with the texts that 1.0 had."""
    with serve(mocked) as client:
        answer = client.get(path)

    assert (200, []) == (answer.status, [part for part in parts if part not in answer.text])


def test_the_limit_of_1_0_holds(mocked, serve):
    """``limit=1`` gives at most one run, over any repository."""
    with serve(mocked) as client:
        runs = client.json("/runs?limit=1")[1]["runs"]

    assert ["my-proj.run-02"] == [run["run_id"] for run in runs]
