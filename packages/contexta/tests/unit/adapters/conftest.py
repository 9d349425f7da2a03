"""Records to hand to sinks."""

import pytest

from contexta.contract.models import records

MOMENT = "2026-01-01T00:00:00Z"
KINDS = {
    "metric": (records.MetricRecord, records.MetricPayload),
    "event": (records.StructuredEventRecord, records.StructuredEventPayload),
    "span": (records.TraceSpanRecord, records.TraceSpanPayload),
    "degraded": (records.DegradedRecord, records.DegradedPayload),
}
DEFAULTS = {
    "metric": {"metric_key": "loss", "value": 0.5, "value_type": "float"},
    "event": {"event_key": "saved", "level": "info", "message": "checkpoint"},
    "span": {
        "span_id": "s",
        "trace_id": "t",
        "span_name": "work",
        "started_at": MOMENT,
        "ended_at": MOMENT,
        "status": "ok",
        "span_kind": "operation",
    },
    "degraded": {
        "issue_key": "rows.dropped",
        "category": "capture",
        "severity": "warning",
        "summary": "3 rows were dropped",
    },
}


@pytest.fixture
def make_record():
    """Build a record of a kind with some fields of its payload chosen."""

    def build(kind, *, stage=None, **fields):
        record, payload = KINDS[kind]
        envelope = records.RecordEnvelope(
            record_ref="record:p.r.x",
            record_type=kind,
            recorded_at=MOMENT,
            observed_at=MOMENT,
            producer_ref="sdk.python.local",
            run_ref="run:p.r",
            stage_execution_ref=None if stage is None else f"stage:p.r.{stage}",
            degradation_marker="partial_failure" if kind == "degraded" else "none",
        )
        return record(envelope=envelope, payload=payload(**{**DEFAULTS[kind], **fields}))

    return build
