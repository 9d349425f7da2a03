"""Sinks: further destinations of what is captured, beside the workspace.

A sink is anything with a `name`, `supports(family)` and
`capture(family=..., payload=...)`. Derive from `BaseSink` to write one. Sinks
are called synchronously, in order. One that raises or returns a FAILURE
receipt stops nothing: its payload goes to the outbox.
"""

from contexta.capture.sinks._base import (
    BaseSink,
    Sink,
    SinkCaptureReceipt,
    SinkCaptureRequest,
    extract_payload_ref,
)
from contexta.capture.sinks._composite import CompositeSink
from contexta.capture.sinks._jsonl import LocalJsonlSink
from contexta.capture.sinks._memory import InMemorySink, InMemorySinkEntry
from contexta.capture.sinks._stdout import StdoutSink

__all__ = [
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
