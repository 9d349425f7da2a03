"""The sink that prints."""

import io
import json
import sys

import pytest

from contexta.capture.sinks import StdoutSink


def test_one_line_without_spaces(make_record, capsys):
    """A pipe gets one compact object per payload, and the receipt says of what."""
    receipt = StdoutSink().capture(family="RECORD", payload=make_record("metric"))
    text = capsys.readouterr().out
    line = json.loads(text)

    assert 1 == text.count("\n")
    assert ["sink", "family", "payload_type", "payload_ref", "payload"] == list(line)
    assert text.startswith('{"sink":"stdout","family":"RECORD",')
    assert {"stream": "stdout", "payload_ref": "record:p.r.x"} == dict(receipt.metadata)


def test_indented_where_asked(make_record, capsys):
    """People read it too."""
    sink = StdoutSink(stream="stderr", indent=2)
    sink.capture(family="RECORD", payload=make_record("metric"))

    assert '\n  "family": "RECORD",\n' in capsys.readouterr().err
    assert "stderr" == sink.stream


def test_a_stream_that_lacks_letters_gets_escapes(make_record, monkeypatch):
    """A container with an ASCII locale loses nothing."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    StdoutSink().capture(family="RECORD", payload=make_record("event", message="größer"))

    assert "größer" == json.loads(raw.getvalue())["payload"]["payload"]["message"]


def test_another_stream_is_refused():
    """There are two."""
    with pytest.raises(ValueError, match="stream"):
        StdoutSink(stream="stdin")
