"""A deployment: something that runs in the world, with or without a run behind it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from contexta.contract.models.context import DeploymentExecution
from contexta.runtime._base import BaseScope

if TYPE_CHECKING:
    from contexta.store.records import SeriesContext


class DeploymentScope(BaseScope):
    """An open deployment.

    Records need a run. Without `run_ref`, the first capture opens a run of
    the deployment's own, named after it and closed with it.
    """

    __slots__ = (
        "_implicit", "_project_ref", "artifact_ref", "environment_snapshot_ref", "first_started",
        "run_ref",
    )  # fmt: skip
    scope_kind: ClassVar[str] = "deployment"

    def __init__(
        self,
        *args: Any,
        project_ref: str,
        run_ref: str | None,
        artifact_ref: str | None,
        environment_snapshot_ref: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._project_ref = project_ref
        self.run_ref = run_ref
        self.artifact_ref = artifact_ref
        self.environment_snapshot_ref = environment_snapshot_ref
        self.first_started: dict[str, str] = {}
        self._implicit: Any = None

    def _target(self) -> SeriesContext:
        context = super()._target()
        if context.run_ref:
            return context
        with self._lock:
            if not self._context.run_ref:
                self._implicit = self._session.open_implicit_run(self)
                self.run_ref = self._implicit.ref
                self._context = self._context._replace(run_ref=self.run_ref)
                self._persist_open()
            return self._context

    def _row(self) -> DeploymentExecution:
        return DeploymentExecution(
            deployment_execution_ref=self.ref,
            project_ref=self._project_ref,
            deployment_name=self._component,
            status=self.status,
            started_at=self.started_at,
            ended_at=self.closed_at,
            order_index=self.order_index,
            run_ref=self.run_ref,
            artifact_ref=self.artifact_ref,
            environment_snapshot_ref=self.environment_snapshot_ref,
            display_name=self.display_name,
            metadata=dict(self.metadata),
            schema_version=self._context.schema_version,
        )

    def _persist_open(self) -> None:
        self._session.ledger.put("deployment", self._row())

    def _persist_close(self) -> None:
        if self._pid == os.getpid():  # a forked worker leaves; the rest is its parent's
            self._session.ledger.put("deployment", self._row())
            if self._implicit is not None:
                self._implicit.close(status=self.status)
        self._session.settle_records()
