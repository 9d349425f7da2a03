"""How each model of the contract is stored: its table, its columns, its parents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract import (
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    LineageEdge,
    Project,
    ProvenanceRecord,
    Run,
    SampleObservation,
    StageExecution,
)
from contexta.contract.time import to_epoch_us
from contexta.store.metadata import _tables
from contexta.store.metadata._rows import Entity, Parent

if TYPE_CHECKING:
    from collections.abc import Callable


def _plain(field: str) -> Callable[[Any], Any]:
    return lambda model: getattr(model, field)


def _ref(field: str) -> Callable[[Any], str | None]:
    def read(model: Any) -> str | None:
        ref = getattr(model, field)
        return None if ref is None else ref.text

    return read


def _instant(field: str) -> Callable[[Any], int | None]:
    def read(model: Any) -> int | None:
        value = getattr(model, field)
        return None if value is None else to_epoch_us(value)

    return read


PROJECT = Entity(
    kind="project",
    table=_tables.projects,
    model=Project,
    ref_field="project_ref",
    columns={"name": _plain("name"), "created_us": _instant("created_at")},
)

RUN = Entity(
    kind="run",
    table=_tables.runs,
    model=Run,
    ref_field="run_ref",
    columns={
        "project_ref": _ref("project_ref"),
        "name": _plain("name"),
        "started_us": _instant("started_at"),
        "ended_us": _instant("ended_at"),
        "status": _plain("status"),
    },
    parents=(
        Parent("metadata_missing_run_project", "project_ref", _tables.projects, "project_ref"),
    ),
    child_detail="run_ref",
    has_status=True,
)

DEPLOYMENT = Entity(
    kind="deployment_execution",
    table=_tables.deployments,
    model=DeploymentExecution,
    ref_field="deployment_execution_ref",
    columns={
        "project_ref": _ref("project_ref"),
        "deployment_name": _plain("deployment_name"),
        "run_ref": _ref("run_ref"),
        "order_index": _plain("order_index"),
        "started_us": _instant("started_at"),
        "status": _plain("status"),
    },
    parents=(
        Parent(
            "metadata_missing_deployment_project", "project_ref", _tables.projects, "project_ref"
        ),
    ),
    child_detail="deployment_ref",
    has_status=True,
)

STAGE = Entity(
    kind="stage_execution",
    table=_tables.stages,
    model=StageExecution,
    ref_field="stage_execution_ref",
    columns={
        "run_ref": _ref("run_ref"),
        "stage_name": _plain("stage_name"),
        "order_index": _plain("order_index"),
        "started_us": _instant("started_at"),
        "status": _plain("status"),
    },
    parents=(Parent("metadata_missing_stage_run", "run_ref", _tables.runs, "run_ref"),),
    child_detail="stage_ref",
    has_status=True,
)

BATCH = Entity(
    kind="batch_execution",
    table=_tables.batches,
    model=BatchExecution,
    ref_field="batch_execution_ref",
    columns={
        "run_ref": _ref("run_ref"),
        "stage_ref": _ref("stage_execution_ref"),
        "batch_name": _plain("batch_name"),
        "order_index": _plain("order_index"),
        "started_us": _instant("started_at"),
        "status": _plain("status"),
    },
    parents=(
        Parent("metadata_missing_batch_run", "run_ref", _tables.runs, "run_ref"),
        Parent("metadata_missing_batch_stage", "stage_execution_ref", _tables.stages, "stage_ref"),
    ),
    child_detail="batch_ref",
    has_status=True,
)

SAMPLE = Entity(
    kind="sample_observation",
    table=_tables.samples,
    model=SampleObservation,
    ref_field="sample_observation_ref",
    columns={
        "run_ref": _ref("run_ref"),
        "stage_ref": _ref("stage_execution_ref"),
        "batch_ref": _ref("batch_execution_ref"),
        "sample_name": _plain("sample_name"),
        "observed_us": _instant("observed_at"),
        "retention_class": _plain("retention_class"),
        "redaction_profile": _plain("redaction_profile"),
    },
    parents=(
        Parent("metadata_missing_sample_run", "run_ref", _tables.runs, "run_ref"),
        Parent("metadata_missing_sample_stage", "stage_execution_ref", _tables.stages, "stage_ref"),
        Parent(
            "metadata_missing_sample_batch", "batch_execution_ref", _tables.batches, "batch_ref"
        ),
    ),
    child_detail="sample_ref",
)

ENVIRONMENT = Entity(
    kind="environment_snapshot",
    table=_tables.environments,
    model=EnvironmentSnapshot,
    ref_field="environment_snapshot_ref",
    columns={"run_ref": _ref("run_ref"), "captured_us": _instant("captured_at")},
    parents=(Parent("metadata_missing_environment_run", "run_ref", _tables.runs, "run_ref"),),
    child_detail="environment_ref",
)

RELATION = Entity(
    kind="relation",
    table=_tables.relations,
    model=LineageEdge,
    ref_field="relation_ref",
    columns={
        "source_ref": _ref("source_ref"),
        "target_ref": _ref("target_ref"),
        "relation_type": _plain("relation_type"),
        "recorded_us": _instant("recorded_at"),
    },
)

PROVENANCE = Entity(
    kind="provenance",
    table=_tables.provenance,
    model=ProvenanceRecord,
    ref_field="provenance_ref",
    columns={
        "relation_ref": _ref("relation_ref"),
        "asserted_us": _instant("asserted_at"),
        "assertion_mode": _plain("assertion_mode"),
    },
    parents=(
        Parent(
            "metadata_missing_provenance_relation",
            "relation_ref",
            _tables.relations,
            "relation_ref",
        ),
    ),
    child_detail="provenance_ref",
)

ENTITIES: tuple[Entity[Any], ...] = (
    PROJECT,
    RUN,
    DEPLOYMENT,
    STAGE,
    BATCH,
    SAMPLE,
    ENVIRONMENT,
    RELATION,
    PROVENANCE,
)
