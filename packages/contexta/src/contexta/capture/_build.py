"""Build contract records from a scope's context and checked values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.capture._ids import random_hex
from contexta.contract.models.records import (
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
from contexta.contract.refs import StableRef
from contexta.contract.time import from_epoch_us
from contexta.store.records import SeriesContext, derive_record_ref

Record = StructuredEventRecord | MetricRecord | TraceSpanRecord | DegradedRecord


def subject_of(context: SeriesContext) -> str:
    """Return the deepest ref of the context: what its records are about."""
    return (
        context.operation_context_ref
        or context.sample_observation_ref
        or context.batch_execution_ref
        or context.deployment_execution_ref
        or context.stage_execution_ref
        or context.run_ref
    )


def envelope(
    context: SeriesContext,
    record_type: str,
    record_ref: str,
    observed_us: int,
    *,
    completeness: str = "complete",
    degradation: str = "none",
) -> RecordEnvelope:
    """Build the envelope of a record observed and recorded at `observed_us`."""
    now = from_epoch_us(observed_us)
    return RecordEnvelope(
        record_ref=record_ref,
        record_type=record_type,
        recorded_at=now,
        observed_at=now,
        producer_ref=context.producer_ref,
        run_ref=context.run_ref,
        deployment_execution_ref=context.deployment_execution_ref,
        stage_execution_ref=context.stage_execution_ref,
        batch_execution_ref=context.batch_execution_ref,
        sample_observation_ref=context.sample_observation_ref,
        operation_context_ref=context.operation_context_ref,
        correlation_refs=CorrelationRefs(trace_id=context.trace_id, session_id=context.session_id),
        completeness_marker=completeness,
        degradation_marker=degradation,
        schema_version=context.schema_version,
    )


def provisional_ref(context: SeriesContext, record_type: str) -> str:
    """Return a unique record ref of the run, for a record that has no sequence yet."""
    return f"record:{context.run_ref.partition(':')[2]}.{record_type}-{random_hex(6)}"


def metric_record(
    context: SeriesContext,
    sequence: int | None,
    observed_us: int,
    *,
    key: str,
    value: float,
    unit: str | None,
    aggregation_scope: str,
    tags: Mapping[str, str],
    summary_basis: str,
    step: int | None,
    epoch: float | None,
) -> MetricRecord:
    """Build the record of one stored point."""
    ref = (
        provisional_ref(context, "metric")
        if sequence is None
        else derive_record_ref(context.run_ref, "metric", sequence)
    )
    payload = MetricPayload(
        metric_key=key,
        value=value,
        value_type="float" if isinstance(value, float) else "int",
        unit=unit,
        aggregation_scope=aggregation_scope,
        subject_ref=subject_of(context),
        tags=tags,
        summary_basis=summary_basis,
        step=step,
        epoch=epoch,
    )
    return MetricRecord(envelope=envelope(context, "metric", ref, observed_us), payload=payload)


def event_record(
    context: SeriesContext,
    observed_us: int,
    *,
    key: str,
    message: str,
    level: str,
    attributes: Mapping[str, Any],
) -> StructuredEventRecord:
    """Build an event record."""
    payload = StructuredEventPayload(
        event_key=key,
        level=level,
        message=message,
        subject_ref=subject_of(context),
        attributes=attributes,
    )
    ref = provisional_ref(context, "event")
    return StructuredEventRecord(
        envelope=envelope(context, "event", ref, observed_us), payload=payload
    )


def degraded_record(
    context: SeriesContext,
    observed_us: int,
    *,
    issue_key: str,
    summary: str,
    category: str,
    severity: str,
    attributes: Mapping[str, Any],
    marker: str = "partial_failure",
) -> DegradedRecord:
    """Build a record that says what is missing or wrong."""
    payload = DegradedPayload(
        issue_key=issue_key,
        category=category,
        severity=severity,
        summary=summary,
        subject_ref=subject_of(context),
        attributes=attributes,
    )
    ref = provisional_ref(context, "degraded")
    head = envelope(
        context, "degraded", ref, observed_us, completeness="partial", degradation=marker
    )
    return DegradedRecord(envelope=head, payload=payload)


def span_record(
    context: SeriesContext, recorded_us: int, *, started_us: int, payload: TraceSpanPayload
) -> TraceSpanRecord:
    """Build a span record; it is observed when the span began."""
    ref = provisional_ref(context, "span")
    # A span dated into the future is recorded as observed now: recorded never lies before.
    head = envelope(context, "span", ref, min(started_us, recorded_us))
    if started_us < recorded_us:
        head = head.model_copy(update={"recorded_at": from_epoch_us(recorded_us)})
    return TraceSpanRecord(envelope=head, payload=payload)


def with_ref(record: Any, sequence: int) -> Any:
    """Return the stored form of `record`: with the ref that follows from its sequence."""
    head = record.envelope
    ref = derive_record_ref(str(head.run_ref), head.record_type, sequence)
    return record.model_copy(
        update={"envelope": head.model_copy(update={"record_ref": StableRef.parse(ref)})}
    )
