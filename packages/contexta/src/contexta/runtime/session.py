"""The session: opens scopes, knows which are active, and puts them away."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from contexta._redaction import Redactor
from contexta.capture._config_snapshot import ConfigSnapshot
from contexta.capture._ids import random_hex
from contexta.capture._recorder import Recorder
from contexta.capture.dispatch import CaptureDispatcher
from contexta.contract.errors import ContextaError, LifecycleError
from contexta.contract.models.context import Project, Run
from contexta.contract.refs import StableRef, slugify
from contexta.contract.time import iso_utc_now
from contexta.runtime._background import BackgroundWork
from contexta.runtime._base import OPEN_ROOTS, BaseScope, after_fork_in_child, members_of
from contexta.runtime._context import ActiveContext, ContextState
from contexta.runtime._deployment_scope import DeploymentScope
from contexta.runtime._fork import gate
from contexta.runtime._ledger import Ledger
from contexta.runtime._naming import NameTable, check_explicit_ref, scope_name
from contexta.runtime._run_scope import RunScope
from contexta.runtime._session_calls import SessionCalls
from contexta.runtime._sink_events import tell
from contexta.runtime._values import clean_params, clean_tags, json_mapping, ref_text
from contexta.store.records import SeriesContext

if TYPE_CHECKING:
    from contexta.capture._ports import Planes
    from contexta.capture.sinks import Sink
    from contexta.config import UnifiedConfig
    from contexta.contract.models.context import EnvironmentSnapshot

__all__ = ["ActiveContext", "ContextState", "RuntimeSession"]


class RuntimeSession(BackgroundWork, SessionCalls):
    """Everything that capture needs for one workspace in one process.

    Args:
        config: the resolved configuration.
        dispatcher: delivery to sinks; built over `sinks` when None.
        sinks: destinations beside the workspace. None means none, or a
            `LocalJsonlSink` in the cache folder when there are no planes either.
        planes: the truth planes; None switches local persistence off.
    """

    def __init__(
        self,
        *,
        config: UnifiedConfig,
        dispatcher: CaptureDispatcher | None = None,
        sinks: Iterable[Sink] | None = None,
        planes: Planes | None = None,
    ) -> None:
        self.config = config
        self.planes = planes
        self.redactor = Redactor(
            config.security.secret_key_patterns, config.security.redaction_mode
        )
        if dispatcher is None and sinks is None and planes is None:
            dispatcher = CaptureDispatcher.with_default_local_sink(config=config)
        self.dispatcher = dispatcher or CaptureDispatcher(
            config, sinks or (), redactor=self.redactor
        )
        self.live: weakref.WeakSet[BaseScope] = weakref.WeakSet()
        self.recorder = Recorder(
            planes=planes,
            dispatcher=self.dispatcher,
            redactor=self.redactor,
            durable=str(getattr(config.capture, "durability_mode", "flush")) == "fsync",
            on_trouble=self._leave_fast_paths,
        )
        self.ledger = Ledger(planes, raises=self.dispatcher.raises, log=self.recorder.log)
        self.state = ContextState()
        self.session_id = f"session-{random_hex(6)}"
        self.project_name = config.project_name
        self.project_anchor = self.project(config.project_name)
        self._names = NameTable()
        self._names_lock = threading.Lock()
        self.environment: tuple[tuple[Any, ...], EnvironmentSnapshot] | None = None
        self._work: dict[int, list[threading.Thread]] = {}
        _SESSIONS.add(self)

    @property
    def project_ref(self) -> StableRef:
        """Ref of the project that runs belong to by default."""
        ref: StableRef = self.project_anchor.project_ref
        return ref

    def project(self, name: str) -> Project:
        """Return the project called `name`, with the ref that its name gives."""
        return Project(
            project_ref=f"project:{slugify(scope_name('project_name', name))}",
            name=name.strip(),
            created_at=iso_utc_now(),
        )

    # -- opening -----------------------------------------------------------

    def start_run(
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
        """Open a run; see `Contexta.run`."""
        self._refuse_nested("run", "run", "deployment")
        redact = self.redactor.text
        display = redact(scope_name("run_name", name))
        anchor = self.project_anchor if project is None else self.project(project)
        component = slugify(display if run_id is None else redact(scope_name("run_id", run_id)))
        snapshot = self._config_snapshot(config_snapshot)
        wished = Run(
            run_ref=f"run:{anchor.project_ref.value}.{component}",
            project_ref=anchor.project_ref,
            name=display,
            status="open",
            started_at=iso_utc_now(),
            tags=clean_tags(self.redactor, tags),
            params=clean_params(self.redactor, params),
            code_revision=redact(code_revision)
            if isinstance(code_revision, str)
            else code_revision,
            dataset_ref=None if dataset_ref is None else redact(str(dataset_ref)),
            metadata=self.clean_metadata(metadata),
            schema_version=self.config.contract.schema_version,
        )
        found = self.ledger.resume_run(str(wished.run_ref)) if resume else None
        run, joined = found or (
            self.ledger.create_run(wished, anchor, exact=run_id is not None and not resume),
            False,
        )
        scope = self._build_run(run, snapshot, joined=joined)
        scope._begin()
        tell(self, "run_opened", run)
        if found is not None:
            self._continue(scope, wished)
        if not joined:
            # A run that is continued may run on something else than it began on.
            scope._take_snapshots(scope.started_at if found is None else str(wished.started_at))
        return scope

    def _build_run(self, run: Run, snapshot: ConfigSnapshot, *, joined: bool = False) -> RunScope:
        ref = str(run.run_ref)
        return RunScope(
            self,
            None,
            ref=ref,
            component=ref.rpartition(".")[2],
            display_name=run.name,
            context=self._context(ref, str(run.project_ref).partition(":")[2]),
            metadata=run.metadata,
            run=run,
            config_snapshot=snapshot,
            joined=joined,
        )

    def _continue(self, scope: RunScope, wished: Run) -> None:
        """Take over what the run had: names and orders of stages, new params and tags."""
        for stage in self.ledger.stages_of(scope.ref):
            scope._names.know("stage", stage.stage_name, stage.display_name or stage.stage_name)
            scope.first_started[str(stage.stage_execution_ref)] = str(stage.started_at)
            scope._next_order("stage")
        if wished.params:
            scope.log_params(wished.params)
        if wished.tags:
            scope.set_tags(wished.tags)

    def open_implicit_run(self, deployment: DeploymentScope) -> RunScope:
        """Open the run that a deployment without one captures into."""
        project = self.project_anchor
        run = Run(
            run_ref=f"run:{project.project_ref.value}.{deployment._component}",
            project_ref=project.project_ref,
            name=deployment.display_name,
            status="open",
            started_at=deployment.started_at,
            metadata={"implicit_for": deployment.ref},
            schema_version=self.config.contract.schema_version,
        )
        try:
            stored = self.ledger.create_run(run, project, exact=False)
        except (ContextaError, OSError) as error:
            stored = self.ledger.create_run_later(run, project, error)
        scope = self._build_run(stored, ConfigSnapshot({}))
        self.live.add(scope)
        OPEN_ROOTS.add(scope)
        return scope

    def start_deployment(
        self,
        name: str,
        *,
        deployment_ref: StableRef | str | None = None,
        run_ref: StableRef | str | None = None,
        artifact_ref: StableRef | str | None = None,
        environment_snapshot_ref: StableRef | str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> DeploymentScope:
        """Open a deployment; see `Contexta.deployment`."""
        self._refuse_nested("deployment", "run", "deployment")
        display = self.redactor.text(scope_name("deployment_name", name))
        project = self.project_ref.value
        component = self._deployment_component(display, again=deployment_ref is not None)
        ref = f"deployment:{project}.{component}"
        try:
            check_explicit_ref("deployment_ref", deployment_ref, "deployment", ref)
            run_text = ref_text("run_ref", run_ref, "run")
            scope = DeploymentScope(
                self,
                None,
                ref=ref,
                component=component,
                display_name=display,
                context=self._context(run_text or "", project)._replace(
                    deployment_execution_ref=ref
                ),
                metadata=self.clean_metadata(metadata),
                project_ref=str(self.project_ref),
                run_ref=run_text,
                artifact_ref=ref_text("artifact_ref", artifact_ref, "artifact"),
                environment_snapshot_ref=ref_text(
                    "environment_snapshot_ref", environment_snapshot_ref, "environment"
                ),
            )
            row = scope._row()
        except ContextaError:
            self._names.release("deployment", component)
            raise
        if self.planes is not None:
            self.ledger.put("project", self._stored_project())
        self.ledger.put("deployment", row)
        scope._begin()
        return scope

    def _deployment_component(self, display: str, *, again: bool) -> str:
        """Return a component of its own for a deployment; `again` names an earlier one."""
        if again:
            return slugify(display)
        while True:
            with self._names_lock:
                component = self._names.take("deployment", display)
            if self.planes is None:
                return component
            ref = f"deployment:{self.project_ref.value}.{component}"
            with gate:
                rows = self.planes.metadata().deployments
                if not rows.exists_deployment_execution(ref):
                    return component

    def _stored_project(self) -> Project:
        assert self.planes is not None  # noqa: S101 - the caller asked
        with gate:
            found = self.planes.metadata().projects.find_project(self.project_ref)
        return self.project_anchor if found is None else found

    def _context(self, run_ref: str, project: str) -> SeriesContext:
        return SeriesContext(
            run_ref=run_ref,
            project=project,
            producer_ref=self.config.capture.producer_ref,
            schema_version=self.config.contract.schema_version,
            trace_id=f"trace-{random_hex(8)}",
            session_id=self.session_id,
        )

    def _refuse_nested(self, kind: str, *blocking: str) -> None:
        active = self.state.active()
        for other in blocking:
            scope = getattr(active, other)
            if scope is not None:
                raise LifecycleError(
                    f"nested {kind}: {other} {scope.ref} is active here; close it first, "
                    f"or open the {kind} in another thread or task",
                    code=f"runtime_nested_{kind}",
                    details={f"active_{other}_ref": scope.ref},
                )

    def _config_snapshot(self, given: Mapping[str, Any] | None) -> ConfigSnapshot:
        if given is not None:
            return ConfigSnapshot(self.clean_metadata(given, "config_snapshot"))
        return self._resolved_config

    @cached_property
    def _resolved_config(self) -> ConfigSnapshot:
        """The configuration of this session, which never changes."""
        if not self.config.capture.capture_config_snapshot:
            return ConfigSnapshot({})
        from contexta.config import config_to_mapping

        return ConfigSnapshot(self.clean_metadata(config_to_mapping(self.config)))

    def clean_metadata(
        self, metadata: Mapping[str, Any] | None, field_name: str = "metadata"
    ) -> dict[str, Any]:
        """Return metadata as redacted JSON data; what has no JSON form becomes text."""
        if metadata is None:
            return {}
        if not isinstance(metadata, Mapping):
            raise LifecycleError(
                f"{field_name} must be a mapping, got {type(metadata).__name__}",
                code="runtime_invalid_mapping",
                details={"field_name": field_name, "type": type(metadata).__name__},
            )
        return self.redactor.mapping(json_mapping(metadata))

    # -- putting away ------------------------------------------------------

    def open_roots(self) -> list[BaseScope]:
        """Return runs and deployments that this process opened and nobody closed."""
        return [s for s in list(OPEN_ROOTS) if s._session is self and s._pid == os.getpid()]

    def close_all(self, status: str) -> None:
        """Close every open run and deployment of this process."""
        failures: list[ContextaError] = []
        for scope in sorted(self.open_roots(), key=lambda item: -item.order):
            try:
                scope.close(status=status)
            except ContextaError as error:  # mode `raise`; the others are closed all the same
                failures.append(error)
        self.ledger.settle()
        if self.ledger.waiting:
            self.recorder.log.write(
                "metadata-end",
                logging.ERROR,
                f"{self.ledger.waiting} metadata row(s) were never stored",
            )
        tell(self, "flush")
        if failures:
            raise failures[0]

    def _leave_fast_paths(self) -> None:
        for scope in members_of(self.live):
            scope._shut_fast()

    def _after_fork(self) -> None:
        # Another thread of the parent may have held any of these locks.
        self.ledger.after_fork()
        self.recorder.after_fork()
        if self.planes is not None:
            self.planes.after_fork()
        self._names_lock = threading.Lock()
        self._work.clear()
        after_fork_in_child(members_of(self.live))


_SESSIONS: weakref.WeakSet[RuntimeSession] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for session in members_of(_SESSIONS):
        session._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
