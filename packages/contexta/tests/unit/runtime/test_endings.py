"""Scopes end once, truthfully, and take along what belongs to them."""

import copy
import pickle
import subprocess
import sys
import threading

import pytest

from contexta.contract.errors import LifecycleError
from contexta.contract.models.context import StageExecution
from contexta.runtime import RuntimeSession


class Mute(Exception):
    """An exception that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")


def test_an_exception_without_text_is_not_replaced(ctx, records_of):
    """The user's exception leaves the span as it came."""
    with pytest.raises(Mute), ctx.run("r") as run, run.span("s"):
        raise Mute
    span = records_of(ctx, "span")[0].payload

    assert (run.status, span.status, span.attributes["error.type"]) == ("failed", "error", "Mute")


def test_a_running_span_ends_with_its_scope(ctx, records_of):
    """A span that another thread is still in is stored; leaving it later is harmless."""
    inside, closed = threading.Event(), threading.Event()
    failures = []

    def work():
        try:
            with run.span("load"):
                inside.set()
                closed.wait(30)
        except BaseException as error:
            failures.append(error)

    with ctx.run("r") as run:
        worker = threading.Thread(target=work)
        worker.start()
        inside.wait(30)
    closed.set()
    worker.join()

    assert [record.payload.span_name for record in records_of(ctx, "span")] == ["load"]
    assert failures == []


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_what_belongs_to_a_process_says_so_when_pickled(ctx, copier):
    """Scopes, session and facade refuse with our error and the way out."""
    codes = []
    with ctx.run("r") as run:
        for item in (run, ctx, ctx.session):
            with pytest.raises(LifecycleError) as caught:
                copier(item)
            codes.append(caught.value.code)

    assert codes == [
        "runtime_scope_not_picklable", "facade_not_picklable", "runtime_session_not_picklable",
    ]  # fmt: skip


def test_deployments_wait_for_their_background_work(ctx, tmp_path):
    """An artifact registered with wait=False is stored when the deployment is closed."""
    (tmp_path / "model.bin").write_bytes(b"x" * 100)
    with ctx.deployment("serve") as deployment:
        deployment.register_artifact("model", tmp_path / "model.bin", wait=False)
    stored = ctx.artifact_store.list_refs()

    assert [ref for ref in map(str, stored) if ".model-" in ref] != []


def test_each_deployment_has_a_ref_of_its_own(ctx, open_ctx):
    """Deploying again keeps the earlier row; an explicit ref goes on with it."""
    with ctx.deployment("serve") as first:
        pass
    with ctx.deployment("serve") as second:
        pass
    other = open_ctx()
    with other.deployment("serve") as third:
        pass
    with other.deployment("serve", deployment_ref="deployment:p.serve") as again:
        pass

    assert [item.ref for item in (first, second, third, again)] == [
        "deployment:p.serve", "deployment:p.serve-2", "deployment:p.serve-3", "deployment:p.serve",
    ]  # fmt: skip


def test_a_refused_row_holds_up_no_other(ctx, caplog):
    """What the store will never take is said once; the rows behind it are written."""
    with ctx.run("r") as run:
        orphan = StageExecution(
            stage_execution_ref="stage:p.nowhere.s",
            stage_name="s",
            run_ref="run:p.nowhere",
            status="open",
            started_at=run.started_at,
            order_index=0,
        )
        ctx.session.ledger.put("stage", orphan)
        with run.stage("s") as stage:
            pass

    assert ctx.session.ledger.waiting == 0
    assert "was refused" in caplog.text
    assert ctx.metadata_store.stages.get_stage_execution(stage.ref).status == "completed"


def test_a_session_opens_closes_and_emits_by_itself(ctx, tmp_path):
    """Scripts of 1.0 that hold a session go on; without planes it writes to the cache."""
    session = RuntimeSession(config=ctx.config)
    run = session.start_run("r")
    stage = session.start_stage(run, "s")
    batch = session.start_batch(stage, "b")
    session.close_sample(session.start_sample(batch, "x"), status="completed")
    session.close_operation(session.start_operation(batch, "o"), status="failed")
    result = session.metric("loss", 1.0)
    session.close_batch(batch, status="completed")
    session.close_stage(stage, status="completed")
    session.close_run(run, status="cancelled")

    assert (result.status.value, run.status, batch.is_closed) == ("SUCCESS", "cancelled", True)
    assert (tmp_path / "ws/cache/capture/record.jsonl").exists()


def test_results_count_their_deliveries(ctx):
    """The counts of a dispatcher are there without any sink."""
    with ctx.run("r") as run:
        metadata = run.metric("loss", 1.0).metadata

    assert metadata["delivery_count"] == metadata["success_delivery_count"] == 1
    assert (metadata["failure_delivery_count"], metadata["dispatch_pending"]) == (0, False)


LATE = """
import atexit, sys, threading
from contexta import Contexta
ctx = Contexta(workspace=sys.argv[1], config={"project_name": "p"})
def work(over):
    over()
    with ctx.run("late") as run:
        run.metric("k", 1.0)
"""
ENDINGS = {
    "as it exits": "atexit.register(work, bool)",
    "behind the main thread": "threading.Thread(target=work, args=[threading.main_thread().join])"
    ".start()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_first_run_of_a_program_may_be_its_last_act(ctx, tmp_path, records_of, ending):
    """Nothing is imported then that cannot be; the run is stored with all that belongs to it."""
    program = LATE + ENDINGS[ending]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ws")],
        capture_output=True,
        text=True,
        check=False,
    )
    (run,) = ctx.metadata_store.runs.list_runs()

    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert run.status == "completed"
    assert run.config_snapshot_ref is not None
    assert len(ctx.metadata_store.environments.list_environment_snapshots(run.run_ref)) == 1
    assert len(records_of(ctx, "metric")) == 1


def test_what_an_ending_interpreter_refuses_becomes_a_degraded_record(ctx, records_of, monkeypatch):
    """The run goes on without it."""

    def refuse(*_):
        raise RuntimeError("can't register atexit after shutdown")

    monkeypatch.setattr("contexta.runtime._environment.capture_environment", refuse)
    with ctx.run("r"):
        pass

    assert [found.payload.issue_key for found in records_of(ctx, "degraded")] == [
        "capture.environment_snapshot_missing"
    ]
