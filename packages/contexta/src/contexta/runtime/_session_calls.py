"""What a session offers beside opening runs: inner scopes by name, closing, emitting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import LifecycleError
from contexta.runtime._emits import EmitDelegates

if TYPE_CHECKING:
    from contexta.runtime._base import BaseScope
    from contexta.runtime._context import ContextState
    from contexta.runtime._deployment_scope import DeploymentScope
    from contexta.runtime._inner import (
        BatchScope,
        InnerScope,
        OperationScope,
        SampleScope,
        StageScope,
    )
    from contexta.runtime._run_scope import RunScope


class SessionCalls(EmitDelegates):
    """Calls that end at a scope. The emit methods go to the innermost active one."""

    state: ContextState

    def __reduce__(self) -> Any:
        raise LifecycleError(
            "a session cannot be pickled or copied; open the workspace in the other process",
            code="runtime_session_not_picklable",
        )

    def start_stage(self, run: RunScope, name: str, **options: Any) -> StageScope:
        """Open a stage of `run`; same as `run.stage(name, ...)`."""
        return run.stage(name, **options)

    def start_batch(self, stage: StageScope, name: str, **options: Any) -> BatchScope:
        """Open a batch of `stage`; same as `stage.batch(name, ...)`."""
        return stage.batch(name, **options)

    def start_sample(self, owner: InnerScope, name: str, **options: Any) -> SampleScope:
        """Open a sample of a stage or batch; same as `owner.sample(name, ...)`."""
        return owner.sample(name, **options)

    def start_operation(self, owner: InnerScope, name: str, **options: Any) -> OperationScope:
        """Open an operation of a stage or batch; same as `owner.operation(name, ...)`."""
        return owner.operation(name, **options)

    def close_run(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close a run; same as `scope.close(status=...)`, as are the other five."""
        scope.close(status=status)

    def close_deployment(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close a deployment."""
        scope.close(status=status)

    def close_stage(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close a stage."""
        scope.close(status=status)

    def close_batch(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close a batch."""
        scope.close(status=status)

    def close_sample(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close a sample."""
        scope.close(status=status)

    def close_operation(self, scope: BaseScope, *, status: str = "completed") -> None:
        """Close an operation."""
        scope.close(status=status)

    def current(self) -> BaseScope:
        """Return the innermost active scope, which facade emits go to.

        Raises:
            LifecycleError: `runtime_capture_requires_run`.
        """
        scope = self.state.innermost()
        if scope is None:
            raise LifecycleError(
                "no run is active in this thread or task; open one with ctx.run(...), or bring "
                "one here with scope.attach() or contexta.capture.propagate",
                code="runtime_capture_requires_run",
            )
        found: BaseScope = scope
        return found

    def _scope(self) -> BaseScope:
        return self.current()

    def current_run(self) -> RunScope:
        """Return the active run."""
        scope: RunScope = self.state.require("run")
        return scope

    def current_stage(self) -> StageScope:
        """Return the active stage."""
        scope: StageScope = self.state.require("stage")
        return scope

    def current_deployment(self) -> DeploymentScope:
        """Return the active deployment."""
        scope: DeploymentScope = self.state.require("deployment")
        return scope

    def current_batch(self) -> BatchScope:
        """Return the active batch."""
        scope: BatchScope = self.state.require("batch")
        return scope

    def current_sample(self) -> SampleScope:
        """Return the active sample."""
        scope: SampleScope = self.state.require("sample")
        return scope

    def current_operation(self) -> OperationScope:
        """Return the active operation."""
        scope: OperationScope = self.state.require("operation")
        return scope
