"""Scopes inside a run, in any nesting, thread or task."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contexta.capture import propagate
from contexta.contract.errors import LifecycleError


def test_scopes_nest_freely_and_keep_valid_refs(ctx):
    """Stages in stages, operations in operations, samples in operations."""
    with ctx.run("r") as run, run.stage("Outer") as outer, outer.stage("Inner") as inner:
        batch = inner.batch("b")
        load = batch.operation("load")
        parse = load.operation("parse")
        sample = parse.sample("s1")
        result = sample.metric("len", 3)
    envelope = result.payload.envelope

    assert (outer.ref, inner.ref, inner.parent) == ("stage:p.r.outer", "stage:p.r.inner", outer)
    assert (batch.ref, load.ref, parse.ref, sample.ref) == (
        "batch:p.r.inner.b", "op:p.r.inner.b.load", "op:p.r.inner.b.parse", "sample:p.r.inner.b.s1",
    )  # fmt: skip
    assert (str(envelope.operation_context_ref), str(envelope.sample_observation_ref)) == (
        parse.ref, sample.ref,
    )  # fmt: skip
    assert str(result.payload.payload.subject_ref) == parse.ref


def test_overlapping_stages_of_one_name_get_refs_of_their_own(ctx):
    """Concurrent siblings never share a ref; a reopened one keeps it, with a new order."""
    with ctx.run("r") as run:
        first, second = run.stage("train"), run.stage("train")
        first.close()
        second.close()
        third = run.stage("train")
    rows = ctx.metadata_store.stages.list_stage_executions(run.ref)

    assert [first.ref, second.ref, third.ref] == [
        "stage:p.r.train", "stage:p.r.train-2", "stage:p.r.train",
    ]  # fmt: skip
    assert [first.order_index, second.order_index, third.order_index] == [0, 1, 2]
    assert [(item.stage_name, item.status) for item in rows] == [
        ("train-2", "completed"), ("train", "completed"),
    ]  # fmt: skip


def test_display_names_are_kept(ctx):
    """The row has the name as given beside the slug."""
    with ctx.run("r") as run, run.stage("lr=0.1") as one:
        pass
    stored = ctx.metadata_store.stages.get_stage_execution(one.ref)

    assert (stored.display_name, one.display_name, one.name) == ("lr=0.1", "lr=0.1", "lr-0-1")


def test_rows_of_all_kinds_are_stored(ctx, records_of):
    """Stages, batches and samples have rows; an operation is a span."""
    with ctx.run("r") as run, run.stage("s", metadata={"a": 1}) as stage:
        with stage.batch("b") as batch, batch.sample("x", retention_class="short") as sample:
            pass
        with stage.operation("op") as operation:
            pass
    store = ctx.metadata_store
    span = records_of(ctx, "span")[0]

    assert dict(store.stages.get_stage_execution(stage.ref).metadata) == {"a": 1}
    assert store.batches.get_batch_execution(batch.ref).status == "completed"
    assert store.samples.get_sample_observation(sample.ref).retention_class == "short"
    assert (span.payload.span_name, str(span.envelope.operation_context_ref)) == (
        "op", operation.ref,
    )  # fmt: skip


def test_explicit_refs_must_be_the_derived_ones(ctx):
    """A ref of another place is refused, and the name stays free."""
    with ctx.run("r") as run:
        with pytest.raises(LifecycleError) as caught:
            run.stage("s", stage_ref="stage:p.r.other")
        stage = run.stage("s", stage_ref="stage:p.r.s")

    assert (caught.value.code, stage.ref) == ("runtime_ref_mismatch", "stage:p.r.s")


def test_current_scopes_are_found_or_missed_with_a_code(ctx):
    """current_* returns the active scope of the kind, or raises."""
    with ctx.run("r") as run, run.stage("s") as stage:
        assert (ctx.current_run(), ctx.current_stage()) == (run, stage)
        with pytest.raises(LifecycleError) as caught:
            ctx.current_batch()
    with pytest.raises(LifecycleError) as nothing:
        ctx.metric("x", 1)

    assert caught.value.code == "runtime_batch_required"
    assert nothing.value.code == "runtime_capture_requires_run"


def test_threads_start_without_scope_and_attach_one(ctx):
    """attach() makes a scope active for a block; leaving it restores what was."""
    seen = []

    def work(stage):
        with pytest.raises(LifecycleError):
            ctx.metric("x", 1)
        with stage.attach():
            ctx.metric("in-thread", 1)
            seen.append(ctx.current_stage().ref)
        with pytest.raises(LifecycleError):
            ctx.current_run()

    with ctx.run("r") as run, run.stage("s") as stage:
        thread = threading.Thread(target=work, args=(stage,))
        thread.start()
        thread.join()

    assert seen == [stage.ref]


def test_propagate_carries_the_scope_into_a_pool(ctx):
    """Work handed to a pool captures where it was submitted."""
    with ctx.run("r") as run, run.stage("s") as stage, ThreadPoolExecutor(2) as pool:
        work = propagate(lambda i: ctx.metric("item", i).payload.envelope.stage_execution_ref.text)
        refs = list(pool.map(work, range(8)))

    assert refs == [stage.ref] * 8


def test_sibling_tasks_hold_stages_of_their_own(ctx, records_of):
    """Tasks inherit the run; what they open stays theirs."""

    async def task(name):
        with ctx.current_run().stage(name) as stage:
            await asyncio.sleep(0)
            ctx.metric("x", 1.0)
            return ctx.current_stage() is stage

    async def main():
        return await asyncio.gather(*(task(f"t{i}") for i in range(5)))

    with ctx.run("r") as run:
        own = asyncio.run(main())
    stages = [str(r.envelope.stage_execution_ref) for r in records_of(ctx, "metric")]

    assert own == [True] * 5
    assert sorted(stages) == [f"stage:{run.ref[4:]}.t{i}" for i in range(5)]


def test_a_cancelled_task_cancels_its_stage_only(ctx):
    """Cancellation is recorded as such; the run goes on."""

    async def main(run):
        async def work():
            with run.stage("s"):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with ctx.run("r") as run:
        asyncio.run(main(run))
    stage = ctx.metadata_store.stages.list_stage_executions(run.ref)[0]

    assert (stage.status, run.status) == ("cancelled", "completed")


def test_a_deployment_without_run_captures_into_a_run_of_its_own(ctx, records_of):
    """The implicit run is named after the deployment and closed with it."""
    with ctx.deployment("api v1") as deployment:
        ctx.metric("latency", 3.5, unit="ms")
        deployment.event("up", message="serving")
    row = ctx.metadata_store.deployments.get_deployment_execution(deployment.ref)
    run = ctx.metadata_store.runs.get_run(deployment.run_ref)

    assert (deployment.ref, str(row.run_ref), row.status) == (
        "deployment:p.api-v1", "run:p.api-v1", "completed",
    )  # fmt: skip
    assert (run.name, run.status) == ("api v1", "completed")
    assert str(records_of(ctx, "metric")[0].envelope.deployment_execution_ref) == deployment.ref


def test_a_deployment_captures_into_the_run_that_it_names(ctx, records_of):
    """run_ref links the deployment; an empty deployment opens no run."""
    with ctx.run("train") as run:
        pass
    with ctx.deployment("api", run_ref=run.ref) as deployment:
        ctx.metric("x", 1.0)
    with ctx.deployment("idle"):
        pass

    assert records_of(ctx, "metric")[0].envelope.run_ref.text == run.ref
    assert deployment.run_ref == run.ref
    assert len(ctx.metadata_store.runs.list_runs()) == 1
