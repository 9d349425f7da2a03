"""Opening, closing and what the disk sees of it."""

import pytest

from contexta import Contexta
from contexta.contract.errors import (
    ConfigurationError,
    LifecycleError,
    ReadOnlyStoreError,
    StoreError,
)


def test_opening_touches_no_disk(tmp_path):
    """A facade that captures nothing leaves nothing behind."""
    with Contexta(workspace=tmp_path / "ws") as ctx:
        assert ctx.workspace == str(tmp_path / "ws")

    assert not (tmp_path / "ws").exists()


def test_the_first_write_marks_the_workspace(ctx, tmp_path):
    """The folder is private, and has its mark."""
    with ctx.run("r"):
        pass

    assert (tmp_path / "ws" / "workspace.json").is_file()
    assert (tmp_path / "ws").stat().st_mode & 0o777 == 0o700


def test_read_only_captures_nothing_and_creates_nothing(open_ctx, tmp_path):
    """Capturing is refused with our error; an absent workspace stays absent."""
    ctx = open_ctx(read_only=True)
    with pytest.raises(ReadOnlyStoreError) as caught:
        ctx.run("r")
    with pytest.raises((ReadOnlyStoreError, StoreError)):
        ctx.list_runs()

    assert caught.value.code == "facade_read_only"
    assert not (tmp_path / "ws").exists()


def test_closing_closes_the_runs_and_is_idempotent(open_ctx):
    """Leaving the facade with an exception fails what is open."""
    ctx = open_ctx()
    run = ctx.run("r")
    with pytest.raises(ValueError, match="x"), ctx:
        raise ValueError("x")
    ctx.close()
    with pytest.raises(LifecycleError) as caught:
        ctx.run("again")

    stored = open_ctx().metadata_store.runs.get_run(run.ref)
    assert (caught.value.code, stored.status) == ("facade_closed", "failed")


def test_another_facade_goes_on_when_one_is_closed(open_ctx, records_of):
    """Two facades of one workspace in one process are independent."""
    first, second = open_ctx(), open_ctx()
    run = second.run("r")
    with first.run("other") as other:
        other.metric("x", 1.0)
    first.close()
    run.metric("x", 2.0)
    run.close()

    assert sorted(r.payload.value for r in records_of(second, "metric")) == [1.0, 2.0]


def test_flush_and_seal_make_parquet(ctx, tmp_path):
    """flush(seal=True) writes what other tools can read."""
    with ctx.run("r") as run:
        run.metric("x", 1.0)
    ctx.flush(seal=True)

    assert list((tmp_path / "ws" / "records" / "metric").rglob("*.parquet"))


def test_unknown_attributes_and_settings_are_refused(tmp_path):
    """The instance is slotted, and wrong settings are named."""
    ctx = Contexta(workspace=tmp_path / "ws")
    with pytest.raises(AttributeError):
        ctx.nonsense = 1
    with pytest.raises(ConfigurationError):
        Contexta(workspace=tmp_path / "ws", profile="nobody")


def test_internal_paths_of_1_0_still_import():
    """Scripts that reached into the package find the same classes."""
    import contexta.api.client
    import contexta.capture.artifacts
    import contexta.capture.dispatch
    import contexta.capture.models
    import contexta.capture.results
    import contexta.common.results
    import contexta.runtime.scopes
    import contexta.runtime.session
    from contexta.capture import RunScope

    assert contexta.api.client.Contexta is Contexta
    assert contexta.runtime.scopes.RunScope is RunScope
    assert contexta.runtime.session.RuntimeSession is type(Contexta().session)


def test_public_names_of_capture():
    """The package exports the 22 names of 1.0 and propagate."""
    import contexta.capture

    assert set(contexta.capture.__all__) == {
        "ArtifactRegistrationEmission", "BatchCaptureResult", "CaptureDispatcher",
        "CaptureResult", "CompositeSink", "Delivery", "DeliveryStatus", "EventEmission",
        "InMemorySink", "LocalJsonlSink", "MetricEmission", "OperationScope", "PayloadFamily",
        "ResultStatus", "RunScope", "Sink", "SinkCaptureReceipt", "SinkCaptureRequest",
        "SpanEmission", "StageScope", "dispatch_batch_capture_result", "dispatch_capture_result",
        "propagate",
    }  # fmt: skip
    assert all(hasattr(contexta.capture, name) for name in contexta.capture.__all__)
