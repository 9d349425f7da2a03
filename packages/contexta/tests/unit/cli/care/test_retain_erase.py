"""``contexta retain``, ``erase``, ``erased``, ``archive``, ``compact`` and ``merge``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _runs(call: Call, *more: str) -> set[str]:
    return {run["run_id"] for run in json.loads(call("runs", "-f", "json", *more).out)["runs"]}


def _holds(folder: Path, text: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if text in path.read_bytes()]


def test_retain_plans_and_changes_nothing(call: Call, demo: Path) -> None:
    """Without --apply the runs are named and stay."""
    before = _runs(call)
    done = call("retain", "runs", "--keep-last", "3")

    assert 0 == done.code
    assert "--apply" in done.out
    assert before == _runs(call)


def test_retain_takes_whole_runs_and_leaves_a_healthy_workspace(call: Call, demo: Path) -> None:
    """Runs go with records and artifacts, so that no check finds leftovers."""
    done = call("retain", "runs", "--keep-last", "3", "--apply", "--yes", "-f", "json")
    result = json.loads(done.out)

    assert result["applied"]
    assert result["records"]["rows"] > 0
    assert not set(result["runs"]) & _runs(call)
    assert 0 == call("check").code


def test_retain_keeps_what_others_rest_on(call: Call, demo: Path) -> None:
    """A deployed run and the data of models that stay are kept, with the reason."""
    found = json.loads(call("retain", "runs", "--keep-last", "1", "-f", "json").out)
    deployed = [
        run for run in found["runs"] if run in ("run:vision.night-02", "run:vision.night-05")
    ]

    assert not deployed
    assert "rests on it" in found["kept"]["run:vision.photos-v2"]


def test_retain_lists_every_old_run_that_something_holds(call: Call, demo: Path) -> None:
    """Deployed and tagged runs are old as well; text and data say why each stays."""
    newest, *_ = sorted(
        json.loads(call("retain", "runs", "--keep-last", "1", "-f", "json").out)["runs"]
    )
    assert 0 == call("tag", newest, "keep=paper").code
    asked = ("retain", "runs", "--keep-last", "1", "--keep-tagged", "keep")
    found = json.loads(call(*asked, "-f", "json").out)
    text = call(*asked).out

    assert "it has the tag keep" == found["kept"][newest]
    assert "names it" in found["kept"]["run:vision.night-02"]
    assert f"{len(found['kept'])} old ones stay" in text
    assert all(f"keep {run}: {why}" in text for run, why in found["kept"].items())
    assert not set(found["kept"]) & set(found["runs"])


def test_retain_without_yes_is_refused(call: Call, demo: Path) -> None:
    """--apply where nobody can be asked needs --yes."""
    before = _runs(call)
    done = call("retain", "runs", "--keep-last", "3", "--apply")

    assert 1 == done.code
    assert "ERROR [confirmation_required]" in done.err
    assert before == _runs(call)


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs",),
        ("runs", "--older-than", "soon"),
        ("records",),
        ("artifacts",),
        ("artifacts", "--keep-last", "-1"),
    ],
)
def test_retain_must_be_told_what_is_too_much(
    call: Call, demo: Path, arguments: tuple[str, ...]
) -> None:
    """A retention without a rule, or with a wrong one, is a usage error."""
    assert 2 == call("retain", *arguments).code


def test_retain_records_by_age_and_type(call: Call, demo: Path) -> None:
    """Old points go; events of the same runs and deployed runs keep everything."""
    done = call(
        "retain", "records", "--older-than", "2d", "--record-type", "metric", "--apply", "--yes",
        "-f", "json",
    )  # fmt: skip
    kept = json.loads(
        call("recover", "replay", "--record-type", "metric", "--no-records", "-f", "json").out
    )

    assert json.loads(done.out)["removed_rows"] > 0
    assert kept["record_count"] > 0
    assert 0 == call("check").code


def test_erase_leaves_no_byte_of_a_run(call: Call, demo: Path) -> None:
    """Records, artifacts, rows and relations go, and a check finds nothing missing."""
    ref = "run:vision.night-04"
    done = call("erase", "night-04", "--anonymous", "--yes", "-f", "json")
    result = json.loads(done.out)

    assert (0, [ref]) == (done.code, result["erased"])
    assert result["records"]["rows"] > 0
    assert 2 == len(result["artifacts"]["removed_refs"])
    assert not [path for path in _holds(demo / "records", ref.encode()) if "parquet" in path]
    assert ref not in _runs(call)
    assert 0 == call("check").code


def test_the_plan_of_an_erasure_does_not_contradict_itself(call: Call, demo: Path) -> None:
    """What goes with the artifacts is not listed as left alone by the ledger."""
    lines = call("erase", "night-04", "--dry-run").out.splitlines()

    assert "2 artifacts go;" in " ".join(lines)
    assert "  - artifact:vision.night-04.model" in lines
    assert "Not touched: artifact:vision.night-04.model" not in lines
    assert any(line.startswith("Not touched: artifact:vision.photos-v") for line in lines)


def test_erase_asks_first(call: Call, demo: Path) -> None:
    """The plan is printed; without a yes nothing goes."""
    done = call("erase", "night-04")

    assert 1 == done.code
    assert "ERROR [confirmation_required]" in done.err
    assert "artifact:vision.night-04.model" in done.out
    assert "run:vision.night-04" in _runs(call)


def test_erase_of_a_deployed_run_is_refused_as_a_whole(call: Call, demo: Path) -> None:
    """A blocker of one plane stops all of them before the first byte."""
    before = json.loads(call("recover", "replay", "--no-records", "-f", "json").out)
    run = json.loads(call("deployments", "-f", "json").out)["deployments"][-1]["run_id"]
    done = call("erase", run, "--yes")

    assert 1 == done.code
    assert "ERROR [erase_blocked]" in done.err
    assert before == json.loads(call("recover", "replay", "--no-records", "-f", "json").out)


def test_erase_of_an_unknown_run_names_the_nearest(call: Call, demo: Path) -> None:
    """Also for a ref that is written out."""
    done = [call("erase", name, "--yes") for name in ("night-44", "run:vision.night-44")]

    assert [1, 1] == [one.code for one in done]
    assert all("run:vision.night-04" in one.err for one in done)


def test_erase_takes_what_a_deleted_run_left(call: Call, demo: Path) -> None:
    """A run that only the ledger forgot is found by check, and erased by its ref."""
    from contexta.client import Contexta

    with Contexta(workspace=demo) as ctx:
        store = ctx.metadata_store
        store.apply_deletion(store.plan_deletion(["run:vision.night-04"]))
    found = call("check")
    done = call("erase", "run:vision.night-04", "--yes")

    assert "contexta erase run:vision.night-04" in found.out
    assert 0 == done.code, done.err
    assert 0 == call("check").code


def test_erased_lists_what_went(call: Call, demo: Path) -> None:
    """Counts, refs, times and the reason stay."""
    call("erase", "night-04", "--reason", "asked\x1b[2J", "--yes")
    done = call("erased")
    found = json.loads(call("erased", "-f", "json").out)

    assert "\x1b" not in done.out
    assert "run:vision.night-04" in {one["what"] for one in found["ledger"]}
    assert found["records"]
    assert 2 == len(found["artifacts"])


def test_archive_and_back(call: Call, lab: Path) -> None:
    """Archived runs lose nothing, and come back."""
    first = json.loads(call("archive", "day-1", "-f", "json").out)
    again = json.loads(call("archive", "day-1", "-f", "json").out)
    back = json.loads(call("unarchive", "day-1", "-f", "json").out)

    assert ["run:lab.day-1"] == first["archived"]
    assert [] == again["archived"]
    assert ["run:lab.day-1"] == back["unarchived"]


def test_compact_plans_then_merges(call: Call, lab: Path) -> None:
    """Small parts become fewer, and every record stays."""
    from contexta.client import Contexta

    for number in range(3):
        with Contexta(workspace=lab, config={"project_name": "lab"}) as ctx:
            with ctx.run(f"more-{number}") as run:
                run.metric("loss", 0.5)
            ctx.flush(seal=True)
    before = json.loads(call("recover", "replay", "--no-records", "-f", "json").out)
    plan = json.loads(call("compact", "--full", "--dry-run", "-f", "json").out)
    done = json.loads(call("compact", "--full", "-f", "json").out)

    assert plan["groups"]
    assert done["parts_after"] < done["parts_before"] == plan["parts"]
    assert before == json.loads(call("recover", "replay", "--no-records", "-f", "json").out)


def test_merge_takes_what_is_missing_once(call: Call, lab: Path) -> None:
    """The plan writes nothing, the merge brings the runs, the second merge nothing."""
    from contexta.client import Contexta

    with (
        Contexta(workspace="away/.contexta", config={"project_name": "lab"}) as ctx,
        ctx.run("train", run_id="day-1") as run,
    ):
        run.metric("loss", 0.5)
    before = _runs(call)
    plan = call("merge", "away", "--dry-run")
    assert before == _runs(call)
    done = json.loads(call("merge", "away", "-f", "json").out)
    again = call("merge", "away", "-f", "json")

    assert "--dry-run" in plan.out
    assert [{"old": "run:lab.day-1", "new": "run:lab.day-1-2"}] == done["renames"]
    assert "run:lab.day-1-2" in _runs(call)
    assert [] == json.loads(again.out)["renames"] or 0 == again.code


def test_merge_goes_to_the_ledger_that_the_settings_name(call: Call, lab: Path) -> None:
    """A ledger outside of the folder gets the runs; records outside are refused."""
    from contexta.client import Contexta

    with (
        Contexta(workspace="away/.contexta", config={"project_name": "lab"}) as ctx,
        ctx.run("train", run_id="other"),
    ):
        pass
    ledger = ("--set", "metadata.database_path=real.sqlite")
    Path("real.sqlite").write_bytes((lab / "metadata" / "ledger.sqlite").read_bytes())
    before = _runs(call)
    done = call("merge", "away", *ledger)
    refused = call("merge", "away", "--set", "records.root_path=elsewhere")

    assert 0 == done.code, done.err
    assert before == _runs(call)
    assert "run:lab.other" in _runs(call, *ledger)
    assert (1, True) == (refused.code, "ERROR [merge_planes_elsewhere]" in refused.err)


def test_merge_of_no_workspace_is_refused(call: Call, lab: Path) -> None:
    """W13: a folder that is none is a coded error, and nothing changes."""
    Path("empty").mkdir()
    done = call("merge", "empty")

    assert 1 == done.code
    assert "ERROR [" in done.err
    assert "internal_error" not in done.err


def test_migrate_has_nothing_to_do(call: Call, lab: Path) -> None:
    """A ledger of this release needs nothing."""
    done = call("migrate", "-f", "json")

    assert (0, False) == (done.code, json.loads(done.out)["requires_migration"])
