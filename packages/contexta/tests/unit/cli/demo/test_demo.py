"""``contexta demo``: an invented workspace with a story that every surface can show."""

import json
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from contexta.cli.demo._command import write_demo
from contexta.cli.demo._forecast import forecast_runs
from contexta.cli.demo._vision import Vision
from contexta.client import Contexta

Call = Callable[..., Any]
UNTIL = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contexta]:
    """A demo, open for reading."""
    folder = tmp_path_factory.mktemp("demo") / ".contexta"
    write_demo(folder, runs=24, seed=7, until=datetime.fromisoformat(UNTIL))
    with Contexta(config={"workspace": {"root_path": str(folder)}}, read_only=True) as ctx:
        yield ctx


def test_the_runs_lie_on_different_days(demo: Contexta) -> None:
    """24 finished runs of two projects, one a day, all before the end of the story."""
    runs = demo.list_runs()
    nights = {run.started_at[:10] for run in runs if run.name == "nightly training"}

    assert 24 == len(runs)
    assert ("forecast", "vision") == demo.list_projects()
    assert 15 == len(nights)
    assert all(str(run.ended_at) < UNTIL for run in runs)


def test_bisect_finds_the_regression(demo: Contexta) -> None:
    """The first bad run is found, and what came with it leads the list."""
    found = demo.bisect("accuracy", project_name="vision")

    assert "run:vision.night-10" == found.first_run_after
    assert ("param", "resize_filter") == (found.differences[0].kind, found.differences[0].key)


def test_one_run_diverges_and_one_fails(demo: Contexta) -> None:
    """A loss becomes NaN, and an out-of-memory error has its traceback."""
    nan = demo.get_run_snapshot("night-03")
    loss = next(one for one in nan.metrics if one.metric_key == "loss")
    failed = demo.get_run_snapshot("night-06")
    error = next(one for one in failed.records if one.key == "exception")

    assert math.isnan(loss.last)
    assert "failed" == failed.run.status
    assert "torch.OutOfMemoryError" in error.payload["attributes"]["traceback"]


def test_the_deployment_leads_to_its_data(demo: Contexta) -> None:
    """Upstream of the open deployment lie its model, its run and the photos."""
    found = demo.traverse_lineage(
        "deployment:vision.photo-search-2", direction="upstream", max_depth=4
    )

    assert {
        "artifact:vision.night-09.model",
        "run:vision.night-09",
        "artifact:vision.photos-v2.photos",
        "run:vision.photos-v2",
    } <= set(found.visited_refs)


def test_a_run_has_spans_batches_samples_and_another_a_gap(demo: Contexta) -> None:
    """What only some runs have is there for the pages that show it."""
    deep = demo.get_run_snapshot("night-09")
    gap = demo.get_run_snapshot("night-13")
    spans = [one for one in deep.records if one.record_type == "span"]

    assert (4, 12) == (len(deep.batches), len(deep.samples))
    assert 56 == len(spans)
    assert ["degraded_records:1"] == [str(note) for note in gap.completeness_notes]


def test_a_demo_is_a_healthy_workspace(call: Call, demo: Contexta) -> None:
    """Every byte verifies, and the planes agree."""
    done = call("check", "--workspace", demo.workspace)

    assert 0 == done.code, done.out


def test_the_same_seed_gives_the_same_runs() -> None:
    """Seed and end decide everything but the moment of storing."""
    until = datetime.fromisoformat(UNTIL)
    first, again, other = (Vision(seed, 9, until).runs() for seed in (1, 1, 2))
    fits = [forecast_runs(seed, 4, until) for seed in (1, 1, 2)]

    assert first == again != other
    assert fits[0] == fits[1] != fits[2]


def test_json_says_what_was_written(call: Call) -> None:
    """Programs get the folder, the counts and the run that bisect finds."""
    done = call("demo", "-w", "d", "--runs", "14", "--until", UNTIL, "--format", "json")
    facts = json.loads(done.out)

    assert (0, 14, 7) == (done.code, facts["runs"], facts["seed"])
    assert str(Path("d").absolute()) == facts["workspace"]
    assert {"deployments", "first_bad_run", "points", "projects"} <= set(facts)


def test_nothing_is_mixed_with_what_is_there(call: Call, workspace: Path) -> None:
    """An existing workspace is refused, and no run comes into it."""
    before = call("runs", "-f", "json").out
    done = call("demo", "-w", str(workspace))

    assert 1 == done.code
    assert "ERROR [demo_target_exists]" in done.err
    assert before == call("runs", "-f", "json").out


@pytest.mark.parametrize("until", ["tomorrow", "2026-03-01", "2026-03-01T12:00:00"])
def test_an_end_without_a_zone_is_refused(call: Call, until: str) -> None:
    """The instant must be one; nothing is written."""
    done = call("demo", "-w", "d", "--until", until)

    assert 1 == done.code
    assert "ERROR [demo_invalid_until]" in done.err
    assert not Path("d").exists()


def test_without_a_workspace_it_goes_to_a_folder_of_its_own(call: Call, project: Path) -> None:
    """The workspace of the project is left alone, and the next commands are printed."""
    done = call("demo", "--runs", "14")

    assert 0 == done.code, done.err
    assert (project / "contexta-demo" / ".contexta" / "workspace.json").is_file()
    assert f"cd {project / 'contexta-demo'}" in done.out
    assert not (project / ".contexta").exists()


def test_settings_of_the_machine_have_no_say(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable or a file that names a ledger elsewhere does not get the demo."""
    monkeypatch.setenv("CONTEXTA_METADATA_DATABASE_PATH", str(project / "real.sqlite"))
    (project / "contexta.toml").write_text('[records]\nroot_path = "real-records"\n')
    done = call("demo", "--runs", "14", "-w", "d/.contexta")

    assert 0 == done.code, done.err
    assert not (project / "real.sqlite").exists()
    assert not (project / "real-records").exists()
    assert (project / "d" / ".contexta" / "metadata" / "ledger.sqlite").is_file()
