"""``contexta backup``: made by the engine that verifies, outside of what it copies."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _create(call: Call, *more: str) -> dict[str, Any]:
    done = call("backup", "create", "--format", "json", *more)
    assert done.code == 0, done.err
    facts: dict[str, Any] = json.loads(done.out)
    return facts


def test_create_keeps_the_keys_of_1_0(call: Call, lab: Path) -> None:
    """`backup create` answers with backup_path, label and workspace, and more beside."""
    facts = _create(call, "--label", "nightly")

    assert (str(lab), "nightly") == (facts["workspace"], facts["label"])
    assert Path(facts["backup_path"]).is_dir()
    assert "SUCCESS" == facts["status"]


def test_w7_a_backup_holds_no_backup(call: Call, lab: Path) -> None:
    """W7: backups lie in the workspace and are never in a backup, so none grows with its number."""
    first, second = _create(call), _create(call)

    assert first["details"]["total_bytes"] == second["details"]["total_bytes"]
    assert second["bytes_written"] < first["bytes_written"]
    assert not list(Path(second["backup_path"]).rglob("backups"))


@pytest.mark.parametrize("name", ["a.v1", "a.v1.tar", "a.v1.zip"])
def test_w7_a_point_in_the_output_stays(call: Call, lab: Path, name: str) -> None:
    """W7: `--output a.v1` is a.v1 and not a; only the suffix of an archive is exchanged."""
    facts = _create(call, "--output", f"out/{name}")

    assert str(Path("out/a.v1.tar").absolute()) == facts["backup_path"]
    assert stat.S_IMODE(Path(facts["backup_path"]).stat().st_mode) == 0o600


def test_an_output_replaces_nothing(call: Call, lab: Path) -> None:
    """An existing file at --output is refused and keeps its bytes."""
    Path("kept.tar").write_bytes(b"mine")
    done = call("backup", "create", "--output", "kept.tar")

    assert 1 == done.code
    assert "ERROR [backup_output_exists]" in done.err
    assert b"mine" == Path("kept.tar").read_bytes()


def test_a_hostile_label_becomes_a_plain_name(call: Call, lab: Path) -> None:
    """A label with a path and escape codes names a folder among the backups, nothing else."""
    facts = _create(call, "--label", "../../x\x1b[2J<b>")

    assert lab / "recovery" / "backups" == Path(facts["backup_path"]).parent
    assert "\x1b" not in call("backup", "list").out


def test_a_running_writer_is_no_obstacle(call: Call, lab: Path) -> None:
    """W7: what was stored before the call is in the backup, while its program goes on."""
    from contexta.client import Contexta

    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("live") as run:
        run.metric("loss", 0.5)
        facts = _create(call)
        verified = call("backup", "verify", "--deep")

    assert 0 == verified.code, verified.out
    assert 10 == facts["details"]["counts"]["runs"]


def test_verify_names_what_is_wrong(call: Call, lab: Path) -> None:
    """One flipped bit is found, named with its place, and the exit code is 1."""
    location = Path(_create(call)["backup_path"])
    victim = next(location.rglob("*.sqlite*"))
    victim.chmod(0o600)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = call("backup", "verify", "--format", "json")
    report = json.loads(done.out)

    assert 1 == done.code
    assert report["ok"] is False
    assert {victim.name} == {Path(one["place"]).name for one in report["backups"][0]["problems"]}


def test_an_unknown_backup_is_refused_with_the_nearest(call: Call, lab: Path) -> None:
    """W13: a mistyped name is a coded error that names what is there."""
    ref = _create(call, "--label", "nightly")["backup_ref"]
    done = call("backup", "verify", "nightli")

    assert 1 == done.code
    assert "ERROR [recovery_backup_not_found]" in done.err
    assert ref in done.err


def test_verify_without_any_backup_says_so(call: Call, lab: Path) -> None:
    """No backup is an error with the command that makes one, not a success."""
    done = call("backup", "verify")

    assert 1 == done.code
    assert "ERROR [backup_none]" in done.err
    assert "contexta backup create" in done.err


def test_list_is_a_table_json_and_rows(call: Call, lab: Path) -> None:
    """The list has one line a backup, in each form."""
    refs = [_create(call)["backup_ref"] for _ in range(2)]
    text = call("backup", "list").out.splitlines()
    rows = [json.loads(line) for line in call("backup", "list", "-f", "ndjson").out.splitlines()]

    assert refs == [line.split()[0] for line in text[1:]]
    assert refs == [row["backup_ref"] for row in rows]


def test_w9_list_makes_no_workspace(call: Call, project: Path) -> None:
    """W9: a mistyped workspace is refused, and nothing is made."""
    done = call("backup", "list", "--workspace", "typo")

    assert 1 == done.code
    assert "ERROR [workspace_not_found]" in done.err
    assert not Path("typo").exists()


def test_prune_without_a_terminal_needs_yes(call: Call, lab: Path) -> None:
    """Where nobody can be asked the plan is printed and nothing goes."""
    refs = [_create(call)["backup_ref"] for _ in range(3)]
    asked = call("backup", "prune", "--keep-last", "1")

    assert 1 == asked.code
    assert "ERROR [confirmation_required]" in asked.err
    assert f"remove  {refs[0]}" in asked.out
    assert 3 == len(json.loads(call("backup", "list", "-f", "json").out)["backups"])

    done = call("backup", "prune", "--keep-last", "1", "--yes", "-f", "json")
    assert refs[:2] == [one["backup_ref"] for one in json.loads(done.out)["removed"]]
    assert refs[2:] == [
        one["backup_ref"] for one in json.loads(call("backup", "list", "-f", "json").out)["backups"]
    ]


def test_prune_without_a_rule_is_a_usage_error(call: Call, lab: Path) -> None:
    """A prune that keeps nothing by rule is refused before anything is read."""
    done = call("backup", "prune", "--yes")

    assert 2 == done.code


def test_diff_names_the_runs(call: Call, lab: Path) -> None:
    """Between two backups the runs that came are named."""
    from contexta.client import Contexta

    before = _create(call)["backup_ref"]
    with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx, ctx.run("new"):
        pass
    after = _create(call)["backup_ref"]
    found = json.loads(call("backup", "diff", before, after, "-f", "json").out)

    assert ["run:lab.new"] == found["runs_added"]
    assert "run:lab.new" in call("backup", "diff", before, after).out


def test_an_existing_key_file_is_never_touched(call: Call, lab: Path) -> None:
    """A key may be the only one that opens a backup, so a second one needs another name."""
    pytest.importorskip("cryptography", reason="the extra `encryption` is not installed")
    first = call("backup", "key", "keys/k")
    written = Path("keys/k").read_bytes()
    second = call("backup", "key", "keys/k")

    assert (0, 1) == (first.code, second.code)
    assert "ERROR [recovery_key_exists]" in second.err
    assert written == Path("keys/k").read_bytes()
