"""One tolerant reader for each kind of object.

Unknown fields are kept, other schema versions are read, unregistered extensions pass. What is
malformed raises: ``SerializationError`` for the form, ``ValidationError`` for a broken rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from contexta.contract._extensions._field_set import ExtensionFieldSet
from contexta.contract._extensions._registry import ExtensionRegistry
from contexta.contract._model._base import ContractModel
from contexta.contract._model._failures import MISSING_FIELD
from contexta.contract._refs._stable_ref import StableRef
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
from contexta.contract.errors._contract import SerializationError, ValidationError
from contexta.contract.lineage import LineageEdge, ProvenanceRecord
from contexta.contract.records import (
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
from contexta.contract.validation._validators import validate_model
from contexta.contract.wire._reading import as_mapping, load_json, shape_error
from contexta.contract.wire._upgrades import upgrade_payload

M = TypeVar("M", bound=ContractModel)
M_co = TypeVar("M_co", bound=ContractModel, covariant=True)


class Deserializer(Protocol[M_co]):
    """Reads one kind of object and checks its extensions against a registry, if given."""

    def __call__(self, data: Any, *, registry: ExtensionRegistry | None = None) -> M_co:
        """Read ``data``: a mapping, or the JSON text of an object."""


def deserialize_stable_ref(data: StableRef | str) -> StableRef:
    """Read a ref: text, JSON text of one, or a ref itself.

    Raises:
        SerializationError: ``deserialize_invalid_ref`` or a code of the input's form.
    """
    if isinstance(data, StableRef):
        return data
    if not isinstance(data, str):
        raise shape_error("stable_ref", data, "ref text")
    text = data.strip()
    if text.startswith('"') or not text:
        text = load_json(text, "stable_ref")
    try:
        return StableRef.parse(text)
    except ValidationError as exc:
        raise SerializationError(
            f"stable_ref: {exc.message}",
            code="deserialize_invalid_ref",
            details={"value": data},
            cause=exc,
        ) from exc


def read_model(cls: type[M], data: Any, name: str) -> M:
    """Read one object of class ``cls``; ``name`` is what errors call it.

    Raises:
        SerializationError: the input's form is wrong, or a required field is missing
            (``deserialize_invalid_payload``).
        ValidationError: a rule is broken; all problems are in ``issues``.
    """
    payload = upgrade_payload(cls.__name__, as_mapping(data, name))
    for field in ("envelope", "payload", "correlation_refs", "extensions"):
        if field in payload and field in cls.model_fields:
            payload[field] = _nested(cls, field, payload[field], name)
    try:
        return cls.model_validate(payload)
    except ValidationError as exc:
        missing = [issue for issue in exc.issues if issue.code == MISSING_FIELD]
        if not missing:
            raise
        paths = ", ".join(issue.path for issue in missing)
        raise SerializationError(
            f"{name}: required fields are missing: {paths}; pass them",
            code="deserialize_invalid_payload",
            details={"model": cls.__name__, "message": exc.message, "issues": _issues(exc)},
            cause=exc,
        ) from exc


def _issues(exc: ValidationError) -> list[dict[str, str]]:
    return [issue.to_dict() for issue in exc.issues]


def _nested(cls: type[ContractModel], field: str, value: Any, name: str) -> Any:
    if isinstance(value, str):
        value = load_json(value, f"{name}.{field}")
    if field in {"envelope", "payload"} and isinstance(value, Mapping):
        inner = cls.model_fields[field].annotation
        if isinstance(inner, type) and issubclass(inner, ContractModel):
            where = f"{name}.{field}"
            value = upgrade_payload(inner.__name__, as_mapping(value, where))
            if "correlation_refs" in value:
                value["correlation_refs"] = _text_as_json(value, "correlation_refs", where)
            if "extensions" in value:
                value["extensions"] = _text_as_json(value, "extensions", where)
    return value


def _text_as_json(payload: Mapping[str, Any], field: str, name: str) -> Any:
    value = payload[field]
    return load_json(value, f"{name}.{field}") if isinstance(value, str) else value


def _reader(cls: type[M], name: str) -> Callable[[Any], M]:
    def deserialize(data: Any) -> M:
        return read_model(cls, data, name)

    return _named(deserialize, cls, name)


def _checked_reader(cls: type[M], name: str) -> Deserializer[M]:
    def deserialize(data: Any, *, registry: ExtensionRegistry | None = None) -> M:
        model = read_model(cls, data, name)
        if registry is not None:
            validate_model(model, cls, registry).raise_for_errors()
        return model

    return _named(deserialize, cls, name)


F = TypeVar("F", bound=Callable[..., Any])


def _named(function: F, cls: type[ContractModel], name: str) -> F:
    function.__name__ = function.__qualname__ = f"deserialize_{name}"
    function.__doc__ = f"Read a {cls.__name__} from a mapping or JSON text; see read_model."
    return function


deserialize_extension_field_set = _reader(ExtensionFieldSet, "extension_field_set")
deserialize_correlation_refs = _reader(CorrelationRefs, "correlation_refs")
deserialize_structured_event_payload = _reader(StructuredEventPayload, "structured_event_payload")
deserialize_metric_payload = _reader(MetricPayload, "metric_payload")
deserialize_trace_span_payload = _reader(TraceSpanPayload, "trace_span_payload")
deserialize_degraded_payload = _reader(DegradedPayload, "degraded_payload")

deserialize_project = _checked_reader(Project, "project")
deserialize_run = _checked_reader(Run, "run")
deserialize_deployment_execution = _checked_reader(DeploymentExecution, "deployment_execution")
deserialize_stage_execution = _checked_reader(StageExecution, "stage_execution")
deserialize_batch_execution = _checked_reader(BatchExecution, "batch_execution")
deserialize_sample_observation = _checked_reader(SampleObservation, "sample_observation")
deserialize_operation_context = _checked_reader(OperationContext, "operation_context")
deserialize_environment_snapshot = _checked_reader(EnvironmentSnapshot, "environment_snapshot")
deserialize_record_envelope = _checked_reader(RecordEnvelope, "record_envelope")
deserialize_structured_event_record = _checked_reader(
    StructuredEventRecord, "structured_event_record"
)
deserialize_metric_record = _checked_reader(MetricRecord, "metric_record")
deserialize_trace_span_record = _checked_reader(TraceSpanRecord, "trace_span_record")
deserialize_degraded_record = _checked_reader(DegradedRecord, "degraded_record")
deserialize_artifact_manifest = _checked_reader(ArtifactManifest, "artifact_manifest")
deserialize_lineage_edge = _checked_reader(LineageEdge, "lineage_edge")
deserialize_provenance_record = _checked_reader(ProvenanceRecord, "provenance_record")
