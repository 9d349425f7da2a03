"""``contexta doctor``: what it finds, and the command it advises."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _doctor(call: Call, *more: str) -> tuple[int, dict[str, Any]]:
    done = call("doctor", "--format", "json", *more)
    return done.code, json.loads(done.out)


def _codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in found["findings"]}


def test_an_empty_workspace_is_healthy(call: Call, project: Path) -> None:
    """Nothing to advise, exit code 0."""
    call("init")
    code, found = _doctor(call)

    assert (0, "healthy", []) == (code, found["status"], found["findings"])


def test_it_knows_versions_runs_and_sizes(call: Call, lab: Path) -> None:
    """The facts that a report of a problem needs."""
    _, found = _doctor(call)

    assert {"contexta", "python", "sqlite", "workspace_format", "ledger_schema"} <= set(
        found["versions"]
    )
    assert {"completed": 8, "failed": 1} == found["runs"]
    assert found["sizes"]["metadata"]["bytes"] > 0
    assert found["sizes"]["artifacts"]["files"] > 0


def test_a_missing_backup_is_advised(call: Call, lab: Path) -> None:
    """Runs without a backup: a warning with the command; after it, none."""
    code, found = _doctor(call)
    advice = next(one for one in found["findings"] if one["code"] == "no_backup")
    call("backup", "create")
    _, after = _doctor(call)

    assert (0, "contexta backup create") == (code, advice["command"])
    assert 1 == call("doctor", "--fail-on", "warning").code or "no_backup" in _codes(found)
    assert "no_backup" not in _codes(after)
    assert 1 == after["backups"]["count"]


def test_the_advice_works_from_another_folder(call: Call, lab: Path) -> None:
    """A workspace that was named on the line is named in the command."""
    _, found = _doctor(call, "-w", str(lab))

    assert f"contexta backup create -w {lab}" in {one["command"] for one in found["findings"]}


def test_damage_is_an_error(call: Call, lab: Path) -> None:
    """A plane that does not open: exit code 1, the rest is still told."""
    (lab / "metadata" / "ledger.sqlite").write_bytes(b"x" * 8192)
    code, found = _doctor(call)

    assert (1, "damaged") == (code, found["status"])
    assert "plane_not_opened" in _codes(found)
    assert found["sizes"]["records"]["bytes"] > 0


_KILLED = """
import os
from contexta import Contexta
ctx = Contexta(config={"project_name": "lab"})
run = ctx.run("killed")
run.__enter__().metric("loss", 0.5)
os._exit(9)
"""


def test_dead_writers_are_found_and_the_advice_helps(call: Call, lab: Path) -> None:
    """A killed program leaves an open run; the advised command closes it."""
    subprocess.run([sys.executable, "-c", _KILLED], cwd=lab.parent, check=False)
    _, found = _doctor(call)
    advice = next(one for one in found["findings"] if one["code"] == "dead_writers")
    helped = call(*advice["command"].split()[1:])
    _, after = _doctor(call)

    assert 1 == found["writers"]["orphaned_runs"]
    assert found["runs"] == after["runs"]
    assert advice["summary"].startswith("1 writer ended without closing, 1 run ")
    assert 0 == helped.code
    assert "dead_writers" not in _codes(after)
    assert 1 == after["runs"]["interrupted"]


def test_a_living_writer_is_no_finding(call: Call, lab: Path) -> None:
    """W8: the doctor looks while a program writes, and calls it alive."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("live") as run:
        run.metric("loss", 0.5)
        _, found = _doctor(call)

    assert 1 == found["writers"]["living"]
    assert "dead_writers" not in _codes(found)


def test_a_clock_that_is_behind_is_found(call: Call, lab: Path) -> None:
    """A run that begins in the future says that clocks differ."""
    from contexta.client import Contexta
    from contexta.contract import Run

    with Contexta(workspace=lab) as ctx:
        ctx.metadata_store.put_all(
            [
                Run(
                    run_ref="run:lab.future",
                    project_ref="project:lab",
                    name="future",
                    status="completed",
                    started_at="2199-01-01T00:00:00Z",
                    ended_at="2199-01-01T00:00:01Z",
                )
            ]
        )
    _, found = _doctor(call)

    assert "clock_behind" in _codes(found)


def test_deliveries_that_wait_are_found(call: Call, lab: Path) -> None:
    """A failed delivery is information with the command that lists it."""
    outbox = lab / "recovery" / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    line = {"replay_ref": "r1", "family": "RECORD", "payload": {}, "sink_name": "board"}
    (outbox / "failed_deliveries.jsonl").write_text(json.dumps(line) + "\n")
    _, found = _doctor(call)

    assert {"waiting": 1, "dead_letters": 0} == found["deliveries"]
    assert "deliveries_wait" in _codes(found)


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_fail_on_chooses_the_severity(call: Call, lab: Path, level: str, code: int) -> None:
    """The lab has a warning (no backup) and no error."""
    assert code == call("doctor", "--fail-on", level).code
