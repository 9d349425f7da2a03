"""Stored models made into the records that services see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.contract.time import from_epoch_us
from contexta.interpretation._base import FrozenDict
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)

if TYPE_CHECKING:
    from contexta.contract import (
        ArtifactManifest,
        BatchExecution,
        DeploymentExecution,
        EnvironmentSnapshot,
        LineageEdge,
        ProvenanceRecord,
        SampleObservation,
        StageExecution,
    )
    from contexta.contract.refs import StableRef
    from contexta.interpretation.repositories._ports import RunRow


def _text(ref: StableRef | str | None) -> str | None:
    return None if ref is None else str(ref)


def _metadata(model: Any) -> dict[str, Any]:
    """The model's metadata, with the display name where it differs from the ref's."""
    values = dict(model.metadata or {})
    display = getattr(model, "display_name", None)
    if display is not None:
        values.setdefault("display_name", display)
    return values


def run_record(row: RunRow, project_name: str) -> RunRecord:
    """Project a run; ``project_name`` is the name of its project."""
    return RunRecord(
        run_id=row.ref,
        project_name=project_name,
        name=row.name,
        status=row.status,
        started_at=from_epoch_us(row.started_us),
        ended_at=None if row.ended_us is None else from_epoch_us(row.ended_us),
        tags=row.tags,
        metadata=_frozen(row.metadata) if row.metadata else row.metadata,
        params=row.params,
        code_revision=row.code_revision,
        dataset_ref=row.dataset_ref,
        description=row.description,
    )


def _frozen(value: Any) -> Any:
    """Return JSON data that nobody can change."""
    if isinstance(value, dict):
        return FrozenDict({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def stage_record(stage: StageExecution) -> StageRecord:
    """Project a stage."""
    return StageRecord(
        stage_id=stage.stage_execution_ref.text,
        run_id=stage.run_ref.text,
        name=stage.stage_name,
        status=stage.status,
        order=stage.order_index or 0,
        started_at=stage.started_at,
        ended_at=stage.ended_at,
        metadata=_metadata(stage),
    )


def batch_record(batch: BatchExecution) -> BatchRecord:
    """Project a batch."""
    return BatchRecord(
        batch_id=batch.batch_execution_ref.text,
        run_id=batch.run_ref.text,
        stage_id=batch.stage_execution_ref.text,
        name=batch.batch_name,
        status=batch.status,
        order=batch.order_index or 0,
        started_at=batch.started_at,
        ended_at=batch.ended_at,
        metadata=_metadata(batch),
    )


def sample_record(sample: SampleObservation) -> SampleRecord:
    """Project a sample."""
    return SampleRecord(
        sample_id=sample.sample_observation_ref.text,
        run_id=sample.run_ref.text,
        stage_id=sample.stage_execution_ref.text,
        batch_id=_text(sample.batch_execution_ref),
        name=sample.sample_name,
        observed_at=sample.observed_at,
        retention_class=sample.retention_class,
        redaction_profile=sample.redaction_profile,
        metadata=_metadata(sample),
    )


def deployment_record(item: DeploymentExecution, project_name: str) -> DeploymentRecord:
    """Project a deployment; ``project_name`` is the name of its project."""
    return DeploymentRecord(
        deployment_id=item.deployment_execution_ref.text,
        project_name=project_name,
        name=item.deployment_name,
        status=item.status,
        run_id=_text(item.run_ref),
        artifact_ref=_text(item.artifact_ref),
        started_at=item.started_at,
        ended_at=item.ended_at,
        order=item.order_index or 0,
        metadata=_metadata(item),
    )


def environment_record(snapshot: EnvironmentSnapshot) -> EnvironmentRecord:
    """Project an environment snapshot."""
    return EnvironmentRecord(
        environment_ref=snapshot.environment_snapshot_ref.text,
        run_id=snapshot.run_ref.text,
        captured_at=snapshot.captured_at,
        python_version=snapshot.python_version,
        platform=snapshot.platform,
        packages=snapshot.packages,
        environment_variables=snapshot.environment_variables,
    )


def relation_record(edge: LineageEdge) -> RelationRecord:
    """Project a stored relation."""
    return RelationRecord(
        relation_ref=edge.relation_ref.text,
        relation_type=edge.relation_type,
        source_ref=str(edge.source_ref),
        target_ref=str(edge.target_ref),
        recorded_at=edge.recorded_at,
        origin_marker=edge.origin_marker,
        confidence_marker=edge.confidence_marker,
    )


def provenance_view(record: ProvenanceRecord, run_id: str) -> ProvenanceView:
    """Project an assertion, seen from a run."""
    return ProvenanceView(
        run_id=run_id,
        provenance_ref=record.provenance_ref.text,
        relation_ref=record.relation_ref.text,
        assertion_mode=record.assertion_mode,
        asserted_at=record.asserted_at,
        formation_context_ref=_text(record.formation_context_ref),
        policy_ref=record.policy_ref,
        evidence_bundle_ref=_text(record.evidence_bundle_ref),
    )


def artifact_record(
    manifest: ArtifactManifest | Mapping[str, Any],
    *,
    created_at: str | None,
    hash_value: str | None,
    size_bytes: int | None,
) -> ArtifactRecord:
    """Project a binding: the manifest, with hash, size and time of the stored body."""
    values = manifest if isinstance(manifest, Mapping) else manifest.to_dict()
    return ArtifactRecord(
        artifact_ref=str(values["artifact_ref"]),
        run_id=str(values["run_ref"]),
        stage_id=_text(values.get("stage_execution_ref")),
        kind=values["artifact_kind"],
        created_at=created_at,
        location=values.get("location_ref"),
        hash_value=hash_value,
        size_bytes=size_bytes,
        attributes=values.get("attributes") or {},
    )
