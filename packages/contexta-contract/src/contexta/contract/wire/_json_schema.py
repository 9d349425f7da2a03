"""JSON Schema (2020-12) of every model."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from contexta.contract._extensions._entry import ExtensionRegistryEntry
from contexta.contract._extensions._field_set import ExtensionFieldSet
from contexta.contract._model._base import ContractModel
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
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
from contexta.contract.errors._general import NotFoundError
from contexta.contract.errors._jsonsafe import short_repr
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

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

MODELS: Final = MappingProxyType(
    {
        model.__name__: model
        for model in (
            Project,
            Run,
            DeploymentExecution,
            StageExecution,
            BatchExecution,
            SampleObservation,
            OperationContext,
            EnvironmentSnapshot,
            CorrelationRefs,
            RecordEnvelope,
            StructuredEventPayload,
            StructuredEventRecord,
            MetricPayload,
            MetricRecord,
            TraceSpanPayload,
            TraceSpanRecord,
            DegradedPayload,
            DegradedRecord,
            ArtifactManifest,
            LineageEdge,
            ProvenanceRecord,
            ExtensionFieldSet,
            ExtensionRegistryEntry,
        )
    }
)
"""Every model of the schema by its name, in the order of the documentation."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the model called ``name`` as a document of its own.

    Raises:
        NotFoundError: ``schema_model_unknown``.
    """
    model = MODELS.get(name)
    if model is None:
        raise NotFoundError(
            f"there is no model {short_repr(name)}; the models are {', '.join(MODELS)}",
            code="schema_model_unknown",
            details={"name": name, "known": list(MODELS)},
        )
    return {
        "$schema": DIALECT,
        "$id": f"{name}.schema.json",
        **model.model_json_schema(),
        "x-contexta-schema-version": DEFAULT_CONTRACT_SCHEMA_VERSION,
    }


def describe(model: type[ContractModel], schema: dict[str, Any]) -> dict[str, Any]:
    """Add the documentation of fields to a schema that pydantic made.

    Read from the source only here: at import it would cost every program its start-up time.
    """
    _describe_one(model, schema)
    for name, definition in schema.get("$defs", {}).items():
        inner = MODELS.get(name)
        if inner is not None:
            _describe_one(inner, definition)
    return schema


def _describe_one(model: type[ContractModel], schema: dict[str, Any]) -> None:
    properties = schema.get("properties", {})
    for name, text in _field_docs(model).items():
        if name in properties:
            properties[name]["description"] = text


@lru_cache(maxsize=64)
def _field_docs(model: type[ContractModel]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(model))
    except (OSError, TypeError):
        return {}  # a model made at run time, or an installation without sources
    body = ast.parse(source).body[0]
    if not isinstance(body, ast.ClassDef):
        return {}
    docs = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            docs[field.target.id] = inspect.cleandoc(text.value.value).replace("``", "`")
    return docs
