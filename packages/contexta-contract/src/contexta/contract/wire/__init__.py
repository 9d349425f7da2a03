"""The wire form: canonical JSON, tolerant readers, JSON Schema, upgrades.

``to_payload`` and ``to_json`` write; ``deserialize_X`` reads what they wrote, and what newer
releases write: unknown fields are kept and written back. ``SerializationError`` says that the
input is not the form asked for, ``ValidationError`` that a rule of the model is broken.
"""

from contexta.contract.wire._deserializers import (
    deserialize_artifact_manifest,
    deserialize_batch_execution,
    deserialize_correlation_refs,
    deserialize_degraded_payload,
    deserialize_degraded_record,
    deserialize_deployment_execution,
    deserialize_environment_snapshot,
    deserialize_extension_field_set,
    deserialize_lineage_edge,
    deserialize_metric_payload,
    deserialize_metric_record,
    deserialize_operation_context,
    deserialize_project,
    deserialize_provenance_record,
    deserialize_record_envelope,
    deserialize_run,
    deserialize_sample_observation,
    deserialize_stable_ref,
    deserialize_stage_execution,
    deserialize_structured_event_payload,
    deserialize_structured_event_record,
    deserialize_trace_span_payload,
    deserialize_trace_span_record,
    read_model,
)
from contexta.contract.wire._json_schema import MODELS, json_schema
from contexta.contract.wire._reading import load_json
from contexta.contract.wire._upgrades import (
    register_upgrade,
    unregister_upgrade,
    upgrade_payload,
)
from contexta.contract.wire._writing import to_json, to_payload

__all__ = [
    "MODELS",
    "deserialize_artifact_manifest",
    "deserialize_batch_execution",
    "deserialize_correlation_refs",
    "deserialize_degraded_payload",
    "deserialize_degraded_record",
    "deserialize_deployment_execution",
    "deserialize_environment_snapshot",
    "deserialize_extension_field_set",
    "deserialize_lineage_edge",
    "deserialize_metric_payload",
    "deserialize_metric_record",
    "deserialize_operation_context",
    "deserialize_project",
    "deserialize_provenance_record",
    "deserialize_record_envelope",
    "deserialize_run",
    "deserialize_sample_observation",
    "deserialize_stable_ref",
    "deserialize_stage_execution",
    "deserialize_structured_event_payload",
    "deserialize_structured_event_record",
    "deserialize_trace_span_payload",
    "deserialize_trace_span_record",
    "json_schema",
    "load_json",
    "read_model",
    "register_upgrade",
    "to_json",
    "to_payload",
    "unregister_upgrade",
    "upgrade_payload",
]
