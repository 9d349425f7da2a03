"""Damage is named on the runs that it touches, and every other run answers as before."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from _answers import answers

from contexta import Contexta
from contexta.interpretation import completeness_of

DIES = Path(__file__).with_name("_dies.py")
CONFIG = {"project_name": "lab"}
HEALTHY = ["run:lab.one", "run:lab.two", "run:lab.three"]


def capture(workspace: Path, names: list[str], health: str) -> None:
    """Capture runs with all that a run can have, in one process of its own writer."""
    with Contexta(workspace=workspace, config=CONFIG) as ctx:
        for number, name in enumerate(names):
            body = workspace.with_name(f"{name}.bin")
            body.write_bytes(name.encode() * 100)
            with ctx.run(name, params={"lr": number / 10}, tags={"health": health}) as run:
                run.event("began", message="first", level="info")
                run.metric("score", number, step=0)
                with run.stage("train") as stage:
                    for step in range(30):
                        stage.metric("loss", (number + 1.0) / (step + 1), step=step)
                    with stage.operation("fit"), stage.span("inner"):
                        pass
                    with stage.batch("b0") as batch:
                        batch.metric("size", 3.0, step=0)
                run.register_artifact("model", str(body))
                if number == 0:
                    run.degraded("slow.disk", summary="the disk was slow")
        with ctx.deployment(f"serve-{names[0]}", run_ref=f"run:lab.{names[0]}"):
            pass


def die(workspace: Path, *names: str) -> list[Path]:
    """Let processes die in a run each, at once; return the segments that they leave."""
    log = workspace / "records" / "_wal"
    processes, segments = [], []
    for name in names:
        before = set(log.rglob("*.seg"))
        process = subprocess.Popen(
            [sys.executable, str(DIES), str(workspace), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"logged\n"
        processes.append(process)
        segments += set(log.rglob("*.seg")) - before
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [9] * len(names)
    return segments


def tear(segment: Path) -> None:
    """Cut a file in the middle of its last record, as a full disk or a power cut does."""
    data = segment.read_bytes()
    segment.write_bytes(data[:-7])


def flip(part: Path) -> None:
    """Change a byte in the middle of a file, without touching its size."""
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 0x40
    part.chmod(0o600)
    part.write_bytes(bytes(data))


def models(ctx: Contexta, run: str) -> list:
    return [item for item in ctx.repository.list_artifacts(run_id=run) if item.kind == "model"]


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> tuple[Path, Path]:
    """The same runs, in a workspace that is well and in one that is not."""
    folder = tmp_path_factory.mktemp("damage")
    well, poor = folder / "well", folder / "poor"
    capture(poor, ["one", "two", "three"], "good")
    before = set((poor / "records").rglob("*.parquet"))
    capture(poor, ["flipped"], "poor")
    parts = set((poor / "records").rglob("*.parquet")) - before
    capture(poor, ["bodiless"], "poor")
    shutil.copytree(poor, well)
    (part,) = [path for path in parts if "/metric/" in str(path)]
    flip(part)
    with Contexta(workspace=poor, read_only=True) as ctx:
        (artifact,) = models(ctx, "bodiless")
    next((poor / "artifacts").rglob(artifact.hash_value)).unlink()
    torn, _ = die(poor, "torn", "dead")  # at once, for each opening settles what it finds
    tear(torn)
    return well, poor


def asked(workspace: Path, *, read_only: bool) -> dict:
    with Contexta(workspace=workspace, config=CONFIG, read_only=read_only) as ctx:
        if not read_only:
            ctx.metadata_store  # noqa: B018 - a writable open settles what the dead left
        for run in ("flipped", "bodiless", "torn", "dead"):  # so that the damage has been met
            if run in {found.name for found in ctx.list_runs()}:
                ctx.get_run_snapshot(run)
        return answers(ctx, HEALTHY)


@pytest.mark.parametrize("read_only", [True, False], ids=["as it lies", "settled"])
def test_undamaged_runs_answer_as_before(places, tmp_path, read_only):
    """Each service says of a healthy run what it says where nothing is damaged."""
    well, poor = (Path(shutil.copytree(place, tmp_path / place.name)) for place in places)
    wanted, found = (asked(place, read_only=read_only) for place in (well, poor))
    different = [name for name in wanted if found[name] != wanted[name]]

    assert different == []
    assert set(re.findall(r'"damaged_parts": (\d+)', json.dumps(found))) == {"0"}
    assert "damage:" not in json.dumps(found)


@pytest.mark.parametrize("read_only", [True, False], ids=["as it lies", "settled"])
def test_damage_is_named_on_the_runs_that_it_touches(places, tmp_path, read_only):
    """Torn segment, damaged part, missing body, dead writer: each where it belongs, only there."""
    poor = shutil.copytree(places[1], tmp_path / "poor")
    touched = ("flipped", "bodiless", "torn", "dead")
    with Contexta(workspace=poor, config=CONFIG, read_only=read_only) as ctx:
        if not read_only:
            ctx.metadata_store  # noqa: B018 - a writable open settles what the dead left
        notes = {run: ctx.get_run_snapshot(run).completeness_notes for run in touched}
        notes = {run: ctx.get_run_snapshot(run).completeness_notes for run in touched}
        counts = {
            run: completeness_of(ctx.query_service, [f"run:lab.{run}"]).problems for run in touched
        }
        missing = [
            a.artifact_ref
            for a in ctx.repository.list_artifacts(run_id="bodiless")
            if a.body_missing
        ]
    said = {run: " ".join(own) for run, own in notes.items()}

    assert ".parquet" in said["flipped"]
    assert [f"artifact_body_missing:{ref}" for ref in missing] == [
        note for note in notes["bodiless"] if note.startswith("artifact")
    ]
    assert len(missing) == 1
    assert "run_interrupted" in notes["torn"]
    assert "run_interrupted" in notes["dead"]
    assert [run for run in touched if "damage:" in said[run]] == ["flipped", "torn"]
    assert {
        run: counts[run].get("damaged_parts", 0) + counts[run].get("lost", 0) > 0 for run in touched
    } == {"flipped": True, "bodiless": False, "torn": True, "dead": False}
    assert {run: counts[run].get("dead_writers", 0) for run in touched} == {
        "flipped": 0,
        "bodiless": 0,
        "torn": 1,
        "dead": 1,
    }
    assert {run: counts[run].get("missing_bodies", 0) for run in touched}["bodiless"] == 1
