"""What validators check beyond construction: versions, extensions, and what is merely missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from contexta.contract._extensions._entry import EXTENSION_TARGET_MODELS
from contexta.contract._extensions._field_set import ExtensionFieldSet
from contexta.contract._extensions._registry import ExtensionRegistry
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.validation._issue import ValidationIssue


def version_issues(model: Any) -> Iterator[ValidationIssue]:
    """Warn of an object written with another version of the schema; it stays readable."""
    version = getattr(model, "schema_version", DEFAULT_CONTRACT_SCHEMA_VERSION)
    if version != DEFAULT_CONTRACT_SCHEMA_VERSION:
        yield ValidationIssue(
            "schema.version_mismatch",
            "$.schema_version",
            f"{short_repr(version)} is not {DEFAULT_CONTRACT_SCHEMA_VERSION}, the version of this "
            "release; fields it does not know are kept as they are",
            "warning",
        )


def extension_issues(extension: Any, target_model: Any, registry: Any) -> Iterator[ValidationIssue]:
    """Check one extension against a registry; without one, an unknown namespace is a warning."""
    if not isinstance(extension, ExtensionFieldSet):
        yield ValidationIssue(
            "extension.invalid_type",
            "$",
            f"{short_repr(extension)} is {type(extension).__name__}, not an ExtensionFieldSet",
        )
        return
    if not isinstance(target_model, str) or target_model not in EXTENSION_TARGET_MODELS:
        yield ValidationIssue(
            "extension.invalid_target_model",
            "$",
            f"{short_repr(target_model)} is not one of {', '.join(EXTENSION_TARGET_MODELS)}",
        )
        return
    if registry is not None and not isinstance(registry, ExtensionRegistry):
        yield ValidationIssue(
            "extension.invalid_registry",
            "$",
            f"{short_repr(registry)} is {type(registry).__name__}, not an ExtensionRegistry",
        )
        return
    entry = _entry_of(registry, extension)
    if entry is None:
        yield ValidationIssue(
            "extension.namespace_unregistered",
            "$.namespace",
            f"{short_repr(extension.namespace)} is not registered; register it, or ignore this",
            "warning" if registry is None else "error",
        )
    elif not entry.allows_target_model(target_model):
        yield ValidationIssue(
            "extension.target_model_mismatch",
            "$.namespace",
            f"{extension.namespace!r} is not registered for {target_model}, "
            f"only for {', '.join(entry.target_models)}",
        )


def _entry_of(registry: ExtensionRegistry | None, extension: ExtensionFieldSet) -> Any:
    if registry is None:
        return None
    # Not get_entry: it refuses a malformed namespace, and validators never raise.
    return next((e for e in registry.entries if e.namespace == extension.namespace), None)


def _warn_if(missing: bool, code: str, path: str, message: str) -> Iterator[ValidationIssue]:
    if missing:
        yield ValidationIssue(code, path, message, "warning")


def _metric_hints(model: Any) -> Iterator[ValidationIssue]:
    yield from _warn_if(
        model.payload.unit is None,
        "metric.unit_missing",
        "$.payload.unit",
        "is missing; numbers without a unit are hard to compare",
    )


def _artifact_hints(model: Any) -> Iterator[ValidationIssue]:
    yield from _warn_if(
        model.hash_value is None,
        "artifact.hash_value_missing",
        "$.hash_value",
        "is missing; the body cannot be verified",
    )
    yield from _warn_if(
        model.size_bytes is None,
        "artifact.size_bytes_missing",
        "$.size_bytes",
        "is missing; the body cannot be verified",
    )


def _lineage_hints(model: Any) -> Iterator[ValidationIssue]:
    without = not model.evidence_refs
    yield from _warn_if(
        without,
        "lineage.evidence_refs_missing",
        "$.evidence_refs",
        "is empty; nothing supports this relation",
    )
    yield from _warn_if(
        without and model.confidence_marker == "low",
        "lineage.low_confidence_without_provenance",
        "$.confidence_marker",
        "is low and no evidence is given",
    )


def _provenance_hints(model: Any) -> Iterator[ValidationIssue]:
    yield from _warn_if(
        model.policy_ref is None,
        "provenance.policy_ref_missing",
        "$.policy_ref",
        "is missing; nobody can tell by which rule this was claimed",
    )
    yield from _warn_if(
        model.evidence_bundle_ref is None,
        "provenance.evidence_bundle_ref_missing",
        "$.evidence_bundle_ref",
        "is missing; the claim cannot be checked",
    )


HINTS: MappingProxyType[str, Callable[[Any], Iterator[ValidationIssue]]] = MappingProxyType(
    {
        "MetricRecord": _metric_hints,
        "ArtifactManifest": _artifact_hints,
        "LineageEdge": _lineage_hints,
        "ProvenanceRecord": _provenance_hints,
    }
)
