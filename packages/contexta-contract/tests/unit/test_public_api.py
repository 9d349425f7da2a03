"""The names that other programs import."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import contexta.contract as contract

MODELS = [
    "Project",
    "Run",
    "DeploymentExecution",
    "StageExecution",
    "BatchExecution",
    "SampleObservation",
    "OperationContext",
    "EnvironmentSnapshot",
    "CorrelationRefs",
    "RecordEnvelope",
    "StructuredEventPayload",
    "StructuredEventRecord",
    "MetricPayload",
    "MetricRecord",
    "TraceSpanPayload",
    "TraceSpanRecord",
    "DegradedPayload",
    "DegradedRecord",
    "ArtifactManifest",
    "LineageEdge",
    "ProvenanceRecord",
]
INFRASTRUCTURE = [
    "StableRef",
    "ExtensionFieldSet",
    "ExtensionRegistry",
    "ExtensionRegistryEntry",
    "ValidationIssue",
    "ValidationReport",
    "VALIDATION_SEVERITIES",
    "to_payload",
    "to_json",
]
READ = [
    "stable_ref",
    "extension_field_set",
    "correlation_refs",
    "project",
    "run",
    "deployment_execution",
    "stage_execution",
    "batch_execution",
    "sample_observation",
    "operation_context",
    "environment_snapshot",
    "record_envelope",
    "structured_event_payload",
    "structured_event_record",
    "metric_payload",
    "metric_record",
    "trace_span_payload",
    "trace_span_record",
    "degraded_payload",
    "degraded_record",
    "artifact_manifest",
    "lineage_edge",
    "provenance_record",
]
CHECKED = [
    "extension_field_set",
    "project",
    "run",
    "deployment_execution",
    "stage_execution",
    "batch_execution",
    "sample_observation",
    "operation_context",
    "environment_snapshot",
    "record_envelope",
    "structured_event_record",
    "metric_record",
    "trace_span_record",
    "degraded_record",
    "artifact_manifest",
    "lineage_edge",
    "provenance_record",
]
ADDED = ["DEFAULT_CONTRACT_SCHEMA_VERSION", "FrozenMapping", "json_schema", "slugify"]

MODULES = {
    "contexta.contract.refs": """StableRef validate_core_stable_ref validate_stable_ref_kind
        validate_stable_ref_field CORE_STABLE_REF_KINDS CORE_STABLE_REF_COMPONENT_COUNTS
        STABLE_REF_FIELD_KIND_MAP STABLE_REF_KIND_PATTERN STABLE_REF_COMPONENT_PATTERN
        MAX_STABLE_REF_TEXT_LENGTH MAX_STABLE_REF_COMPONENT_LENGTH slugify""",
    "contexta.contract.extensions": """ExtensionFieldSet validate_extension_namespace
        validate_extension_field_key EXTENSION_NAMESPACE_PATTERN
        EXTENSION_NAMESPACE_SEGMENT_PATTERN EXTENSION_FIELD_KEY_PATTERN
        MAX_EXTENSION_NAMESPACE_LENGTH""",
    "contexta.contract.registry": """ExtensionRegistry ExtensionRegistryEntry
        EXTENSION_OWNERSHIP_CLASSES EXTENSION_TARGET_MODELS RESERVED_NAMESPACE_SEGMENTS
        OWNER_SLUG_PATTERN REGISTRY_STATUS_PATTERN""",
    "contexta.contract.models": " ".join(MODELS)
    + " DEFAULT_CONTRACT_SCHEMA_VERSION RUN_STAGE_STATUSES ARTIFACT_KINDS PRODUCER_REF_PATTERN"
    " RECORD_TYPES RELATION_TYPES ASSERTION_MODES",
    "contexta.contract.models.context": "Project Run StageExecution RUN_STAGE_STATUSES",
    "contexta.contract.models.records": "MetricRecord RecordEnvelope PRODUCER_REF_PATTERN",
    "contexta.contract.models.artifacts": "ArtifactManifest ARTIFACT_KINDS",
    "contexta.contract.models.lineage": "LineageEdge ProvenanceRecord RELATION_TYPES",
    "contexta.contract.validation": " ".join(f"validate_{name}" for name in CHECKED),
    "contexta.contract.validation.report": "ValidationIssue ValidationReport",
    "contexta.contract.validation.core": " ".join(f"validate_{name}" for name in CHECKED),
    "contexta.contract.serialization": "to_json to_payload deserialize_run",
    "contexta.contract.time": """ensure_utc parse_timestamp normalize_timestamp utc_now
        iso_utc_now from_epoch_us to_epoch_us""",
    "contexta.contract.coerce": "coerce_metric_value coerce_json coerce_tags",
    "contexta.contract.wire": "json_schema register_upgrade upgrade_payload to_json",
}


def test_the_package_exports_the_names_of_1_0_and_four_more():
    """Nothing leaks, nothing is lost."""
    legacy = [
        *MODELS,
        *INFRASTRUCTURE,
        *(f"deserialize_{name}" for name in READ),
        *(f"validate_{name}" for name in CHECKED),
    ]

    assert len(legacy) == 70
    assert sorted(contract.__all__) == sorted([*legacy, *ADDED])


@pytest.mark.parametrize("module", sorted(MODULES))
def test_public_modules_have_the_names_that_scripts_import(module):
    """Each name can be imported from its module and is listed in `__all__`."""
    found = importlib.import_module(module)
    wanted = MODULES[module].split()

    assert [name for name in wanted if not hasattr(found, name)] == []
    assert [name for name in wanted if name not in found.__all__] == []


def test_every_name_in_every_public_table_of_contents_exists():
    """`from module import *` works for every module."""
    for info in pkgutil.walk_packages(contract.__path__, "contexta.contract."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        names = getattr(module, "__all__", [])

        assert [name for name in names if not hasattr(module, name)] == []
        assert len(set(names)) == len(names)


def test_the_errors_module_has_the_whole_tree():
    """The names of 1.0 and the layers."""
    wanted = [
        "ContextaError",
        "ConfigurationError",
        "ValidationError",
        "SerializationError",
        "ConflictError",
        "NotFoundError",
        "LifecycleError",
        "ClosedScopeError",
        "DispatchError",
        "DependencyError",
        "ReadOnlyStoreError",
        "StoreAccessError",
        "SchemaVersionError",
        "MigrationError",
        "RecordError",
        "ArtifactError",
        "StoreError",
        "InterpretationError",
        "RecoveryError",
        "RenderingError",
        "ContractError",
        "CaptureError",
        "MetadataError",
        "SurfaceError",
        "CompatibilityError",
        "IntegrityError",
    ]

    assert [name for name in wanted if name not in contract.errors.__all__] == []


def test_importing_the_package_needs_neither_hypothesis_nor_numpy():
    """Only pydantic is imported besides the standard library."""
    code = (
        "import sys, contexta.contract, contexta.contract.testing.builders\n"
        "print([m for m in ('hypothesis','numpy','pyarrow','sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
