"""How sinks of each kind are called."""

import json

import pytest

from contexta.contract.testing import builders
from contexta.contract.wire import MODELS
from contexta.recovery import Delivery, ReplayError, replay_outbox, wants_deliveries
from contexta.recovery._delivery import typed_payload
from contexta.recovery.outbox import append_entry

BUILT = {
    type(model).__name__: model
    for model in (
        builders.project(),
        builders.run(),
        builders.deployment_execution(),
        builders.stage_execution(),
        builders.batch_execution(),
        builders.sample_observation(),
        builders.operation_context(),
        builders.environment_snapshot(),
        builders.structured_event_record(),
        builders.metric_record(),
        builders.trace_span_record(),
        builders.degraded_record(),
        builders.degraded_payload(),
        builders.artifact_manifest(),
        builders.lineage_edge(),
        builders.provenance_record(),
    )
}


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_payload_comes_back_as_the_model_that_was_captured(name):
    plain = json.loads(json.dumps(BUILT[name].to_dict()))

    assert name in MODELS
    assert typed_payload("RECORD", plain, name) == BUILT[name]


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_metric_that_is_not_finite_comes_back(value):
    record = builders.metric_record(payload=builders.metric_payload(value=value))
    plain = json.loads(json.dumps(record.to_dict()))

    assert typed_payload("RECORD", plain, "MetricRecord") == record


def test_records_without_a_type_are_told_by_their_envelope():
    """Lines written by hand carry none."""
    record = builders.degraded_record()

    assert typed_payload("DEGRADATION", record.to_dict(), None) == record


@pytest.mark.parametrize("payload", [1, None, "x", [1], {"a": 1}])
def test_what_is_no_model_stays_as_it_is(payload):
    assert typed_payload("RECORD", payload, "dict") == payload


def test_a_broken_model_is_an_error_of_ours():
    with pytest.raises(ReplayError) as caught:
        typed_payload("RECORD", {"envelope": 1}, "MetricRecord")

    assert caught.value.code == "recovery_invalid_payload"


class Typed:
    name = "typed"

    def __init__(self):
        self.received = []
        self.flushed = []

    def deliver(self, delivery):
        self.received.append(delivery)

    def flush_deliveries(self):
        self.flushed.append(len(self.received))


class Old:
    """A sink of 1.0 that happens to have a helper of that name."""

    name = "old"

    def __init__(self):
        self.received = []

    def deliver(self, payload, retries=3):
        raise AssertionError("not for us")

    def capture(self, *, family, payload):
        self.received.append((family, payload))


@pytest.fixture
def queued(config):
    artifact = {"manifest": builders.artifact_manifest().to_dict(), "binding_status": "BOUND"}
    payloads = [
        ("RECORD", "MetricRecord", builders.metric_record().to_dict()),
        ("CONTEXT", "Run", builders.run().to_dict()),
        ("ARTIFACT", "dict", artifact),
        ("DEGRADATION", "DegradedRecord", builders.degraded_record().to_dict()),
    ]
    for number, (family, kind, payload) in enumerate(payloads):
        append_entry(
            config.recovery.outbox_root,
            {
                "capture_attempts": 2,
                "delivery_id": f"id-{number}",
                "failed_at": "2026-01-01T00:00:00Z",
                "family": family,
                "payload": payload,
                "payload_type": kind,
                "replay_ref": f"r{number}",
                "sink_name": "typed",
            },
        )
    return payloads


def test_a_sink_that_asks_gets_deliveries_with_models(config, queued):
    sink = Typed()
    replay_outbox(config, sinks=[sink])
    first, second, third, fourth = sink.received

    assert all(isinstance(one, Delivery) for one in sink.received)
    assert (first.delivery_id, first.family, first.capture_attempts) == ("id-0", "RECORD", 2)
    assert first.payload == builders.metric_record()
    assert second.payload == builders.run()
    assert third.payload["manifest"] == builders.artifact_manifest()
    assert fourth.payload == builders.degraded_record()
    assert first.plain_payload == queued[0][2]


def test_a_sink_of_1_0_gets_plain_data(config, queued):
    sink = Old()
    replay_outbox(config, sinks=[sink])

    assert sink.received == [(family, payload) for family, _, payload in queued]
    assert (wants_deliveries(sink), wants_deliveries(Typed())) == (False, True)


def test_capture_gets_models_when_asked_for(config, queued):
    sink = Old()
    replay_outbox(config, sinks=[sink], typed=True)

    assert sink.received[0] == ("RECORD", builders.metric_record())


def test_nothing_is_acknowledged_before_a_sink_has_flushed(config, queued):
    """A sink may keep things back until then."""

    class Failing(Typed):
        def flush_deliveries(self):
            raise OSError("no space")

    with pytest.raises(ReplayError):
        replay_outbox(config, sinks=[Failing()])
    sink = Typed()
    result = replay_outbox(config, sinks=[sink])

    assert result.acknowledged_count == 4
    assert sink.flushed[-1] == 4
