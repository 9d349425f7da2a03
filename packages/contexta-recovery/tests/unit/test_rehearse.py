"""A rehearsal restores to a scratch folder, asks both workspaces, and names what differs."""

import json
import math

import pytest

from contexta.recovery import (
    RehearsalSide,
    RestoreError,
    create_workspace_backup,
    plan_workspace_backup,
    rehearse_restore,
)
from contexta.recovery._rehearse_answers import MOST_DIFFERENCES, differences_of

ENDED = "2026-01-02T00:00:00.000000Z"


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def end(root, open_stores, run, moment=ENDED):
    with open_stores(root) as stores:
        stores.metadata.runs.close_run(f"run:p.{run}", status="completed", ended_at=moment)


@pytest.fixture
def ended(config, workspace, populate, open_stores):
    """Two runs that ended, one that is open, and a backup."""
    populate(workspace, "second")
    populate(workspace, "open")
    end(workspace, open_stores, "first")
    end(workspace, open_stores, "second")
    return back_up(config).backup_ref


def test_a_good_backup_of_an_unchanged_workspace_has_the_same_answers(
    config, workspace, ended, contents
):
    """Only runs that ended before the backup are asked about."""
    sides = []

    def answers(side):
        sides.append(side)
        return contents(side.workspace_root)

    result = rehearse_restore(config, ended, answers=answers)

    assert (result.status, result.ok, result.differences) == ("SUCCESS", True, ())
    assert (result.run_count, result.question_count) == (2, 3)
    assert [side.name for side in sides] == ["live", "restored"]
    assert sides[0].workspace_root == workspace
    assert sides[0].run_refs == sides[1].run_refs == ("run:p.first", "run:p.second")
    assert result.verification_notes[:2] == ("metadata_runs:3", "record_replay:15")


def test_the_scratch_folder_is_removed_and_the_live_workspace_only_read(config, workspace, ended):
    before = {path: path.stat().st_mtime_ns for path in workspace.rglob("*") if path.is_file()}
    rehearse_restore(config, ended)

    after = {path: path.stat().st_mtime_ns for path in workspace.rglob("*") if path.is_file()}
    assert after == before


def test_each_answer_that_differs_is_named_with_its_place(config, ended):
    """The line says what was asked, where the answers part, and both of them."""

    def answers(side: RehearsalSide):
        value = 0.5 if side.name == "live" else 0.4
        return {"metrics run:p.first": {"loss": [{"last": value}]}, "same": [1, "x"]}

    result = rehearse_restore(config, ended, answers=answers)

    assert (result.status, result.ok) == ("DEGRADED", False)
    assert [one.to_dict() for one in result.differences] == [
        {
            "question": "metrics run:p.first",
            "place": "loss[0].last",
            "live": 0.5,
            "restored": 0.4,
        }
    ]
    assert result.warnings == ("metrics run:p.first, loss[0].last: 0.5 live, 0.4 restored.",)
    assert json.loads(json.dumps(result.to_dict()))["differences"][0]["restored"] == 0.4


def test_runs_that_were_changed_or_deleted_since_are_named_and_not_asked_about(
    config, workspace, ended, open_stores
):
    """They differ rightly, so they are no differences."""
    with open_stores(workspace) as stores:
        runs = stores.metadata.runs
        run = runs.get_run("run:p.first")
        runs.put_run(run.model_copy(update={"tags": {"reviewed": "yes"}}))
        plan = stores.metadata.plan_deletion(["run:p.second"], recursive=True)
        stores.metadata.apply_deletion(plan)

    result = rehearse_restore(config, ended)

    assert (result.changed_runs, result.deleted_runs) == (("run:p.first",), ("run:p.second",))
    assert (result.status, result.run_count, result.differences) == ("SUCCESS", 0, ())


def test_a_run_that_the_backup_lacks_is_a_difference(
    config, workspace, ended, populate, open_stores
):
    """A run that is said to have ended before the backup should be in it."""
    populate(workspace, "imported")
    end(workspace, open_stores, "imported")

    result = rehearse_restore(config, ended)

    assert [one.question for one in result.differences] == ["run run:p.imported"]
    assert result.warnings == ("run run:p.imported: 'completed' live, nothing restored.",)


def test_a_backup_that_does_not_verify_fails_before_anybody_is_asked(config, workspace, ended):
    location = workspace / "recovery" / "backups" / ended
    victim = next(path for path in location.rglob("*.parquet*") if path.is_file())
    victim.chmod(0o600)
    victim.write_bytes(victim.read_bytes()[:-1])

    def answers(side):
        raise AssertionError("asked")

    result = rehearse_restore(config, ended, answers=answers)

    assert (result.status, result.ok) == ("FAILURE", False)
    assert victim.name in result.warnings[0]


@pytest.mark.parametrize("given", [None, [1], {"a": object()}])
def test_answers_that_are_no_json_are_refused(config, ended, given):
    with pytest.raises(RestoreError) as caught:
        rehearse_restore(config, ended, answers=lambda side: given)

    assert caught.value.code == "recovery_rehearsal_answers_invalid"
    assert caught.value.details["side"] == "live"


def test_an_exception_of_the_callback_reaches_the_caller_and_leaves_nothing(
    config, workspace, ended
):
    def answers(side):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        rehearse_restore(config, ended, answers=answers)

    staging = workspace / "recovery" / "staging"
    assert [path for path in staging.rglob("*") if path.is_file()] == []


def test_progress_names_the_phases(config, ended):
    phases = []
    rehearse_restore(config, ended, progress=lambda one: phases.append(one.phase))

    assert list(dict.fromkeys(phases)) == ["stage", "inspect", "compare"]


def test_differences_are_found_at_any_depth():
    """Length, kind, missing keys and numbers that are not finite are told apart."""
    live = {"a": {"x": [1, 2, 3], "y": math.nan, "z": 1}, "b": True, "c": "t"}
    restored = {"a": {"x": [1, 5], "y": math.nan, "z": 1.0}, "b": 1, "d": "t"}

    assert [(one.question, one.place) for one in differences_of(live, restored)] == [
        ("a", "length of x"),
        ("a", "x[1]"),
        ("a", "z"),
        ("b", ""),
        ("c", ""),
        ("d", ""),
    ]


def test_the_list_of_differences_ends():
    many = {str(number): number for number in range(MOST_DIFFERENCES + 5)}

    assert len(differences_of(many, {})) == MOST_DIFFERENCES
