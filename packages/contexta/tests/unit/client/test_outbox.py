"""What the sinks of a facade did not take is delivered to them later, as it was captured."""

import json

import pytest

from contexta.capture import PayloadFamily
from contexta.capture.artifacts import ArtifactRegistrationRequest, ArtifactSource
from contexta.capture.sinks import BaseSink, SinkCaptureReceipt
from contexta.contract.errors import ReadOnlyStoreError, RecoveryError


class Server(BaseSink):
    """A sink that is down until told otherwise."""

    def __init__(self, name="server", *, up=False):
        super().__init__(name=name)
        self.up = up
        self.received = []

    def capture(self, *, family, payload):
        if not self.up:
            raise ConnectionError("down: https://me:hunter22@server/x")
        self.received.append((family, payload))
        return SinkCaptureReceipt.success()


def lines(tmp_path):
    path = tmp_path / "ws/recovery/outbox/failed_deliveries.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_replayed_payload_is_what_live_capture_would_have_handed_over(open_ctx, tmp_path):
    """Family and payload are of the same classes, down to the request of an artifact."""
    live, late = Server("live", up=True), Server("late")
    ctx = open_ctx(sinks=[live, late])
    body = tmp_path / "model.bin"
    body.write_bytes(b"weights")
    with ctx.run("r") as run:
        run.metric("loss", float("inf"), step=3, tags={"split": "test"})
        run.event("e", message="m", attributes={"a": [1, None]})
        run.register_artifact("model", body, attributes={"b": 1})
        run.degraded("issue", "summary")
    late.up = True
    result = ctx.replay_outbox()

    assert (result.status, result.acknowledged_count, result.pending_count) == ("SUCCESS", 4, 0)
    assert late.received == live.received
    assert [type(family) for family, _ in late.received] == [PayloadFamily] * 4
    assert isinstance(late.received[2][1]["request"], ArtifactRegistrationRequest)
    assert isinstance(late.received[2][1]["source"], ArtifactSource)


def test_each_entry_goes_to_the_sink_that_failed(open_ctx, tmp_path):
    """With one sink left, the entries of the other stay."""
    first, second = Server("first"), Server("second")
    ctx = open_ctx(sinks=[first, second])
    with ctx.run("r") as run:
        run.metric("loss", 1.0)
    ctx.close()
    again = Server("second", up=True)
    result = open_ctx(sinks=[again]).replay_outbox()

    assert [entry.status for entry in result.entries] == ["SKIPPED", "SUCCESS"]
    assert [line["sink_name"] for line in lines(tmp_path)] == ["first"]
    assert len(again.received) == 1


def test_what_is_queued_names_it_uniquely_and_counts_apart(open_ctx, tmp_path):
    """The tries of capture are not failures of a replay."""
    server = Server()
    ctx = open_ctx(sinks=[server], config={"capture": {"retry_attempts": 2}})
    with ctx.run("r") as run:
        for value in range(20):
            run.metric("loss", float(value))
    first = ctx.replay_outbox(limit=1)
    queued = lines(tmp_path)

    assert len({line["replay_ref"] for line in queued}) == 20
    assert [line["attempts"] for line in queued] == [0] * 19 + [1]
    assert {line["capture_attempts"] for line in queued} == {3}
    assert first.entries[0].delivery_id == queued[-1]["delivery_id"]


def test_dead_letters_are_listed_retried_and_discarded(open_ctx, tmp_path):
    server = Server()
    ctx = open_ctx(sinks=[server])
    with ctx.run("r") as run:
        run.metric("loss", 1.0)
        run.metric("loss", 2.0)
    ctx.replay_outbox(dead_letter_after_failures=1)
    first, second = ctx.list_dead_letters(target="server")
    ctx.discard_dead_letters([second.letter_ref])
    ctx.retry_dead_letters()
    server.up = True
    ctx.replay_outbox()

    assert "hunter22" not in (first.reason + second.reason)
    assert [payload.payload.value for _, payload in server.received] == [1.0]
    assert ctx.list_dead_letters() == ()


def test_records_forwarded_to_another_workspace_are_there_once(open_ctx, tmp_path):
    """Our own store is a sink that knows what it has."""
    from contexta.recovery import StoreSink
    from contexta.store.records import RecordStore, RecordStoreConfig

    with RecordStore(RecordStoreConfig(tmp_path / "other")) as records:
        sink = StoreSink(records=records)
        ctx = open_ctx(sinks=[sink])
        with ctx.run("r") as run:
            run.metric("loss", 1.0)
            sink.supports = lambda family: 1 / 0  # the connection breaks
            run.metric("loss", 2.0)
            del sink.supports
        ctx.replay_outbox(acknowledge_successes=False)
        ctx.replay_outbox()
        here = [item.record for item in ctx.record_store.scan()]
        there = [item.record for item in records.scan()]

    assert [record.payload.value for record in here] == [1.0, 2.0]
    assert there == here


def test_a_payload_handed_in_directly_is_cleaned_before_it_is_written(tmp_path):
    """Without a scope nobody else has redacted it."""
    from contexta.capture import CaptureDispatcher, CaptureResult
    from contexta.config import build_unified_config

    config = build_unified_config({"workspace": {"root_path": str(tmp_path / "ws")}})
    payload = {"api_key": "hunter22", "url": "https://me:hunter22@server/x", "n": 1}
    CaptureDispatcher(config, [Server()]).dispatch_capture(
        CaptureResult.success("RECORD", payload=payload)
    )
    (line,) = lines(tmp_path)

    assert line["payload"]["n"] == 1
    assert "hunter22" not in json.dumps(line)


def test_without_sinks_there_is_nothing_to_deliver_to(ctx):
    """Payloads are not acknowledged into a file that nobody asked for."""
    with pytest.raises(RecoveryError) as caught:
        ctx.replay_outbox()

    assert caught.value.code == "recovery_replay_target_missing"


def test_a_read_only_facade_replays_nothing(open_ctx):
    open_ctx().run("r").close()
    reader = open_ctx(read_only=True, sinks=[Server(up=True)])
    for call in (
        reader.replay_outbox,
        reader.retry_dead_letters,
        lambda: reader.discard_dead_letters(["x"]),
    ):
        with pytest.raises(ReadOnlyStoreError):
            call()

    assert reader.list_dead_letters() == ()


def test_a_sink_without_a_receipt_has_not_taken_anything(open_ctx):
    """The dispatcher of live capture holds the same."""

    class Silent(Server):
        def capture(self, *, family, payload):
            return None

    ctx = open_ctx(sinks=[Silent()])
    with ctx.run("r") as run:
        run.metric("loss", 1.0)
    result = ctx.replay_outbox()

    assert (result.status, result.pending_count) == ("FAILURE", 1)
