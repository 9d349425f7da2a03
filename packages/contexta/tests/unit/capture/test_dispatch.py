"""Delivery to sinks, and the outbox for what they did not take."""

import json
from types import SimpleNamespace

import pytest

from contexta.capture import (
    BatchCaptureResult,
    CaptureDispatcher,
    CaptureResult,
    InMemorySink,
    LocalJsonlSink,
    dispatch_capture_result,
)
from contexta.capture.sinks import BaseSink, SinkCaptureReceipt
from contexta.config import build_unified_config
from contexta.contract.errors import DispatchError


class Flaky(BaseSink):
    """A sink that fails a number of times, in one of several ways."""

    def __init__(self, failures, how="raise", name="flaky"):
        super().__init__(name=name)
        self.left = failures
        self.how = how

    def capture(self, *, family, payload):
        if self.left == 0:
            return SinkCaptureReceipt.success()
        self.left -= 1
        if self.how == "receipt":
            return SinkCaptureReceipt.failure(detail="not now")
        if self.how == "none":
            return None
        if self.how == "interrupt":
            raise KeyboardInterrupt
        raise OSError("gone")


@pytest.fixture
def config(tmp_path):
    def build(mode="outbox", **capture):
        return build_unified_config(
            {
                "workspace": {"root_path": str(tmp_path / "w")},
                "capture": {"dispatch_failure_mode": mode, **capture},
            }
        )

    return build


def result():
    return CaptureResult.success("RECORD", payload={"a": 1})


def outbox_lines(config):
    path = config.recovery.outbox_root / "failed_deliveries.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("how", ["raise", "receipt", "none"])
def test_every_kind_of_failure_goes_to_the_outbox(config, how):
    """Raising, a FAILURE receipt and no receipt all queue the payload."""
    settings = config()
    outcome = CaptureDispatcher(settings, [Flaky(9, how), InMemorySink()]).dispatch_capture(
        result()
    )

    line = outbox_lines(settings)[0]
    assert outcome.degradation_reasons == ("recovered_to_outbox",)
    assert outcome.replay_refs == (line["replay_ref"],)
    assert {
        "attempts", "delivery_id", "error", "error_code", "failed_at", "family", "payload",
        "payload_ref", "payload_type", "replay_ref", "sink_name",
    } <= set(line)  # fmt: skip
    assert (line["family"], line["payload"], line["sink_name"]) == ("RECORD", {"a": 1}, "flaky")


def test_replay_refs_are_unique(config):
    """Failures within one millisecond still get refs of their own."""
    settings = config()
    dispatcher = CaptureDispatcher(settings, [Flaky(99)])
    for _ in range(20):
        dispatcher.dispatch_capture(result())

    lines = outbox_lines(settings)
    assert len({line["replay_ref"] for line in lines}) == 20
    assert len({line["delivery_id"] for line in lines}) == 20


def test_ctrl_c_in_a_sink_reaches_the_caller(config):
    """Only Exception is caught."""
    with pytest.raises(KeyboardInterrupt):
        CaptureDispatcher(config(), [Flaky(1, "interrupt")]).dispatch_capture(result())


def test_retries_are_counted(config):
    """A sink is tried again as often as configured."""
    outcome = CaptureDispatcher(config(retry_attempts=2), [Flaky(2)]).dispatch_capture(result())

    assert outcome.succeeded
    assert outcome.deliveries[0].metadata["attempts"] == 3


def test_mode_raise_truly_raises_when_all_sinks_failed(config):
    """Mode raise raises DispatchError; one good sink is enough to go on."""
    settings = config("raise")
    with pytest.raises(DispatchError) as caught:
        CaptureDispatcher(settings, [Flaky(9)]).dispatch_capture(result())
    partial = CaptureDispatcher(settings, [Flaky(9), InMemorySink()]).dispatch_capture(result())

    assert caught.value.code == "dispatch_all_eligible_sinks_failed"
    assert partial.degradation_reasons == ("capture_degraded",)


def test_an_outbox_that_cannot_be_written_never_raises(config, tmp_path):
    """The failure is in the result, not in the caller's way."""
    settings = config()
    settings.recovery.outbox_root.parent.mkdir(parents=True)
    settings.recovery.outbox_root.write_text("a file, not a folder")
    outcome = CaptureDispatcher(settings, [Flaky(9)]).dispatch_capture(result())

    assert outcome.degradation_reasons == ("outbox_unavailable",)
    assert outcome.payload == {"a": 1}


def test_nothing_configured_is_degraded_and_says_so(config):
    """A result without any destination is not a success."""
    nothing = CaptureDispatcher(config()).dispatch_capture(result())
    unwanted = CaptureDispatcher(
        config(), [InMemorySink(supported_families=["ARTIFACT"])]
    ).dispatch_capture(result())

    assert nothing.degradation_reasons == ("no_configured_sink",)
    assert unwanted.degradation_reasons == ("no_eligible_sink",)


def test_failures_come_back_untouched_and_batches_item_by_item(config):
    """A FAILURE input is not delivered; each batch item has its own outcome."""
    memory = InMemorySink()
    failed = CaptureResult.failure_result("RECORD", OSError("x"), payload={"b": 1})
    batch = CaptureDispatcher(config(), [memory]).dispatch_batch(
        BatchCaptureResult.from_results("RECORD", [failed, result()])
    )

    assert batch.results[0] == failed
    assert (batch.results[1].succeeded, batch.metadata["dispatch_pending"]) == (True, False)
    assert len(memory.entries) == 1


def test_the_standalone_function_writes_to_the_cache(config):
    """Without sinks the function appends to a JSONL file in the cache folder."""
    settings = config()
    dispatch_capture_result(settings, result())
    sink = LocalJsonlSink(settings.workspace.cache_path / "capture")

    assert json.loads(sink.file_path_for("RECORD").read_text())["payload"] == {"a": 1}


class Answers:
    """A sink that answers as told, and whose name fails."""

    supported_families = ()

    def __init__(self, answer):
        self.answer = answer

    @property
    def name(self):
        raise RuntimeError("no name")

    def supports(self, family):
        return True

    def capture(self, *, family, payload):
        return self.answer()


class Mute(Exception):
    """An exception that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")


def _raise_mute():
    raise Mute


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda: SimpleNamespace(status="SUCCESS"), "SUCCESS"),
        (lambda: SimpleNamespace(status="SUCCESS", metadata={1: 2, "a": 3}), "SUCCESS"),
        (lambda: SimpleNamespace(status="SUCCESS", metadata=[1]), "SUCCESS"),
        (lambda: SimpleNamespace(status="SKIPPED"), "FAILURE"),
        (lambda: SimpleNamespace(status=5), "FAILURE"),
        (_raise_mute, "FAILURE"),
    ],
)
def test_whatever_a_sink_answers_the_caller_goes_on(config, answer, status):
    """Receipts are read as far as they say something; nothing they hold can raise."""
    dispatched = CaptureDispatcher(config(), [Answers(answer)]).dispatch_capture(result())

    assert [item.status.value for item in dispatched.deliveries] == [status]
