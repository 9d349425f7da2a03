"""The scope classes. They are opened by `Contexta.run`, `Contexta.deployment` and each other."""

from contexta.runtime._base import BaseScope
from contexta.runtime._deployment_scope import DeploymentScope
from contexta.runtime._inner import BatchScope, OperationScope, SampleScope, StageScope
from contexta.runtime._run_scope import RunScope

__all__ = [
    "BaseScope",
    "BatchScope",
    "DeploymentScope",
    "OperationScope",
    "RunScope",
    "SampleScope",
    "StageScope",
]
