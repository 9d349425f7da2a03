"""Deployments, stages and batches: named parts of the work, each with a state."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._containment import check_derived, check_inside
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import (
    ArtifactRef,
    BatchRef,
    DeploymentRef,
    EnvironmentRef,
    ProjectRef,
    RunRef,
    StageRef,
)
from contexta.contract._fields._text import Kebab, Text
from contexta.contract._fields._values import JsonMap, OrderIndex, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.entities._statuses import Status, check_lifecycle

_PREFIX = "context_ref_prefix_mismatch"
_ADDED = frozenset({"display_name", "metadata"})


class DeploymentExecution(ContractModel):
    """A model put to work somewhere, and for how long."""

    target_model: ClassVar[str] = "deployment_execution"
    additive_fields: ClassVar[frozenset[str]] = _ADDED

    deployment_execution_ref: DeploymentRef
    """``deployment:P.D``, where D is the deployment's name."""
    project_ref: ProjectRef
    """The project it belongs to."""
    deployment_name: Kebab
    """The last component of the ref."""
    status: Status
    """``open`` until it ends; then how it ended."""
    started_at: Timestamp
    """When it started, UTC."""
    ended_at: Timestamp | None = None
    """When it ended, UTC; required unless ``open``."""
    order_index: OrderIndex | None = None
    """Position among its siblings, from 0."""
    run_ref: RunRef | None = None
    """The run whose result is deployed."""
    artifact_ref: ArtifactRef | None = None
    """The artifact that is deployed; it need not come from ``run_ref``."""
    environment_snapshot_ref: EnvironmentRef | None = None
    """The environment it runs in."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    display_name: Text | None = None
    """The name as people wrote it."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_lifecycle(values, found)
        check_derived(values, "deployment_execution_ref", "project_ref", "deployment_name", found)
        check_inside(values, "run_ref", "project_ref", _PREFIX, found)
        check_inside(values, "artifact_ref", "project_ref", _PREFIX, found)
        check_inside(values, "environment_snapshot_ref", "run_ref", _PREFIX, found)


class StageExecution(ContractModel):
    """A named stage of a run, such as ``train`` or ``evaluate``."""

    target_model: ClassVar[str] = "stage_execution"
    additive_fields: ClassVar[frozenset[str]] = _ADDED

    stage_execution_ref: StageRef
    """``stage:P.R.S``, where S is the stage's name."""
    run_ref: RunRef
    """The run it belongs to."""
    stage_name: Kebab
    """The last component of the ref."""
    status: Status
    """``open`` until it ends; then how it ended."""
    started_at: Timestamp
    """When it started, UTC."""
    ended_at: Timestamp | None = None
    """When it ended, UTC; required unless ``open``."""
    order_index: OrderIndex | None = None
    """Position among the stages of the run, from 0."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    display_name: Text | None = None
    """The name as people wrote it."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_lifecycle(values, found)
        check_derived(values, "stage_execution_ref", "run_ref", "stage_name", found)


class BatchExecution(ContractModel):
    """A named batch of a stage, such as an epoch or a shard."""

    target_model: ClassVar[str] = "batch_execution"
    additive_fields: ClassVar[frozenset[str]] = _ADDED

    batch_execution_ref: BatchRef
    """``batch:P.R.S.B``, where B is the batch's name."""
    run_ref: RunRef
    """The run it belongs to."""
    stage_execution_ref: StageRef
    """The stage it belongs to."""
    batch_name: Kebab
    """The last component of the ref."""
    status: Status
    """``open`` until it ends; then how it ended."""
    started_at: Timestamp
    """When it started, UTC."""
    ended_at: Timestamp | None = None
    """When it ended, UTC; required unless ``open``."""
    order_index: OrderIndex | None = None
    """Position among the batches of the stage, from 0."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
    display_name: Text | None = None
    """The name as people wrote it."""
    metadata: JsonMap = EMPTY
    """Anything else, as JSON data."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_lifecycle(values, found)
        check_inside(values, "stage_execution_ref", "run_ref", _PREFIX, found)
        check_derived(values, "batch_execution_ref", "stage_execution_ref", "batch_name", found)
