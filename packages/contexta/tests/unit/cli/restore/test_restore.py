"""``contexta restore``: verified first, planned, asked, and the target is never lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def backup(call: Call, lab: Path) -> Path:
    """A backup of the lab, outside of it."""
    done = call("backup", "create", "--output", "safe/lab", "--format", "json")
    return Path(json.loads(done.out)["backup_path"])


def _runs(call: Call, workspace: str) -> set[str]:
    out = call("runs", "--workspace", workspace, "--format", "json").out
    return {run["run_id"] for run in json.loads(out)["runs"]}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(data)


def test_apply_to_a_new_folder_keeps_the_keys_of_1_0(call: Call, lab: Path, backup: Path) -> None:
    """`restore apply` answers with backup_path, target_workspace and restored; nothing is asked."""
    done = call("restore", "apply", str(backup), "--target-workspace", "new/ws", "-f", "json")
    facts = json.loads(done.out)

    assert (0, True) == (done.code, facts["restored"])
    assert str(backup) == facts["backup_path"]
    assert str(Path("new/ws").absolute()) == facts["target_workspace"]
    assert _runs(call, str(lab)) == _runs(call, "new/ws")


def test_w6_a_corrupt_backup_never_touches_the_target(call: Call, lab: Path, backup: Path) -> None:
    """W6: the archive is verified before anything of the target changes."""
    _corrupt(backup)
    before = _bytes(lab)
    done = call("restore", "apply", str(backup), "--yes")

    assert 1 == done.code
    assert "ERROR [recovery_" in done.err
    assert before == _bytes(lab)


@pytest.mark.parametrize("content", [b"", b"not an archive at all" * 100, b"PK\x03\x04 a zip"])
def test_w6_a_file_that_is_no_backup_is_not_verified(call: Call, lab: Path, content: bytes) -> None:
    """W6: `--verify-only` reads the file; existing is not enough."""
    Path("x.zip").write_bytes(content)
    done = call("restore", "apply", "x.zip", "--verify-only", "-f", "json")

    assert 1 == done.code
    assert json.loads(done.err)["error"]["code"].startswith("recovery_")


def test_verify_only_keeps_its_key_and_changes_nothing(call: Call, lab: Path, backup: Path) -> None:
    """A backup that verifies answers verified and leaves the target as it is."""
    before = _bytes(lab)
    done = call("restore", "apply", str(backup), "--verify-only", "-f", "json")
    facts = json.loads(done.out)

    assert (0, True) == (done.code, facts["verified"])
    assert "restored" not in facts
    assert before == _bytes(lab)
    assert "Verified" in call("restore", "apply", str(backup), "--verify-only").out


def test_verify_only_of_a_damaged_backup_fails(call: Call, lab: Path, backup: Path) -> None:
    """A flipped bit makes `--verify-only` exit with 1, as answer or as error."""
    _corrupt(backup)
    done = call("restore", "apply", str(backup), "--verify-only")

    assert 1 == done.code
    assert "Verified" not in done.out


def test_w6_replacing_a_workspace_needs_a_yes(call: Call, lab: Path, backup: Path) -> None:
    """W6: what is there is not replaced unasked; the plan says what would go."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("later"):
        pass
    asked = call("restore", "apply", str(backup))

    assert 1 == asked.code
    assert "ERROR [confirmation_required]" in asked.err
    assert "run:lab.later" in asked.out
    assert "run:lab.later" in _runs(call, str(lab))


def test_w6_the_target_is_backed_up_before_it_is_replaced(
    call: Call, lab: Path, backup: Path
) -> None:
    """W6: what a restore takes away is in the safety backup that it names."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("later"):
        pass
    facts = json.loads(call("restore", "apply", str(backup), "--yes", "-f", "json").out)
    gone = _runs(call, str(lab))
    back = call("restore", "apply", facts["safety_backup_ref"], "--target-workspace", "again/ws")

    assert "run:lab.later" not in gone
    assert 0 == back.code, back.err
    assert "run:lab.later" in _runs(call, "again/ws")


def test_w6_the_workspace_option_is_the_target(call: Call, lab: Path, backup: Path) -> None:
    """W6: without `--target-workspace` the workspace of the call is restored, also a new one."""
    done = call("restore", "apply", str(backup), "--workspace", "elsewhere/ws", "-f", "json")

    assert 0 == done.code, done.err
    assert str(Path("elsewhere/ws").absolute()) == json.loads(done.out)["target_workspace"]
    assert _runs(call, str(lab)) == _runs(call, "elsewhere/ws")


def test_restore_works_when_the_ledger_cannot_be_opened(
    call: Call, lab: Path, backup: Path
) -> None:
    """The workspace that needs the restore most is one that does not open."""
    runs = _runs(call, str(lab))
    (lab / "metadata" / "ledger.sqlite").write_bytes(b"gone" * 4096)
    assert 1 == call("runs").code
    done = call("restore", "apply", str(backup), "--yes")

    assert 0 == done.code, done.err
    assert runs == _runs(call, str(lab))


def test_plan_says_what_would_change_and_changes_nothing(
    call: Call, lab: Path, backup: Path
) -> None:
    """The plan has counts of both sides and the runs that would vanish."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("later"):
        pass
    before = _bytes(lab / "metadata")
    facts = json.loads(call("restore", "plan", str(backup), "-f", "json").out)

    assert ["run:lab.later"] == facts["preview"]["vanishing_runs"]
    assert 9 == facts["preview"]["backup_counts"]["runs"]
    assert before == _bytes(lab / "metadata")


def test_a_project_is_merged_and_nothing_is_set_back(call: Call, lab: Path, backup: Path) -> None:
    """With `--project` the target keeps its later runs."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("later"):
        pass
    done = call("restore", "apply", str(backup), "--project", "lab", "--yes")

    assert 0 == done.code, done.err
    assert "run:lab.later" in _runs(call, str(lab))


def test_a_missing_backup_is_a_coded_error(call: Call, lab: Path) -> None:
    """W13: no raw FileNotFoundError."""
    done = call("restore", "apply", "no/such.zip", "--yes")

    assert 1 == done.code
    assert "ERROR [recovery_backup_not_found]" in done.err
