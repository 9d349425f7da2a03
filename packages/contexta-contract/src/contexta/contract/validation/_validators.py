"""One validator for each kind of object; none of them ever raises for what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contexta.contract._extensions._field_set import ExtensionFieldSet
from contexta.contract._extensions._registry import ExtensionRegistry
from contexta.contract._model._base import ContractModel
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
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.lineage import LineageEdge, ProvenanceRecord
from contexta.contract.records import (
    DegradedRecord,
    MetricRecord,
    RecordEnvelope,
    StructuredEventRecord,
    TraceSpanRecord,
)
from contexta.contract.validation._issue import ValidationIssue
from contexta.contract.validation._report import ValidationReport
from contexta.contract.validation._rules import HINTS, extension_issues, version_issues


def validate_extension_field_set(
    extension: ExtensionFieldSet,
    *,
    target_model: str,
    registry: ExtensionRegistry | None = None,
) -> ValidationReport:
    """Check an extension for one model; without a registry an unknown namespace is a warning."""
    issues = list(extension_issues(extension, target_model, registry))
    if isinstance(extension, ExtensionFieldSet):
        issues = [*_rule_issues(extension, ExtensionFieldSet), *issues]
    return ValidationReport.from_issues(issues)


def validate_model(
    model: Any, expected: type[ContractModel], registry: ExtensionRegistry | None = None
) -> ValidationReport:
    """Check ``model`` as an ``expected``: every rule, its version, its extensions, hints.

    Never raises for what it is given. Issues come in that order; those inside an envelope or a
    payload carry its path.
    """
    if not isinstance(model, expected):
        issue = ValidationIssue(
            "validation.invalid_type",
            "$",
            f"{short_repr(model)} is {type(model).__name__}, not {expected.__name__}",
        )
        return ValidationReport.from_issues([issue])
    issues = list(_rule_issues(model, expected))
    issues += _attachments(model, registry)
    envelope = model.__dict__.get("envelope")
    if isinstance(envelope, ContractModel):
        issues += [i.with_prefix("$.envelope") for i in _attachments(envelope, registry)]
    hints = HINTS.get(expected.__name__)
    # Hints look at fields by name, which an unchecked object may lack.
    if hints is not None and not any(issue.is_error for issue in issues):
        issues += hints(model)
    return ValidationReport.from_issues(issues)


def _rule_issues(model: ContractModel, expected: type[ContractModel]) -> Iterator[ValidationIssue]:
    try:
        expected.model_validate(model.to_dict())
    except ValidationError as exc:
        yield from exc.issues
    except Exception as exc:  # an unchecked object may hold anything at all
        yield ValidationIssue(
            "validation.invalid_model", "$", f"cannot be read back ({type(exc).__name__}: {exc})"
        )


def _attachments(
    model: ContractModel, registry: ExtensionRegistry | None
) -> Iterator[ValidationIssue]:
    yield from version_issues(model)
    target = getattr(type(model), "target_model", "")
    extensions = model.__dict__.get("extensions") or ()
    for index, extension in enumerate(extensions if isinstance(extensions, tuple) else ()):
        for issue in extension_issues(extension, target, registry):
            yield issue.with_prefix(f"$.extensions[{index}]")


def _validator(expected: type[ContractModel], noun: str) -> Callable[..., ValidationReport]:
    def validate(obj: Any, *, registry: ExtensionRegistry | None = None) -> ValidationReport:
        return validate_model(obj, expected, registry)

    validate.__name__ = validate.__qualname__ = f"validate_{noun}"
    validate.__doc__ = f"Check a {expected.__name__}; see :func:`validate_model`. Never raises."
    return validate


validate_project = _validator(Project, "project")
validate_run = _validator(Run, "run")
validate_deployment_execution = _validator(DeploymentExecution, "deployment_execution")
validate_stage_execution = _validator(StageExecution, "stage_execution")
validate_batch_execution = _validator(BatchExecution, "batch_execution")
validate_sample_observation = _validator(SampleObservation, "sample_observation")
validate_operation_context = _validator(OperationContext, "operation_context")
validate_environment_snapshot = _validator(EnvironmentSnapshot, "environment_snapshot")
validate_record_envelope = _validator(RecordEnvelope, "record_envelope")
validate_structured_event_record = _validator(StructuredEventRecord, "structured_event_record")
validate_metric_record = _validator(MetricRecord, "metric_record")
validate_trace_span_record = _validator(TraceSpanRecord, "trace_span_record")
validate_degraded_record = _validator(DegradedRecord, "degraded_record")
validate_artifact_manifest = _validator(ArtifactManifest, "artifact_manifest")
validate_lineage_edge = _validator(LineageEdge, "lineage_edge")
validate_provenance_record = _validator(ProvenanceRecord, "provenance_record")
