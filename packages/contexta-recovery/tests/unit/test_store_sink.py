"""Our own stores hold each delivery once."""

import json

import pytest

from contexta.contract import MetricPayload, MetricRecord, Project, Run
from contexta.contract.errors import DispatchError
from contexta.contract.testing import builders
from contexta.recovery import StoreSink, list_dead_letters, replay_outbox
from contexta.recovery.outbox import append_entry

TIME = "2026-01-01T00:00:00.000000Z"


def metric(number):
    envelope = builders.record_envelope(
        run_ref="run:p.first", record_ref=f"record:p.first.m-{number}", stage_execution_ref=None
    )
    return MetricRecord(envelope=envelope, payload=MetricPayload("loss", number / 4, "float64"))


def queue(config, family, payload, payload_type, ref):
    append_entry(
        config.recovery.outbox_root,
        {
            "delivery_id": f"id-{ref}",
            "family": family,
            "payload": payload,
            "payload_type": payload_type,
            "replay_ref": ref,
            "sink_name": "store",
        },
    )


@pytest.fixture
def stores(root, open_stores):
    with open_stores(root) as opened:
        yield opened


def test_a_record_that_comes_again_is_stored_once(config, stores):
    """A kill between delivery and acknowledgement repeats the delivery."""
    for number in range(3):
        queue(config, "RECORD", metric(number).to_dict(), "MetricRecord", f"r{number}")
    sink = StoreSink(records=stores.records)
    first = replay_outbox(config, sinks=[sink], acknowledge_successes=False)
    second = replay_outbox(config, sinks=[sink])

    assert [one.detail for one in first.entries] == ["stored"] * 3
    assert [one.detail for one in second.entries] == ["stored before"] * 3
    assert [one.record for one in stores.records.scan()] == [metric(n) for n in range(3)]


def test_live_capture_and_replay_share_the_sink(stores):
    """`capture` takes models of a live run and plain data alike."""
    sink = StoreSink(records=stores.records)
    sink.capture(family="RECORD", payload=metric(1))
    sink.capture(family="record", payload=metric(1).to_dict())

    assert [one.record for one in stores.records.scan()] == [metric(1)]


def test_a_run_that_went_on_is_not_set_back(config, stores):
    """The queued row is older than the stored one."""
    stores.add_run("first")
    stores.metadata.runs.put_run(
        Run(
            run_ref="run:p.first",
            project_ref="project:p",
            name="first",
            status="completed",
            started_at=TIME,
            ended_at=TIME,
        )
    )
    old = Run("run:p.first", "project:p", "first", "open", TIME)
    queue(config, "CONTEXT", Project("project:q", "q", TIME).to_dict(), "Project", "a")
    queue(config, "CONTEXT", old.to_dict(), "Run", "b")
    result = replay_outbox(config, sinks=[StoreSink(metadata=stores.metadata)])

    assert result.acknowledged_count == 2
    assert stores.metadata.runs.get_run("run:p.first").status == "completed"
    assert stores.metadata.projects.exists_project("project:q")


def test_an_artifact_is_taken_from_where_it_was_captured(config, stores, tmp_path):
    """Only the body that the manifest describes is taken."""
    import hashlib

    from contexta.contract import ArtifactManifest

    body = tmp_path / "model.bin"
    body.write_bytes(b"weights")
    manifest = ArtifactManifest(
        artifact_ref="artifact:p.first.model",
        artifact_kind="model",
        created_at=TIME,
        producer_ref="test",
        run_ref="run:p.first",
        location_ref="path:model.bin",
        hash_value=hashlib.sha256(b"weights").hexdigest(),
        size_bytes=7,
    )
    payload = {"manifest": manifest.to_dict(), "source": {"uri": str(body)}}
    queue(config, "ARTIFACT", payload, "dict", "a")
    sink = StoreSink(artifacts=stores.artifacts)
    replay_outbox(config, sinks=[sink], acknowledge_successes=False)
    body.write_bytes(b"changed")
    again = replay_outbox(config, sinks=[sink])

    assert again.entries[0].detail == "stored before"
    assert stores.artifacts.read_artifact_bytes("artifact:p.first.model") == b"weights"


def test_an_artifact_without_a_hash_is_refused(stores):
    manifest = builders.artifact_manifest(hash_value=None)
    sink = StoreSink(artifacts=stores.artifacts)
    with pytest.raises(DispatchError) as caught:
        sink.capture(
            family="ARTIFACT",
            payload={"manifest": manifest, "source": {"uri": "/etc/hostname"}},
        )

    assert caught.value.code == "store_sink_body_unknown"


@pytest.mark.parametrize(
    ("family", "payload", "code"),
    [
        ("ARTIFACT", {}, "store_sink_family_not_supported"),
        ("RECORD", {"a": 1}, "store_sink_rejected"),
        ("RECORD", "text", "store_sink_rejected"),
        ("CONTEXT", {"a": 1}, "store_sink_rejected"),
    ],
)
def test_what_no_store_can_hold_is_refused(stores, family, payload, code):
    sink = StoreSink(records=stores.records, metadata=stores.metadata)
    with pytest.raises(DispatchError) as caught:
        sink.capture(family=family, payload=payload)

    assert caught.value.code == code


def test_a_payload_that_breaks_its_class_is_poison(config, stores):
    """It goes to the dead letters and disturbs no other."""
    broken = metric(1).to_dict()
    broken["payload"]["metric_key"] = ""
    queue(config, "RECORD", broken, "MetricRecord", "bad")
    queue(config, "RECORD", metric(2).to_dict(), "MetricRecord", "good")
    sink = StoreSink(records=stores.records)
    for _ in range(3):
        replay_outbox(config, sinks=[sink])
    (letter,) = list_dead_letters(config)

    assert (letter.replay_ref, letter.attempts) == ("bad", 3)
    assert "ReplayError" in letter.reason
    assert [one.record for one in stores.records.scan()] == [metric(2)]
    assert json.dumps(letter.to_dict())
