"""Entities, at the path that scripts written for 1.0 import."""

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.entities import (
    RUN_STAGE_STATUSES,
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    OperationContext,
    Project,
    Run,
    SampleObservation,
    StageExecution,
)

__all__ = [
    "DEFAULT_CONTRACT_SCHEMA_VERSION",
    "RUN_STAGE_STATUSES",
    "BatchExecution",
    "DeploymentExecution",
    "EnvironmentSnapshot",
    "OperationContext",
    "Project",
    "Run",
    "SampleObservation",
    "StageExecution",
]
