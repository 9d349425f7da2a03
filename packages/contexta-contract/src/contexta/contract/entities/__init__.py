"""What records are about: projects, runs, their parts, and the environment they ran in.

All are immutable values with a ref of their own. A ref is built from the refs around it, so an
object's place can be read off its name; the models check that it is.
"""

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.entities._environment import EnvironmentSnapshot
from contexta.contract.entities._executions import (
    BatchExecution,
    DeploymentExecution,
    StageExecution,
)
from contexta.contract.entities._observations import OperationContext, SampleObservation
from contexta.contract.entities._project import Project
from contexta.contract.entities._run import Run
from contexta.contract.entities._statuses import RUN_STAGE_STATUSES

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
