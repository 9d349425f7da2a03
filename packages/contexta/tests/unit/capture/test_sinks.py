"""The sinks that come with the library."""

import io
import json
import math
import sys

import pytest

from contexta.capture import PayloadFamily
from contexta.capture import sinks as sink_module
from contexta.capture.sinks import (
    BaseSink,
    CompositeSink,
    InMemorySink,
    LocalJsonlSink,
    Sink,
    SinkCaptureReceipt,
    StdoutSink,
    extract_payload_ref,
)
from contexta.contract.errors import DispatchError


class Thing:
    """A payload with a ref."""

    run_ref = "run:p.r"

    def to_dict(self):
        return {"value": math.nan}


class Failing(BaseSink):
    """A sink that always raises."""

    def __init__(self, name="bad"):
        super().__init__(name=name)

    def capture(self, *, family, payload):
        raise OSError("gone")


class Silent(BaseSink):
    """A sink that forgets to return a receipt."""

    def __init__(self):
        super().__init__(name="silent")

    def capture(self, *, family, payload):
        return None


def test_public_names_of_the_sinks_package():
    """The package exports exactly its ten names."""
    assert sink_module.__all__ == [
        "BaseSink",
        "CompositeSink",
        "InMemorySink",
        "InMemorySinkEntry",
        "LocalJsonlSink",
        "Sink",
        "SinkCaptureReceipt",
        "SinkCaptureRequest",
        "StdoutSink",
        "extract_payload_ref",
    ]


def test_memory_sink_keeps_order_and_refs():
    """Entries stand in capture order with type and ref."""
    sink = InMemorySink()
    sink.capture(family="record", payload=Thing())
    receipt = sink.capture(family=PayloadFamily.ARTIFACT, payload={"manifest": Thing()})

    assert isinstance(sink, Sink)
    assert [entry.payload_ref for entry in sink.entries] == ["run:p.r", "run:p.r"]
    assert receipt.metadata["entry_index"] == 1


def test_unsupported_families_are_refused():
    """A sink that was not asked for a family refuses it."""
    with pytest.raises(DispatchError) as caught:
        InMemorySink(supported_families=["RECORD"]).capture(family="ARTIFACT", payload=1)

    assert caught.value.code == "sink_family_not_supported"


def test_a_receipt_cannot_say_skipped():
    """A sink that was called has not skipped."""
    with pytest.raises(ValueError, match="skipped"):
        SinkCaptureReceipt("SKIPPED")


def test_jsonl_lines_are_strict_and_name_themselves(tmp_path):
    """NaN is written as text, and artifact lines carry their ref."""
    sink = LocalJsonlSink(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    sink.capture(family="ARTIFACT", payload={"manifest": Thing(), "note": "é"})
    text = sink.file_path_for("ARTIFACT").read_text(encoding="utf-8")

    line = json.loads(text, parse_constant=pytest.fail)
    assert (line["payload_ref"], line["payload"]["manifest"]["value"]) == ("run:p.r", "NaN")
    assert "é" in text


def test_jsonl_files_are_private_and_rotated(tmp_path):
    """A full file is renamed, never deleted; files are readable by the owner only."""
    sink = LocalJsonlSink(tmp_path, max_bytes=1)
    for _ in range(3):
        sink.capture(family="RECORD", payload=Thing())

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["record.1.jsonl", "record.2.jsonl", "record.jsonl"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_jsonl_sink_that_cannot_write_says_so(tmp_path):
    """An operating system error becomes a retryable DispatchError."""
    (tmp_path / "file").write_text("x")
    sink = LocalJsonlSink(tmp_path / "file")
    with pytest.raises(DispatchError) as caught:
        sink.capture(family="RECORD", payload=1)

    assert (caught.value.code, caught.value.retryable) == ("local_jsonl_sink_write_failed", True)


def test_stdout_is_looked_up_at_call_time(monkeypatch):
    """A redirected stream gets the line."""
    sink = StdoutSink()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    sink.capture(family="RECORD", payload={"a": 1})

    assert json.loads(stream.getvalue())["payload"] == {"a": 1}
    with pytest.raises(ValueError, match="stream"):
        StdoutSink(stream="stdin")


def test_composite_counts_missing_and_failed_receipts_as_failures():
    """A child that raises or returns nothing has failed; the others still count."""
    memory = InMemorySink()
    receipt = CompositeSink([Failing(), Silent(), memory]).capture(family="RECORD", payload=1)

    assert (receipt.status.value, receipt.metadata["failure_count"]) == ("DEGRADED", 2)
    assert len(memory.entries) == 1


def test_composite_raises_when_nobody_took_the_payload():
    """All children failing is an error, and so is no child at all."""
    with pytest.raises(DispatchError) as all_failed:
        CompositeSink([Failing()]).capture(family="RECORD", payload=1)
    with pytest.raises(DispatchError) as nobody:
        CompositeSink([InMemorySink(supported_families=["RECORD"])]).capture(
            family="ARTIFACT", payload=1
        )

    assert all_failed.value.code == "composite_sink_all_children_failed"
    assert nobody.value.code == "sink_family_not_supported"


def test_payload_refs_prefer_the_most_specific():
    """Records are known by their own ref, plain dicts by none."""
    assert extract_payload_ref(Thing()) == "run:p.r"
    assert extract_payload_ref({"a": 1}) is None


def test_composite_survives_garbage_receipts():
    """A child that answers with something that is no receipt has failed."""

    class Odd(Silent):
        def capture(self, *, family, payload):
            return type("Receipt", (), {"status": 7})()

    receipt = CompositeSink([Odd(), InMemorySink()]).capture(family="RECORD", payload=1)

    assert (receipt.status.value, receipt.metadata["failure_count"]) == ("DEGRADED", 1)
