"""Valid objects with one call each; every field can be overridden by keyword.

All belong to project ``demo`` and run ``demo.run-1``, so that they fit together::

    record = metric_record(payload=metric_payload(metric_key="train/loss", value=0.25))
"""

from __future__ import annotations

from typing import Any, Final

from contexta.contract.artifacts import ArtifactManifest
from contexta.contract.entities import (
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    OperationContext,
    Project,
    Run,
    SampleObservation,
    StageExecution,
)
from contexta.contract.extensions import ExtensionFieldSet
from contexta.contract.lineage import LineageEdge, ProvenanceRecord
from contexta.contract.records import (
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

STARTED_AT: Final = "2024-01-01T00:00:00.000000Z"
ENDED_AT: Final = "2024-01-01T01:00:00.000000Z"
PRODUCER: Final = "sdk.python.local"


def project(**fields: Any) -> Project:
    """Build the project ``demo``."""
    return Project(
        **{"project_ref": "project:demo", "name": "Demo", "created_at": STARTED_AT, **fields}
    )


def run(**fields: Any) -> Run:
    """Build the open run ``demo.run-1``."""
    return Run(
        **{
            "run_ref": "run:demo.run-1",
            "project_ref": "project:demo",
            "name": "Run 1",
            "status": "open",
            "started_at": STARTED_AT,
            **fields,
        }
    )


def deployment_execution(**fields: Any) -> DeploymentExecution:
    """Build the open deployment ``demo.api``."""
    return DeploymentExecution(
        **{
            "deployment_execution_ref": "deployment:demo.api",
            "project_ref": "project:demo",
            "deployment_name": "api",
            "status": "open",
            "started_at": STARTED_AT,
            **fields,
        }
    )


def stage_execution(**fields: Any) -> StageExecution:
    """Build the open stage ``demo.run-1.train``."""
    return StageExecution(
        **{
            "stage_execution_ref": "stage:demo.run-1.train",
            "run_ref": "run:demo.run-1",
            "stage_name": "train",
            "status": "open",
            "started_at": STARTED_AT,
            **fields,
        }
    )


def batch_execution(**fields: Any) -> BatchExecution:
    """Build the open batch ``demo.run-1.train.b1``."""
    return BatchExecution(
        **{
            "batch_execution_ref": "batch:demo.run-1.train.b1",
            "run_ref": "run:demo.run-1",
            "stage_execution_ref": "stage:demo.run-1.train",
            "batch_name": "b1",
            "status": "open",
            "started_at": STARTED_AT,
            **fields,
        }
    )


def sample_observation(**fields: Any) -> SampleObservation:
    """Build the sample ``demo.run-1.train.s1``."""
    return SampleObservation(
        **{
            "sample_observation_ref": "sample:demo.run-1.train.s1",
            "run_ref": "run:demo.run-1",
            "stage_execution_ref": "stage:demo.run-1.train",
            "sample_name": "s1",
            "observed_at": STARTED_AT,
            **fields,
        }
    )


def operation_context(**fields: Any) -> OperationContext:
    """Build the operation ``demo.run-1.train.o1``."""
    return OperationContext(
        **{
            "operation_context_ref": "op:demo.run-1.train.o1",
            "run_ref": "run:demo.run-1",
            "stage_execution_ref": "stage:demo.run-1.train",
            "operation_name": "o1",
            "observed_at": STARTED_AT,
            **fields,
        }
    )


def environment_snapshot(**fields: Any) -> EnvironmentSnapshot:
    """Build the environment snapshot ``demo.run-1.env``."""
    return EnvironmentSnapshot(
        **{
            "environment_snapshot_ref": "environment:demo.run-1.env",
            "run_ref": "run:demo.run-1",
            "captured_at": STARTED_AT,
            "python_version": "3.12.4",
            "platform": "Linux-x86_64",
            **fields,
        }
    )


def extension_field_set(**fields: Any) -> ExtensionFieldSet:
    """Build an extension of namespace ``acme.training``."""
    return ExtensionFieldSet(**{"namespace": "acme.training", "fields": {"seed": 7}, **fields})


def record_envelope(record_type: str = "metric", **fields: Any) -> RecordEnvelope:
    """Build the envelope of a record of this type in stage ``train``."""
    return RecordEnvelope(
        **{
            "record_ref": f"record:demo.run-1.{record_type}-1",
            "record_type": record_type,
            "recorded_at": STARTED_AT,
            "observed_at": STARTED_AT,
            "producer_ref": PRODUCER,
            "run_ref": "run:demo.run-1",
            "stage_execution_ref": "stage:demo.run-1.train",
            "degradation_marker": "capture_gap" if record_type == "degraded" else "none",
            **fields,
        }
    )


def structured_event_payload(**fields: Any) -> StructuredEventPayload:
    """Build the payload of an event."""
    return StructuredEventPayload(
        **{"event_key": "checkpoint.saved", "level": "info", "message": "Saved", **fields}
    )


def metric_payload(**fields: Any) -> MetricPayload:
    """Build the payload of a metric."""
    return MetricPayload(
        **{"metric_key": "val_loss", "value": 0.5, "value_type": "float", **fields}
    )


def trace_span_payload(**fields: Any) -> TraceSpanPayload:
    """Build the payload of a root span that took an hour."""
    return TraceSpanPayload(
        **{
            "span_id": "s1",
            "trace_id": "t1",
            "span_name": "load data",
            "started_at": STARTED_AT,
            "ended_at": ENDED_AT,
            "status": "ok",
            "span_kind": "io",
            **fields,
        }
    )


def degraded_payload(**fields: Any) -> DegradedPayload:
    """Build the payload of a known gap."""
    return DegradedPayload(
        **{
            "issue_key": "capture.points-lost",
            "category": "capture",
            "severity": "warning",
            "summary": "3 points were lost",
            **fields,
        }
    )


def structured_event_record(**fields: Any) -> StructuredEventRecord:
    """Build an event with its envelope."""
    return StructuredEventRecord(
        **{
            "envelope": record_envelope("event"),
            "payload": structured_event_payload(),
            **fields,
        }
    )


def metric_record(**fields: Any) -> MetricRecord:
    """Build a metric with its envelope."""
    return MetricRecord(
        **{"envelope": record_envelope("metric"), "payload": metric_payload(), **fields}
    )


def trace_span_record(**fields: Any) -> TraceSpanRecord:
    """Build a span with its envelope."""
    return TraceSpanRecord(
        **{"envelope": record_envelope("span"), "payload": trace_span_payload(), **fields}
    )


def degraded_record(**fields: Any) -> DegradedRecord:
    """Build a known gap with its envelope."""
    return DegradedRecord(
        **{"envelope": record_envelope("degraded"), "payload": degraded_payload(), **fields}
    )


def artifact_manifest(**fields: Any) -> ArtifactManifest:
    """Build the manifest of artifact ``demo.run-1.model``."""
    return ArtifactManifest(
        **{
            "artifact_ref": "artifact:demo.run-1.model",
            "artifact_kind": "model_bundle",
            "created_at": STARTED_AT,
            "producer_ref": PRODUCER,
            "run_ref": "run:demo.run-1",
            "location_ref": "model.bin",
            **fields,
        }
    )


def lineage_edge(**fields: Any) -> LineageEdge:
    """Build the edge from the model to its run."""
    return LineageEdge(
        **{
            "relation_ref": "relation:demo.r1",
            "relation_type": "generated_from",
            "source_ref": "artifact:demo.run-1.model",
            "target_ref": "run:demo.run-1",
            "recorded_at": STARTED_AT,
            "origin_marker": "explicit",
            "confidence_marker": "high",
            **fields,
        }
    )


def provenance_record(**fields: Any) -> ProvenanceRecord:
    """Build the provenance of :func:`lineage_edge`."""
    return ProvenanceRecord(
        **{
            "provenance_ref": "provenance:demo.p1",
            "relation_ref": "relation:demo.r1",
            "assertion_mode": "explicit",
            "asserted_at": STARTED_AT,
            **fields,
        }
    )
