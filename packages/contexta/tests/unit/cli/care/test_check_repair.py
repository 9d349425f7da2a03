"""``contexta check``, ``repair`` and ``quarantine``."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _flip(path: Path, place: int, mask: int = 4) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[place] ^= mask
    path.write_bytes(data)


def _part(root: Path) -> Path:
    return max((root / "records" / "metric").rglob("*.parquet"), key=lambda one: one.stat().st_size)


def _body(root: Path) -> Path:
    bodies = [path for path in (root / "artifacts" / "objects").rglob("*") if path.is_file()]
    return max(bodies, key=lambda one: one.stat().st_size)


def test_a_healthy_workspace(call: Call, lab: Path) -> None:
    """No issue, exit code 0, all planes looked at."""
    done = call("check", "--format", "json")
    found = json.loads(done.out)

    assert (0, True, []) == (done.code, found["ok"], found["issues"])
    assert {"metadata", "records", "artifacts"} == set(found["planes"])


def test_check_changes_nothing(call: Call, lab: Path) -> None:
    """Every file of a damaged workspace is the same after a check and a plan."""
    _flip(_part(lab), 200)

    def state() -> dict[str, bytes]:
        files = sorted(path for path in lab.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files if "-shm" not in path.name}

    before = state()
    call("check")
    call("repair", "plan")
    call("doctor")

    assert before == state()


def test_what_is_damaged_is_said_whole(
    call: Call, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a narrow terminal; and nobody counts runs of a ledger that cannot be read."""
    monkeypatch.setenv("COLUMNS", "80")
    (lab / "metadata" / "ledger.sqlite").write_bytes(b"x" * 8192)
    told = " ".join(call("check").out.split())
    doctor = call("doctor").out

    assert "or restore it from a backup." in told
    assert "Runs:      unknown" in doctor


def test_a_flipped_bit_of_each_plane_is_found(call: Call, demo: Path) -> None:
    """Damage of one plane hides no other: all are in one answer, and the exit code is 1."""
    _flip(_part(demo), 300)
    _flip(_body(demo), 100)
    done = call("check", "--format", "json")
    issues = json.loads(done.out)["issues"]

    assert 1 == done.code
    assert {"records", "artifacts"} <= {one["plane"] for one in issues}


def test_a_ledger_that_does_not_open_hides_nothing(call: Call, lab: Path) -> None:
    """A plane that cannot be opened is an issue, and the others are checked."""
    (lab / "metadata" / "ledger.sqlite").write_bytes(b"x" * 8192)
    done = call("check", "--format", "json")
    found = json.loads(done.out)

    assert 1 == done.code
    assert "damaged" == found["planes"]["metadata"]
    assert "checked" == found["planes"]["records"]
    assert "metadata_store_open_failed" in {one["code"] for one in found["issues"]}


def test_fail_on_warning(call: Call, demo: Path) -> None:
    """A warning passes unless it is asked for."""
    binding = call("artifact", "list", "--kind", "model_bundle", "--limit", "1", "-f", "json")
    ref = json.loads(binding.out)["artifacts"][0]["artifact_ref"]
    from contexta.client import Contexta
    from contexta.contract import LineageEdge

    edge = LineageEdge(
        relation_ref="relation:forecast.x",
        relation_type="derived_from",
        source_ref=ref,
        target_ref="artifact:forecast.fit-01.gone",
        recorded_at="2026-01-01T00:00:00Z",
        origin_marker="explicit",
        confidence_marker="high",
    )
    with Contexta(workspace=demo) as ctx:
        ctx.metadata_store.put_all([edge])

    assert 0 == call("check", "--quick").code
    assert 1 == call("check", "--quick", "--fail-on", "warning").code


def test_repair_is_planned_asked_and_done(call: Call, demo: Path) -> None:
    """A flipped bit gets its right content back after a yes; without one nothing changes."""
    part = _part(demo)
    right = part.read_bytes()
    _flip(part, 300)
    damaged = part.read_bytes()
    plan = call("repair", "plan", "--format", "json")
    asked = call("repair", "apply")

    assert (1, 1) == (plan.code, asked.code)
    assert ["repair_part"] == [one["kind"] for one in json.loads(plan.out)["records"]]
    assert "ERROR [confirmation_required]" in asked.err
    assert damaged == part.read_bytes()

    done = call("repair", "apply", "--yes")
    assert 0 == done.code, done.out
    assert right == part.read_bytes()
    assert 0 == call("check").code


def test_what_is_put_aside_is_listed_and_released(call: Call, demo: Path) -> None:
    """The damaged copy stays in quarantine until it is released, and that asks."""
    _flip(_part(demo), 300)
    call("repair", "apply", "--yes")
    items = json.loads(call("quarantine", "list", "-f", "json").out)["quarantine"]
    asked = call("quarantine", "release", items[0]["id"])
    unknown = call("quarantine", "release", "nope", "--yes")
    done = call("quarantine", "release", items[0]["id"], "--yes")

    assert "ERROR [confirmation_required]" in asked.err
    assert "ERROR [quarantine_item_unknown]" in unknown.err
    assert 0 == done.code
    assert "nothing is in quarantine" in call("quarantine", "list").out


def test_a_lost_body_is_not_called_mended(call: Call, demo: Path) -> None:
    """A damaged body is put aside; that its artifact has none now is said, with exit code 1."""
    _flip(_body(demo), 100)
    done = call("repair", "apply", "--yes", "-f", "json")
    left = json.loads(done.out)["left"]

    assert 1 == done.code
    assert 1 == len(left["missing_artifacts"])
    assert "has no body" in call("repair", "plan").out


def test_a_damaged_row_is_mended_and_taken_back(call: Call, lab: Path) -> None:
    """A row whose digest is wrong goes to the audit; undo brings it back byte by byte."""
    with sqlite3.connect(lab / "metadata" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE ledger_runs SET name = 'x' WHERE ref = 'run:lab.day-2'")
    ledger.close()
    assert 1 == call("check").code
    done = json.loads(call("repair", "apply", "--yes", "-f", "json").out)
    repair_id = done["done"]["metadata"]["repair_ids"][0]
    undone = call("repair", "undo", repair_id, "--yes")

    assert Path(done["done"]["metadata"]["backup_path"]).is_file()
    assert 0 == undone.code, undone.err
    assert 1 == call("check").code


def test_supply_takes_only_the_right_copy(call: Call, demo: Path) -> None:
    """A part is mended by a file whose SHA-256 the store wrote down, and by no other."""
    part = _part(demo)
    Path("right.parquet").write_bytes(part.read_bytes())
    Path("wrong.parquet").write_bytes(b"x" * 100)
    part.unlink()
    wrong = call("repair", "supply", "wrong.parquet")
    right = call("repair", "supply", "right.parquet")

    assert (1, 0) == (wrong.code, right.code)
    assert "ERROR [record_store_" in wrong.err
    assert 0 == call("check").code


@pytest.mark.parametrize("command", [("check",), ("repair", "plan"), ("doctor",)])
def test_w9_no_workspace_is_made(call: Call, project: Path, command: tuple[str, ...]) -> None:
    """W9: a mistyped workspace is refused, and nothing is made."""
    done = call(*command, "-w", "typo")

    assert 1 == done.code
    assert "ERROR [workspace_not_found]" in done.err
    assert not Path("typo").exists()


def test_accept_log_refuses_where_nothing_is_lost(call: Call, lab: Path) -> None:
    """A whole log is not given up, whatever is answered."""
    done = call("repair", "accept-log", "--yes")

    assert 1 == done.code
    assert "ERROR [metadata_log_not_damaged]" in done.err
