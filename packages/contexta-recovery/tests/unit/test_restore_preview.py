"""What a plan tells before anything is replaced, and when it no longer counts."""

from dataclasses import replace

import pytest

from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
)


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


@pytest.fixture
def changed(config, workspace, populate, open_stores):
    """A backed-up workspace that has since got another run, and an event in the first."""
    ref = back_up(config).backup_ref
    populate(workspace, "second", events=2)
    with open_stores(workspace) as stores:
        stores.metadata.runs.close_run(
            "run:p.first", status="completed", ended_at="2026-01-02T00:00:00.000000Z"
        )
    return ref


def test_a_plan_names_what_would_vanish_and_what_would_go_back(config, changed, workspace):
    """Runs are compared one by one, with their content."""
    preview = plan_restore(config, changed).preview

    assert preview.backup_counts == {"artifacts": 1, "records": 5, "runs": 1}
    assert preview.target_counts == {"artifacts": 2, "records": 7, "runs": 2}
    assert preview.vanishing_runs == ("run:p.second",)
    assert preview.changed_runs == ("run:p.first",)
    assert preview.returning_runs == ()
    assert (preview.same_workspace, preview.problems) == (True, ())
    assert preview.replaced == (
        workspace / "metadata",
        workspace / "records",
        workspace / "artifacts",
    )
    assert preview.target_bytes > 0


def test_a_plan_describes_itself(config, changed, workspace):
    plan = plan_restore(config, changed)
    size = plan.preview.target_bytes

    assert plan.describe().split("\n") == [
        f"Restore backup {changed} ({plan.source_root})",
        f"  to {workspace}",
        f"  The backup: 1 runs, 5 records, 1 artifacts, {plan.preview.backup_bytes} bytes.",
        f"  It was made {plan.preview.created_at}.",
        f"  The target now: 2 runs, 7 records, 2 artifacts, {size} bytes.",
        "  Runs that vanish, since the backup lacks them (1):",
        "    run:p.second",
        "  Runs that go back to their state in the backup (1):",
        "    run:p.first",
        f"  Replaced: {workspace / 'metadata'}",
        f"  Replaced: {workspace / 'records'}",
        f"  Replaced: {workspace / 'artifacts'}",
        "  Everything else in the target stays.",
        "  Before anything is changed, the target is backed up and that backup verified.",
    ]


def test_planning_writes_nothing_but_the_staging_folder(config, changed, workspace):
    before = {path for path in workspace.rglob("*") if "staging" not in path.parts}
    plan = plan_restore(config, changed)

    assert {path for path in workspace.rglob("*") if "staging" not in path.parts} == before
    assert list(plan.staging_root.iterdir()) == []


def test_another_workspace_is_named_as_such(config, changed, tmp_path, populate):
    populate(tmp_path / "other", "precious")
    plan = plan_restore(config, changed, target_workspace=tmp_path / "other")

    assert plan.preview.same_workspace is False
    assert plan.preview.vanishing_runs == ("run:p.precious",)
    assert "ANOTHER workspace" in plan.describe()


def test_a_target_that_is_not_there_is_planned_as_created(config, changed, tmp_path):
    plan = plan_restore(config, changed, target_workspace=tmp_path / "new")

    assert not plan.preview.target_exists
    assert plan.preview.returning_runs == ("run:p.first",)
    assert "The target does not exist and is created." in plan.describe()


def test_a_broken_target_can_still_be_planned(config, changed, workspace):
    """Damage is a reason to restore; the plan says what it could not read."""
    (workspace / "metadata" / "ledger.sqlite").write_bytes(b"no database" * 1000)
    plan = plan_restore(config, changed)

    assert [line.split(":")[0] for line in plan.preview.problems] == ["target metadata"]
    assert restore_workspace(config, plan).applied


def test_a_plan_that_only_verifies_looks_at_no_target(config, changed):
    plan = plan_restore(config, changed, verify_only=True)

    assert (plan.preview, plan.target_state) == (None, None)
    assert plan.describe().startswith(f"Verify backup {changed}")


def test_a_plan_made_before_the_target_changed_is_stale(config, changed, workspace, populate):
    """A run that nobody saw in the plan is not replaced unseen."""
    plan = plan_restore(config, changed)
    populate(workspace, "unseen")

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan)

    assert caught.value.code == "recovery_plan_stale"
    free = replace(config, recovery=replace(config.recovery, require_plan_before_apply=False))
    assert restore_workspace(free, plan).applied


def test_housekeeping_does_not_make_a_plan_stale(config, workspace, open_stores):
    """Sealing, folding the log and reading change files, not what the workspace holds."""
    with open_stores(workspace) as stores:
        stores.add_event("first", 99)
        ref = back_up(config).backup_ref
        plan = plan_restore(config, ref)
        stores.records.seal()

    with open_stores(workspace) as stores:
        stores.contents()
    assert restore_workspace(config, plan).applied


def test_a_result_and_its_preview_are_json(config, changed):
    import json

    plan = plan_restore(config, changed)

    assert json.loads(json.dumps(plan.preview.to_dict()))["vanishing_runs"] == ["run:p.second"]
    assert json.loads(json.dumps(restore_workspace(config, plan).to_dict()))["applied"]


def test_copies_that_killed_plans_and_checks_left_are_removed(config, changed, workspace):
    """They hold the plain ledger, also when the backup is encrypted."""
    staging = workspace / "recovery" / "staging"
    left = [staging / "other" / f"plan-{'a' * 16}", staging / f"opened-{'b' * 16}"]
    mine = staging / "other" / "plan-of-mine"
    for folder in (*left, mine):
        folder.mkdir(parents=True)
        (folder / "ledger.sqlite").write_text("x")

    plan_restore(config, changed)

    assert [folder.exists() for folder in (*left, mine)] == [False, False, True]
