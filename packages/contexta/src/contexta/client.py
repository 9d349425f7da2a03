"""The facade: open a workspace, capture into it, ask it questions. Delegation only."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from contexta import _wiring
from contexta._client_judgements import JudgementDelegates
from contexta._client_outbox import OutboxDelegates
from contexta._client_recovery import RecoveryDelegates
from contexta._client_reports import ReportDelegates
from contexta._exit import close_runs_at_exit
from contexta._workspace import Workspace
from contexta.capture._status import exit_status
from contexta.config import UnifiedConfig, resolve_facade_config
from contexta.contract.errors import ContextaError, LifecycleError
from contexta.runtime._emits import EmitDelegates

if TYPE_CHECKING:
    from contexta.capture.sinks import Sink
    from contexta.contract.refs import StableRef
    from contexta.runtime.scopes import (
        BaseScope,
        BatchScope,
        DeploymentScope,
        OperationScope,
        RunScope,
        SampleScope,
        StageScope,
    )
    from contexta.runtime.session import RuntimeSession

__all__ = ["Contexta"]

_log = logging.getLogger("contexta")


class Contexta(
    EmitDelegates, ReportDelegates, JudgementDelegates, OutboxDelegates, RecoveryDelegates
):
    """One workspace: runs are captured into it and read from it.

    Opening touches no disk. The first write creates the workspace, and takes
    over runs whose process died. Use it as a context manager, or call
    `close`; what is left open is closed when the interpreter exits.

    Args:
        workspace: folder; default is what the configuration says, `.contexta`.
        profile: `local` or `test`.
        config: a finished `UnifiedConfig`, or a nested mapping of settings.
        sinks: further destinations, beside the workspace.
        read_only: create and change nothing.
        persist: False captures to the sinks only, nothing into the workspace.

    Raises:
        ConfigurationError: settings that are wrong or contradict each other.
    """

    __slots__ = (
        "__weakref__", "_artifact_store", "_metadata_store", "_planes", "_query_service",
        "_record_store", "_repository", "_services", "_sessions", "config", "profile", "workspace",
    )  # fmt: skip

    def __init__(
        self,
        *,
        workspace: str | Path | None = None,
        profile: str | None = None,
        config: UnifiedConfig | Mapping[str, Any] | None = None,
        sinks: Iterable[Sink] | None = None,
        read_only: bool = False,
        persist: bool = True,
    ) -> None:
        self.config = resolve_facade_config(workspace=workspace, profile=profile, config=config)
        self.workspace = str(self.config.workspace.root_path)
        self.profile = self.config.profile_name
        self._planes = Workspace(
            self.config, read_only=read_only or _wiring.is_read_only(self.config)
        )
        self._sessions: dict[str, RuntimeSession] = {}
        if sinks or not (self._planes.read_only and persist):
            self._sessions["own"] = _wiring.build_session(
                self.config, sinks or (), self._planes if persist else None
            )
        self._metadata_store: Any = None
        self._record_store: Any = None
        self._artifact_store: Any = None
        self._repository: Any = None
        self._query_service: Any = None
        self._services: dict[str, Any] = {}

    @classmethod
    def open(
        cls,
        *,
        workspace: str | Path | None = None,
        profile: str | None = None,
        config: UnifiedConfig | Mapping[str, Any] | None = None,
        sinks: Iterable[Sink] | None = None,
        read_only: bool = False,
        persist: bool = True,
    ) -> Self:
        """Same as the constructor."""
        return cls(
            workspace=workspace,
            profile=profile,
            config=config,
            sinks=sinks,
            read_only=read_only,
            persist=persist,
        )

    @property
    def _session(self) -> RuntimeSession:
        """The session; who opens read-only does not load what captures before asking for it."""
        session = self._sessions.get("own")
        if session is None:
            built = _wiring.build_session(self.config, (), self._planes)
            # One step of the interpreter: of two threads that built one, both get the first.
            session = self._sessions.setdefault("own", built)
        return session

    # -- lifetime ----------------------------------------------------------

    def flush(self, *, seal: bool = False) -> None:
        """Bring everything captured so far to disk.

        Args:
            seal: also turn it into Parquet now, for readers without Contexta.

        Raises:
            StoreError: it could not be synced.
        """
        self._session.ledger.settle()
        self._session.recorder.report_losses()
        store = self.record_store
        store.flush()
        if seal:
            store.seal()

    def close(self, *, status: str = "completed") -> None:
        """Close open runs with `status`, flush, and close the stores; idempotent.

        Everything is closed, whatever fails on the way.

        Raises:
            StoreError: a store could not be closed cleanly; the first failure.
            DispatchError: mode `raise`: a run could not be closed cleanly.
        """
        try:
            for session in self._sessions.values():
                session.close_all(status)
        finally:
            self._planes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close(status=exit_status(exc))
        except ContextaError as error:
            # The work of the block is done: a failing disk is said, not thrown, unless asked for.
            if exc is None and self._session.dispatcher.raises:
                raise
            _log.error("%s was not closed cleanly: %s", self.workspace, error)

    def __reduce__(self) -> Any:
        raise LifecycleError(
            f"a Contexta cannot be pickled or copied; open {self.workspace} in the other process",
            code="facade_not_picklable",
            details={"workspace": self.workspace},
        )

    # -- capture -----------------------------------------------------------

    def run(
        self,
        name: str,
        *,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_revision: str | None = None,
        config_snapshot: Mapping[str, Any] | None = None,
        dataset_ref: StableRef | str | None = None,
        params: Mapping[str, Any] | None = None,
        resume: bool = False,
        project: str | None = None,
    ) -> RunScope:
        """Open a run. Its row is on disk, visible to every process, when this returns.

        The first run called `train` is `run:P.train`, the next `run:P.train-2`.

        Args:
            name: display name; names repeat.
            run_id: chosen last component of the ref.
            tags: text to text; scalars become text.
            metadata: anything else, as JSON data.
            code_revision: default is the git commit of the running code.
            config_snapshot: default is the resolved configuration.
            dataset_ref: the data it runs on.
            params: hyper-parameters; more with `RunScope.log_params`.
            resume: continue the run of this id if there is one. One that is open in a
                living process is joined, and stays that process's to close.
            project: default is the configured project.

        Raises:
            ConflictError: `run_id` is taken, and `resume` is False.
            LifecycleError: a run or deployment is active in this thread or task.
            StoreError: the workspace cannot be written.
            ValidationError: an argument that has no stored form.
        """
        self._planes.require_writable()
        scope = self._session.start_run(
            name,
            run_id=run_id,
            tags=tags,
            metadata=metadata,
            code_revision=code_revision,
            config_snapshot=config_snapshot,
            dataset_ref=dataset_ref,
            params=params,
            resume=resume,
            project=project,
        )
        close_runs_at_exit()
        return scope

    def deployment(
        self,
        name: str,
        *,
        deployment_ref: StableRef | str | None = None,
        run_ref: StableRef | str | None = None,
        artifact_ref: StableRef | str | None = None,
        environment_snapshot_ref: StableRef | str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> DeploymentScope:
        """Open a deployment. Without `run_ref` it captures into a run of its own.

        Raises:
            LifecycleError: a run or deployment is active in this thread or task.
        """
        self._planes.require_writable()
        scope = self._session.start_deployment(
            name,
            deployment_ref=deployment_ref,
            run_ref=run_ref,
            artifact_ref=artifact_ref,
            environment_snapshot_ref=environment_snapshot_ref,
            metadata=metadata,
        )
        close_runs_at_exit()
        return scope

    def _scope(self) -> BaseScope:
        return self._session.current()

    def current_run(self) -> RunScope:
        """Return the active run; raises LifecycleError when there is none."""
        return self._session.current_run()

    def current_stage(self) -> StageScope:
        """Return the active stage; raises LifecycleError when there is none."""
        return self._session.current_stage()

    def current_deployment(self) -> DeploymentScope:
        """Return the active deployment; raises LifecycleError when there is none."""
        return self._session.current_deployment()

    def current_batch(self) -> BatchScope:
        """Return the active batch; raises LifecycleError when there is none."""
        return self._session.current_batch()

    def current_sample(self) -> SampleScope:
        """Return the active sample; raises LifecycleError when there is none."""
        return self._session.current_sample()

    def current_operation(self) -> OperationScope:
        """Return the active operation; raises LifecycleError when there is none."""
        return self._session.current_operation()

    @property
    def project_name(self) -> str:
        """Project that runs belong to by default."""
        return str(self.config.project_name)

    @property
    def session(self) -> RuntimeSession:
        """The session that opens scopes."""
        return self._session

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Destinations beside the workspace."""
        return self._session.dispatcher.sinks
