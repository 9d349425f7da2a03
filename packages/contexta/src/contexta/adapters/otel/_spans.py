"""Spans with their recorded times, ids, parents and links."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from contexta.adapters.otel._attributes import as_text, native
from contexta.adapters.otel._ids import ChosenIds, span_id_of, trace_id_of
from contexta.adapters.otel._scope import Scope
from contexta.capture.sinks import SinkCaptureReceipt
from contexta.contract.models.records import TraceSpanRecord
from contexta.contract.time import to_epoch_us

_KINDS = {
    "operation": "INTERNAL",
    "internal": "INTERNAL",
    "io": "CLIENT",
    "network": "CLIENT",
    "process": "PRODUCER",
}


def send_span(scope: Scope, record: TraceSpanRecord) -> SinkCaptureReceipt:
    """Start and end one span; a receipt says when nobody listens."""
    payload, tracer = record.payload, scope.tracer()
    kind = getattr(scope.trace.SpanKind, _KINDS.get(payload.span_kind, "INTERNAL"))
    ok = payload.status == "ok"
    code = scope.trace.StatusCode.OK if ok else scope.trace.StatusCode.ERROR
    facts = _facts(record)
    told = {"span_name": payload.span_name}
    if not scope.knows(tracer, "Tracer"):
        facts |= as_text(payload.attributes, "contexta.span.")
        span = tracer.start_span(payload.span_name, kind=kind, attributes=facts)
        span.set_status(code)
        span.end()
        return SinkCaptureReceipt.success(metadata=told)
    more, left_out = native(payload.attributes, "contexta.span.")
    refs = [str(ref) for ref in payload.linked_refs]
    if refs:
        facts["contexta.linked_refs"] = refs
    span = start(
        scope,
        payload.span_name,
        payload.trace_id,
        payload.span_id,
        parent=payload.parent_span_id,
        kind=kind,
        attributes={**facts, **more},
        links=_links(scope, payload.trace_id, refs),
        start_ns=to_epoch_us(payload.started_at) * 1000,
    )
    span.set_status(code, None if ok else payload.status)
    span.end(end_time=to_epoch_us(payload.ended_at) * 1000)
    return receipt_of(scope, span, told, left_out)


def start(
    scope: Scope,
    name: str,
    trace: str,
    span_id: str,
    *,
    parent: str | None,
    kind: Any,
    attributes: dict[str, Any],
    links: list[Any],
    start_ns: int,
) -> Any:
    """Start a span whose ids follow from Contexta's, as the child of `parent`."""
    tracer = scope.tracer()
    trace_id = trace_id_of(trace)
    generator: Any = getattr(tracer, "id_generator", None)
    chosen = isinstance(generator, ChosenIds)
    above = None
    if parent is not None:
        above = _context(
            scope, trace_id, span_id_of(trace, parent), sampled=_sampled(tracer, trace_id, name)
        )
    elif not chosen:
        # Without a say in ids, only a parent carries the trace id along.
        above = _context(scope, trace_id, span_id_of(trace, "root"), sampled=True)
    empty = scope.trace.set_span_in_context(scope.trace.INVALID_SPAN)
    block = generator.choosing(trace_id, span_id_of(trace, span_id)) if chosen else nullcontext()
    with block:
        return tracer.start_span(
            name,
            context=empty if above is None else above,
            kind=kind,
            attributes=attributes,
            links=links,
            start_time=start_ns,
        )


def receipt_of(
    scope: Scope, span: Any, told: dict[str, Any], left_out: int = 0
) -> SinkCaptureReceipt:
    """Say what became of a span: taken, left to the sampler, or lost for want of a provider."""
    context = span.get_span_context()
    told = {**told, "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    if left_out:
        return SinkCaptureReceipt.degraded(
            detail=f"{left_out} attributes beyond the bound were left out", metadata=told
        )
    if span.is_recording() or hasattr(span, "end_time"):
        return SinkCaptureReceipt.success(metadata=told)
    if not hasattr(scope.tracer_provider(), "add_span_processor"):
        return SinkCaptureReceipt.degraded(
            detail="no tracer provider is set up, so nobody receives spans; "
            "call opentelemetry.trace.set_tracer_provider, or give tracer_provider=",
            metadata=told,
        )
    return SinkCaptureReceipt.success(
        detail="the sampler of the tracer provider left this span out", metadata=told
    )


def _facts(record: TraceSpanRecord) -> dict[str, Any]:
    envelope, payload = record.envelope, record.payload
    facts: dict[str, Any] = {
        "contexta.run_ref": str(envelope.run_ref),
        "contexta.record_ref": str(envelope.record_ref),
        "contexta.span_kind": payload.span_kind,
        "contexta.span_id": payload.span_id,
        "contexta.trace_id": payload.trace_id,
    }
    if envelope.stage_execution_ref is not None:
        facts["contexta.stage_ref"] = str(envelope.stage_execution_ref)
    if payload.parent_span_id is not None:
        facts["contexta.parent_span_id"] = payload.parent_span_id
    return facts


def _links(scope: Scope, trace: str, refs: list[str]) -> list[Any]:
    """Link to what the span touched, and to the program's own span around the capture."""
    api = scope.trace
    links = [
        api.Link(
            api.SpanContext(trace_id_of(trace), span_id_of(trace, ref), is_remote=True),
            {"contexta.ref": ref},
        )
        for ref in refs
    ]
    around = api.get_current_span().get_span_context()
    if around.is_valid:
        links.append(api.Link(around, {"contexta.link": "captured_in"}))
    return links


def _context(scope: Scope, trace_id: int, span_id: int, *, sampled: bool) -> Any:
    api = scope.trace
    flags = api.TraceFlags(api.TraceFlags.SAMPLED if sampled else api.TraceFlags.DEFAULT)
    parent = api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    return api.set_span_in_context(api.NonRecordingSpan(parent))


def _sampled(tracer: Any, trace_id: int, name: str) -> bool:
    """Say what the sampler decides for the root of a trace, which children follow."""
    sampler = getattr(tracer, "sampler", None)
    if sampler is None:
        return True
    decision = sampler.should_sample(None, trace_id, name).decision
    return bool(decision.is_sampled())
