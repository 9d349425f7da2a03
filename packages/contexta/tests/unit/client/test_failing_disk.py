"""A disk that fails, and sinks that break, never stop the loop."""

import json

import pytest

from contexta.capture.sinks import BaseSink
from contexta.contract.errors import DispatchError


class Broken(BaseSink):
    """A sink whose server is down."""

    def __init__(self):
        super().__init__(name="server")

    def capture(self, *, family, payload):
        raise ConnectionError("down: https://me:hunter22@server/x")


def test_a_full_disk_costs_points_and_says_how_many(finished):
    """The loop goes on, the loss is logged, and recorded once writing works again."""
    out = finished(
        """
        import logging, resource
        seen = []
        class Keep(logging.Handler):
            def emit(self, record):
                seen.append(record.levelname)
        logging.getLogger("contexta.capture").addHandler(Keep())
        ctx = open_ctx()
        with ctx.run("r") as run:
            run.metric("x", 0.0)
            ctx.session.join_background(run)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
            results = [run.metric("x", float(i)) for i in range(50)]
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            after = run.metric("x", 99.0)
            again = run.metric("x", 100.0)
        from contexta.store.records import ScanFilter
        scan = ctx.record_store.scan
        values = [s.record.payload.value for s in scan(ScanFilter(record_type="metric"))]
        gaps = [s.record.payload for s in scan(ScanFilter(record_type="degraded"))]
        print(len([r for r in results if r.failed]), results[3].payload.payload.value)
        print(seen.count("ERROR"), after.succeeded, again.succeeded)
        print(values)
        print([(g.issue_key, g.attributes["count"]) for g in gaps])
        """
    )
    text = " ".join(out)

    assert text == ("50 3.0 1 True True [0.0, 99.0, 100.0] [('capture.records_lost', 50)]")


def test_a_run_whose_end_could_not_be_stored_is_closed_later(finished):
    """The row is written as soon as the disk takes it; nothing is raised."""
    out = finished(
        """
        import resource
        ctx = open_ctx()
        run = ctx.run("r")
        run.metric("x", 0.0)
        ctx.session.join_background(run)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        with run, run.stage("s"):
            pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        ctx.flush()
        print(ctx.metadata_store.runs.get_run(run.ref).status)
        print(ctx.metadata_store.stages.get_stage_execution("stage:p.r.s").status)
        """
    )

    assert out == ["completed", "completed"]


def test_mode_raise_reaches_the_caller(finished):
    """Who asks for it gets DispatchError from a failing disk."""
    out = finished(
        """
        import resource
        from contexta.contract.errors import DispatchError
        CONFIG["capture"]["dispatch_failure_mode"] = "raise"
        ctx = open_ctx()
        with ctx.run("r") as run:
            run.metric("x", 0.0)
            ctx.session.join_background(run)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
            try:
                run.metric("x", 1.0)
            except DispatchError as error:
                print(error.code)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        """
    )

    assert out == ["capture_persistence_failed"]


def test_a_broken_sink_fills_the_outbox_and_the_workspace_has_the_record(
    open_ctx, records_of, tmp_path
):
    """Local persistence does not depend on sinks."""
    ctx = open_ctx(sinks=[Broken()])
    with ctx.run("r") as run:
        result = run.metric("x", 1.0)
        run.event("e", message="m")
    lines = (tmp_path / "ws/recovery/outbox/failed_deliveries.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]

    assert "hunter22" not in "".join(lines)
    assert [entry["payload_type"] for entry in entries] == ["MetricRecord", "StructuredEventRecord"]
    assert (result.degradation_reasons, result.recovered_to_outbox) == (
        ("recovered_to_outbox",), True,
    )  # fmt: skip
    assert [record.payload.value for record in records_of(ctx, "metric")] == [1.0]


def test_an_unwritable_outbox_is_recorded(open_ctx, records_of, tmp_path, caplog):
    """A failed delivery that cannot be queued is said in log and record."""
    ctx = open_ctx(sinks=[Broken()], config={"recovery": {"outbox_root": str(tmp_path / "file")}})
    (tmp_path / "file").write_text("in the way")
    with ctx.run("r") as run:
        result = run.event("e", message="m")
    keys = [record.payload.issue_key for record in records_of(ctx, "degraded")]

    assert result.degradation_reasons == ("outbox_unavailable",)
    assert keys == ["capture.outbox_unavailable"]
    assert "could not be queued" in caplog.text


def test_all_sinks_failing_raises_in_mode_raise(open_ctx, records_of):
    """Mode raise is loud; the record is in the workspace all the same."""
    ctx = open_ctx(sinks=[Broken()], config={"capture": {"dispatch_failure_mode": "raise"}})
    with ctx.run("r") as run, pytest.raises(DispatchError) as caught:
        run.metric("x", 1.0)

    assert caught.value.code == "dispatch_all_eligible_sinks_failed"
    assert len(records_of(ctx, "metric")) == 1


def test_a_deployment_on_a_full_disk_opens_its_run_later(finished):
    """The first capture of a deployment without run never raises; the run row follows."""
    out = finished(
        """
        import resource
        ctx = open_ctx()
        with ctx.deployment("serve") as deployment:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
            lost = deployment.metric("x", 1.0)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            kept = deployment.metric("x", 2.0)
        print(lost.failed, kept.succeeded)
        print(ctx.metadata_store.runs.get_run(deployment.run_ref).status)
        """
    )

    assert out == ["True", "True", "completed"]


def test_a_disk_that_is_full_at_the_end_never_replaces_the_exception(finished):
    """Leaving the facade logs what could not be closed; the block's exception comes through."""
    out = finished(
        """
        import resource
        ctx = open_ctx()
        try:
            with ctx:
                run = ctx.run("r")
                run.metric("x", 0.0)
                ctx.session.join_background(run)
                resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
                raise ValueError("mine")
        except ValueError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        """
    )

    assert out == ["mine"]
