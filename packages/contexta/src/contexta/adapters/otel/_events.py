"""Events and degraded records: on the program's span, as a log record, or as their own span."""

from __future__ import annotations

from typing import Any

from contexta.adapters.otel._attributes import as_text, native
from contexta.adapters.otel._ids import trace_id_of
from contexta.adapters.otel._scope import Scope, is_kind
from contexta.adapters.otel._spans import receipt_of, start
from contexta.capture.sinks import SinkCaptureReceipt
from contexta.contract.models.records import DegradedRecord, StructuredEventRecord
from contexta.contract.time import to_epoch_us

_SEVERITIES = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}


def send_event(scope: Scope, record: StructuredEventRecord) -> SinkCaptureReceipt:
    """Add an event under its key."""
    payload = record.payload
    facts = {
        "contexta.run_ref": str(record.envelope.run_ref),
        "contexta.event_level": payload.level,
        "contexta.event_message": payload.message,
    }
    told = {"event_key": payload.event_key}
    return _send(scope, record, payload.event_key, facts, told, payload.level, "contexta.event.")


def send_degraded(scope: Scope, record: DegradedRecord) -> SinkCaptureReceipt:
    """Add an event `contexta.degraded`."""
    payload = record.payload
    facts = {
        "contexta.run_ref": str(record.envelope.run_ref),
        "contexta.issue_key": payload.issue_key,
        "contexta.degradation_category": payload.category,
        "contexta.severity": payload.severity,
    }
    told = {"issue_key": payload.issue_key}
    return _send(scope, record, "contexta.degraded", facts, told, payload.severity, None)


def _send(
    scope: Scope,
    record: StructuredEventRecord | DegradedRecord,
    name: str,
    facts: dict[str, Any],
    told: dict[str, str],
    level: str,
    prefix: str | None,
) -> SinkCaptureReceipt:
    envelope, payload = record.envelope, record.payload
    if envelope.stage_execution_ref is not None:
        facts["contexta.stage_ref"] = str(envelope.stage_execution_ref)
    current = scope.trace.get_current_span()
    if not is_kind(current, getattr(scope.trace, "Span", None)):
        facts |= as_text(payload.attributes, prefix) if prefix else {}
        current.add_event(name, attributes=facts)
        return SinkCaptureReceipt.success(metadata=told)
    more, left_out = native(payload.attributes, prefix or "contexta.degraded.")
    if isinstance(record, DegradedRecord):
        more["contexta.summary"] = record.payload.summary
    facts |= more
    moment = to_epoch_us(envelope.observed_at) * 1000
    if current.is_recording():
        current.add_event(name, attributes=facts, timestamp=moment)
        return receipt_of(scope, current, {**told, "as": "span_event"}, left_out)
    if scope.logger() is not None:
        _log(scope, record, name, facts, level, moment)
        return SinkCaptureReceipt.success(metadata={**told, "as": "log_record"})
    if not scope.knows(scope.tracer(), "Tracer"):
        # A stand-in for a tracer takes no more than the calls for spans that it knows.
        current.add_event(name, attributes=facts)
        return SinkCaptureReceipt.success(metadata=told)
    trace = envelope.correlation_refs.trace_id or str(envelope.run_ref)
    span = start(
        scope,
        name,
        trace,
        str(envelope.record_ref),
        parent=None,
        kind=scope.trace.SpanKind.INTERNAL,
        attributes=facts,
        links=[],
        start_ns=moment,
    )
    if level in ("error", "critical"):
        span.set_status(scope.trace.StatusCode.ERROR, level)
    span.end(end_time=moment)
    return receipt_of(scope, span, {**told, "as": "span"}, left_out)


def _log(
    scope: Scope, record: Any, name: str, facts: dict[str, Any], level: str, moment: int
) -> None:
    from opentelemetry._logs import LogRecord, SeverityNumber

    payload, envelope = record.payload, record.envelope
    parent = scope.trace.SpanContext(
        trace_id_of(envelope.correlation_refs.trace_id or str(envelope.run_ref)),
        0,
        is_remote=True,
    )
    scope.logger().emit(
        LogRecord(
            timestamp=moment,
            observed_timestamp=to_epoch_us(envelope.recorded_at) * 1000,
            context=scope.trace.set_span_in_context(scope.trace.NonRecordingSpan(parent)),
            severity_number=SeverityNumber(_SEVERITIES[level]),
            severity_text=level.upper(),
            body=payload.summary if isinstance(record, DegradedRecord) else payload.message,
            attributes=facts,
            event_name=name,
        )
    )
