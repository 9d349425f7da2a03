"""Check objects and get a report instead of an exception.

Construction already checks every rule and raises. The validators here are for objects that come
from elsewhere (built with ``trusted``, or unpickled) and for what construction lets pass: other
schema versions, extensions against a registry, facts that are merely missing. They never raise
for what they are given; ``report.raise_for_errors()`` does, if you ask.
"""

from contexta.contract.validation._issue import VALIDATION_SEVERITIES, ValidationIssue
from contexta.contract.validation._report import ValidationReport
from contexta.contract.validation._validators import (
    validate_artifact_manifest,
    validate_batch_execution,
    validate_degraded_record,
    validate_deployment_execution,
    validate_environment_snapshot,
    validate_extension_field_set,
    validate_lineage_edge,
    validate_metric_record,
    validate_model,
    validate_operation_context,
    validate_project,
    validate_provenance_record,
    validate_record_envelope,
    validate_run,
    validate_sample_observation,
    validate_stage_execution,
    validate_structured_event_record,
    validate_trace_span_record,
)

__all__ = [
    "VALIDATION_SEVERITIES",
    "ValidationIssue",
    "ValidationReport",
    "validate_artifact_manifest",
    "validate_batch_execution",
    "validate_degraded_record",
    "validate_deployment_execution",
    "validate_environment_snapshot",
    "validate_extension_field_set",
    "validate_lineage_edge",
    "validate_metric_record",
    "validate_model",
    "validate_operation_context",
    "validate_project",
    "validate_provenance_record",
    "validate_record_envelope",
    "validate_run",
    "validate_sample_observation",
    "validate_stage_execution",
    "validate_structured_event_record",
    "validate_trace_span_record",
]
