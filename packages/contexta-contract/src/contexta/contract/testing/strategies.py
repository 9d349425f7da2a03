"""Hypothesis strategies for every model, with all of their fields.

The only module that imports Hypothesis. ``models()`` draws from all of them; each strategy gives
valid objects only, whose refs lie inside one another as the schema asks.
"""

from __future__ import annotations

from contexta.contract.errors import DependencyError

try:
    from hypothesis import strategies as st
except ImportError as exc:  # pragma: no cover - Hypothesis is there wherever tests run
    raise DependencyError(
        "contexta.contract.testing.strategies needs Hypothesis; pip install hypothesis",
        code="dependency_missing",
        details={"package": "hypothesis"},
        cause=exc,
    ) from exc

from contexta.contract._model._base import ContractModel
from contexta.contract.testing._entities import (
    batch_executions,
    deployment_executions,
    environment_snapshots,
    operation_contexts,
    projects,
    runs,
    sample_observations,
    stage_executions,
)
from contexta.contract.testing._parts import (
    extension_field_sets,
    refs,
)
from contexta.contract.testing._records import (
    correlation_refs,
    degraded_payloads,
    degraded_records,
    metric_payloads,
    metric_records,
    record_envelopes,
    structured_event_payloads,
    structured_event_records,
    trace_span_payloads,
    trace_span_records,
)
from contexta.contract.testing._relations import (
    artifact_manifests,
    lineage_edges,
    provenance_records,
)

__all__ = [
    "artifact_manifests",
    "batch_executions",
    "correlation_refs",
    "degraded_payloads",
    "degraded_records",
    "deployment_executions",
    "environment_snapshots",
    "extension_field_sets",
    "lineage_edges",
    "metric_payloads",
    "metric_records",
    "models",
    "operation_contexts",
    "projects",
    "provenance_records",
    "record_envelopes",
    "refs",
    "runs",
    "sample_observations",
    "stage_executions",
    "structured_event_payloads",
    "structured_event_records",
    "trace_span_payloads",
    "trace_span_records",
]


def models() -> st.SearchStrategy[ContractModel]:
    """Return objects of every model."""
    return st.one_of(
        projects(),
        runs(),
        deployment_executions(),
        stage_executions(),
        batch_executions(),
        sample_observations(),
        operation_contexts(),
        environment_snapshots(),
        correlation_refs(),
        record_envelopes(),
        structured_event_payloads(),
        structured_event_records(),
        metric_payloads(),
        metric_records(),
        trace_span_payloads(),
        trace_span_records(),
        degraded_payloads(),
        degraded_records(),
        artifact_manifests(),
        lineage_edges(),
        provenance_records(),
        extension_field_sets(),
    )
