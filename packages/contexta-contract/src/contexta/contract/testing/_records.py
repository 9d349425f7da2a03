"""Strategies for records."""

from __future__ import annotations

from hypothesis import strategies as st

from contexta.contract.records import (
    COMPLETENESS_MARKERS,
    DEGRADATION_MARKERS,
    DEGRADED_CATEGORIES,
    DEGRADED_SEVERITIES,
    EVENT_LEVELS,
    METRIC_AGGREGATION_SCOPES,
    ORIGIN_MARKERS,
    TRACE_SPAN_KINDS,
    TRACE_SPAN_STATUSES,
    CorrelationRefs,
    DegradedPayload,
    DegradedRecord,
    MetricPayload,
    MetricRecord,
    RecordEnvelope,
    StructuredEventPayload,
    StructuredEventRecord,
    TraceSpanPayload,
    TraceSpanRecord,
)
from contexta.contract.testing import _values as v
from contexta.contract.testing._parts import Draw, closing, place_of, refs, subjects


def correlation_refs() -> st.SearchStrategy[CorrelationRefs]:
    """Return correlation refs."""
    return st.builds(CorrelationRefs, trace_id=v.texts_or_none, session_id=v.texts_or_none)


@st.composite
def record_envelopes(draw: Draw, record_type: str = "metric") -> RecordEnvelope:
    """Return envelopes that fit a record of this type."""
    place = place_of(draw)
    run = place["run_ref"].removeprefix("run:")
    observed, recorded = sorted([draw(v.timestamps), draw(v.timestamps)])
    degraded = record_type == "degraded"
    complete = [m for m in COMPLETENESS_MARKERS if degraded or m != "absent"]
    gaps = [m for m in DEGRADATION_MARKERS if not degraded or m != "none"]
    return RecordEnvelope(
        record_ref=f"record:{run}.{draw(v.components)}",
        record_type=record_type,
        recorded_at=recorded,
        observed_at=observed,
        producer_ref=draw(v.dotted),
        correlation_refs=draw(correlation_refs()),
        completeness_marker=draw(st.sampled_from(complete)),
        degradation_marker=draw(st.sampled_from(gaps)),
        **place,
        **closing(draw),
    )


def structured_event_payloads() -> st.SearchStrategy[StructuredEventPayload]:
    """Return event payloads."""
    return st.builds(
        StructuredEventPayload,
        event_key=v.free_keys,
        level=st.sampled_from(EVENT_LEVELS),
        message=v.text,
        subject_ref=subjects(),
        attributes=v.json_maps,
        origin_marker=st.sampled_from(ORIGIN_MARKERS),
    )


def metric_payloads() -> st.SearchStrategy[MetricPayload]:
    """Return metric payloads, non-finite values among them."""
    return st.builds(
        MetricPayload,
        metric_key=v.free_keys,
        value=v.metric_values,
        value_type=v.snake_words,
        unit=v.texts_or_none,
        aggregation_scope=st.sampled_from(METRIC_AGGREGATION_SCOPES),
        subject_ref=subjects(),
        slice_ref=st.none() | v.dotted_snake,
        tags=v.text_maps,
        summary_basis=st.none() | v.snake_words,
        step=st.none() | v.int64s,
        epoch=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    )


@st.composite
def trace_span_payloads(draw: Draw) -> TraceSpanPayload:
    """Return span payloads, roots among them."""
    started, ended = sorted([draw(v.timestamps), draw(v.timestamps)])
    return TraceSpanPayload(
        span_id=draw(v.text),
        trace_id=draw(v.text),
        parent_span_id=draw(v.texts_or_none),
        span_name=draw(v.text),
        started_at=started,
        ended_at=ended,
        status=draw(st.sampled_from(TRACE_SPAN_STATUSES)),
        span_kind=draw(st.sampled_from(TRACE_SPAN_KINDS)),
        attributes=draw(v.json_maps),
        linked_refs=draw(st.lists(refs(), max_size=2)),
    )


def degraded_payloads() -> st.SearchStrategy[DegradedPayload]:
    """Return payloads of known gaps."""
    return st.builds(
        DegradedPayload,
        issue_key=v.dotted_snake,
        category=st.sampled_from(DEGRADED_CATEGORIES),
        severity=st.sampled_from(DEGRADED_SEVERITIES),
        summary=v.text,
        subject_ref=subjects(),
        origin_marker=st.sampled_from(ORIGIN_MARKERS),
        attributes=v.json_maps,
    )


def structured_event_records() -> st.SearchStrategy[StructuredEventRecord]:
    """Return events."""
    return st.builds(
        StructuredEventRecord,
        envelope=record_envelopes("event"),
        payload=structured_event_payloads(),
    )


def metric_records() -> st.SearchStrategy[MetricRecord]:
    """Return metrics."""
    return st.builds(MetricRecord, envelope=record_envelopes("metric"), payload=metric_payloads())


def trace_span_records() -> st.SearchStrategy[TraceSpanRecord]:
    """Return spans."""
    return st.builds(
        TraceSpanRecord, envelope=record_envelopes("span"), payload=trace_span_payloads()
    )


def degraded_records() -> st.SearchStrategy[DegradedRecord]:
    """Return known gaps."""
    return st.builds(
        DegradedRecord, envelope=record_envelopes("degraded"), payload=degraded_payloads()
    )
