"""A rehearsal asks the restored copy what people ask the workspace."""

import pytest

from contexta.recovery import create_workspace_backup, plan_workspace_backup


@pytest.fixture
def backed_up(open_ctx):
    """Three runs with stages, metrics, artifacts, and a deployment of the last; backed up."""
    ctx = open_ctx()
    for number in range(3):
        with ctx.run("train", params={"lr": 0.1 * number}, tags={"kind": "night"}) as run:
            with run.stage("fit") as stage:
                for step in range(5):
                    stage.metric("loss", 1 / (step + 1 + number), step=step)
            run.metric("accuracy", float("nan") if number == 1 else 0.5 + number)
            run.event("saved", message="a checkpoint")
    with ctx.deployment("live", run_ref=run.ref):
        pass
    ctx.flush()
    return ctx, create_workspace_backup(ctx.config, plan_workspace_backup(ctx.config)).backup_ref


def test_a_good_backup_answers_as_the_workspace_does(backed_up):
    """Runs, snapshots, metrics, points, a comparison and the lineage are asked for."""
    ctx, ref = backed_up
    with ctx.run("later") as run:
        run.metric("loss", 3.0)

    result = ctx.rehearse_restore(ref)

    assert ("SUCCESS", ()) == (result.status, result.warnings)
    assert 3 == result.run_count
    assert 1 + 3 * 3 + 1 + 1 == result.question_count


def test_answers_that_differ_are_named(backed_up):
    """Records that the workspace has lost since show in snapshot, metrics and points."""
    ctx, ref = backed_up
    runs = sorted(run.run_id for run in ctx.list_runs())
    ctx.record_store.apply_erasure(ctx.record_store.plan_erasure(run_refs=[runs[0]]))

    result = ctx.rehearse_restore(ref)

    assert "DEGRADED" == result.status
    assert {f"{what} {runs[0]}" for what in ("snapshot", "metrics", "points")} <= {
        one.question for one in result.differences
    }
    assert all(one.line in result.warnings for one in result.differences)


def test_a_rehearsal_takes_nothing_from_the_environment(backed_up, monkeypatch, tmp_path):
    """A variable that names another database must not be what is asked."""
    ctx, ref = backed_up
    monkeypatch.setenv("CONTEXTA_METADATA_DATABASE_PATH", str(tmp_path / "env.sqlite"))
    monkeypatch.setenv("CONTEXTA_WORKSPACE_ROOT_PATH", str(tmp_path / "env"))

    result = ctx.rehearse_restore(ref)

    assert ("SUCCESS", 3) == (result.status, result.run_count)
    assert not (tmp_path / "env.sqlite").exists()


def test_a_plain_facade_restores_with_its_default_settings(tmp_path, monkeypatch):
    """All folders of recovery lie inside the workspace then; everything used to be lost."""
    from contexta import Contexta
    from contexta.recovery import list_backups, plan_restore, restore_workspace

    monkeypatch.chdir(tmp_path)
    with Contexta() as ctx:
        with ctx.run("first") as run:
            run.metric("loss", 0.5)
        first = run.ref
        ref = create_workspace_backup(ctx.config, plan_workspace_backup(ctx.config)).backup_ref
        with ctx.run("second"):
            pass
    plan = plan_restore(ctx.config, ref)

    result = restore_workspace(ctx.config, plan)

    assert ("SUCCESS", True) == (result.status, result.applied)
    assert 1 == len(plan.preview.vanishing_runs)
    with Contexta() as ctx:
        assert [first] == [one.run_id for one in ctx.list_runs()]
        assert {ref, result.safety_backup_ref} == {
            one.backup_ref for one in list_backups(ctx.config)
        }
    assert [".contexta"] == [path.name for path in tmp_path.iterdir()]


def test_a_restore_under_an_open_facade_is_refused(backed_up):
    """It would go on writing into a database that is gone."""
    from contexta.recovery import RestoreError, plan_restore, restore_workspace

    ctx, ref = backed_up
    with ctx.run("later") as run:
        plan = plan_restore(ctx.config, ref)
        with pytest.raises(RestoreError) as caught:
            restore_workspace(ctx.config, plan)
        run.metric("loss", 1.0)

    assert "recovery_target_in_use" == caught.value.code
    assert 4 == len(ctx.list_runs())
