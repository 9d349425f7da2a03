"""Runs: refs, lifecycle, and what is on disk when."""

import asyncio
import threading

import pytest

from contexta.contract.errors import (
    ClosedScopeError,
    ConflictError,
    LifecycleError,
)


def row(ctx, run):
    return ctx.metadata_store.runs.get_run(run.ref)


def test_a_run_is_on_disk_as_soon_as_it_is_open(ctx):
    """The row is stored at open, with name, params and tags, and closed with its status."""
    with ctx.run("My Run", params={"lr": 0.1}, tags={"team": "a"}) as run:
        opened = row(ctx, run)
    closed = row(ctx, run)

    assert (run.ref, run.name, run.run_id) == ("run:p.my-run", "My Run", "my-run")
    assert (opened.status, opened.name, dict(opened.params), dict(opened.tags)) == (
        "open", "My Run", {"lr": 0.1}, {"team": "a"},
    )  # fmt: skip
    assert (closed.status, closed.ended_at >= closed.started_at) == ("completed", True)


def test_runs_of_one_name_get_refs_of_their_own(open_ctx):
    """Names repeat, refs do not, also between facades and threads."""
    refs = []
    lock = threading.Lock()

    def work(ctx):
        with ctx.run("train") as run, lock:
            refs.append(run.ref)

    first, second = open_ctx(), open_ctx()
    threads = [threading.Thread(target=work, args=(c,)) for c in (first, second, first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(refs) == ["run:p.train", "run:p.train-2", "run:p.train-3"]


def test_a_chosen_run_id_is_refused_when_taken_and_resumed_on_request(ctx):
    """run_id chooses the ref; resume continues that run and keeps its start."""
    with ctx.run("a", run_id="x1", params={"lr": 1}) as run:
        run.metric("loss", 1.0)
    first = row(ctx, run)
    with pytest.raises(ConflictError) as caught:
        ctx.run("a", run_id="x1")
    with ctx.run("a", run_id="x1", resume=True, params={"bs": 2}) as again:
        assert row(ctx, run).status == "open"
        again.metric("loss", 2.0)
    final = row(ctx, run)

    assert caught.value.code == "runtime_run_exists"
    assert (again.ref, final.started_at, dict(final.params)) == (
        run.ref, first.started_at, {"bs": 2, "lr": 1},
    )  # fmt: skip
    assert ctx.metadata_store.runs.list_runs() == (final,)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (SystemExit(0), "completed"),
        (SystemExit(3), "failed"),
    ],
)
def test_a_run_ends_with_its_true_status(ctx, error, status):
    """How the block ended is what the row says; the exception goes on unchanged."""
    with pytest.raises(type(error)) as caught, ctx.run("r") as run:
        raise error

    assert caught.value is error
    assert row(ctx, run).status == status


def test_closing_is_idempotent_and_closes_the_children(ctx):
    """A second close does nothing; children end with the run and take nothing more."""
    run = ctx.run("r")
    stage = run.stage("s")
    batch = stage.batch("b")
    run.close(status="failed")
    run.close()

    stored = ctx.metadata_store.stages.get_stage_execution(stage.ref)
    assert (run.status, stage.status, batch.status, stored.status) == ("failed",) * 4
    for scope in (run, stage, batch):
        with pytest.raises(ClosedScopeError):
            scope.metric("x", 1.0)
    with pytest.raises(ClosedScopeError):
        stage.batch("late")


def test_a_run_closed_in_another_thread_keeps_the_users_exception(ctx):
    """Closing elsewhere never masks what the block raised."""

    def work(run):
        thread = threading.Thread(target=run.close)
        thread.start()
        thread.join()
        raise ValueError("mine")

    run = ctx.run("r")
    with pytest.raises(ValueError, match="mine"), run:
        work(run)

    assert row(ctx, run).status == "completed"


def test_closing_a_foreign_run_leaves_the_own_stages_alone(ctx):
    """A thread with its own run may close another one without side effects."""
    outer = ctx.run("outer")
    seen = {}

    def work():
        with ctx.run("inner") as inner:
            stage = inner.stage("s")
            outer.close()
            seen["stage"] = stage.status
            seen["current"] = ctx.current_run().ref

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert (seen, outer.status) == ({"stage": "open", "current": "run:p.inner"}, "completed")


def test_a_run_inside_a_run_is_refused_with_the_way_out(ctx):
    """A second run in one thread is nearly always a forgotten close."""
    with ctx.run("a"), pytest.raises(LifecycleError, match="nested run") as caught:
        ctx.run("b")

    assert caught.value.code == "runtime_nested_run"


def test_params_and_tags_may_be_added_while_the_run_goes(ctx):
    """Later values win; secrets are stored redacted."""
    with ctx.run("r", params={"lr": 1}) as run:
        run.log_params({"lr": 2, "model": {"layers": 3}, "db_password": "hunter2"})
        run.set_tags({"fold": 3})
    stored = row(ctx, run)

    assert (stored.params["lr"], stored.params["db_password"]) == (2, "[redacted]")
    assert dict(stored.tags) == {"fold": "3"}
    assert dict(run.params) == dict(stored.params)


def test_the_snapshots_are_stored_and_redacted(open_ctx):
    """Environment and configuration are there once the run is closed."""
    ctx = open_ctx()
    with ctx.run("r", config_snapshot={"lr": 1, "api_token": "abcdefgh"}) as run:
        pass
    stored = row(ctx, run)
    environment = ctx.metadata_store.environments.list_environment_snapshots(run.ref)
    body = ctx.artifact_store.read_artifact_bytes(stored.config_snapshot_ref)

    assert stored.config_snapshot_ref == "artifact:p.r.config-snapshot"
    assert len(stored.metadata["argv"]) > 0
    assert [item.environment_snapshot_ref.text for item in environment] == [
        "environment:p.r.runtime"
    ]
    assert (b"abcdefgh" in body, b'"lr": 1' in body) == (False, True)


def test_metadata_that_has_no_json_form_becomes_text(ctx):
    """Odd metadata never stops a run from opening."""
    with ctx.run("r", metadata={"f": print, "n": 1}) as run:
        pass

    assert (row(ctx, run).metadata["n"], run.metadata["f"]) == (1, str(print))


def test_a_run_may_belong_to_another_project(ctx):
    """project= overrides the configured one for a single run."""
    with ctx.run("r", project="Other Team") as run:
        run.metric("x", 1.0)

    assert run.ref == "run:other-team.r"
    assert [item.name for item in ctx.metadata_store.projects.list_projects()] == ["Other Team"]
