"""Stages, batches and deployments: what runs, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._tables import batches, deployments, stages
from contexta.store.metadata.repositories._base import Repository

if TYPE_CHECKING:
    from contexta.contract import BatchExecution, DeploymentExecution, StageExecution
    from contexta.contract.refs import StableRef


class StageRepository(Repository["StageExecution"]):
    """Stages of runs."""

    def put_stage_execution(self, stage: StageExecution) -> StageExecution:
        """Store a stage of a stored run, replacing one with the same ref."""
        return self._put(stage)

    def get_stage_execution(self, ref: StableRef | str) -> StageExecution:
        """Return a stage, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_stage_execution(self, ref: StableRef | str) -> StageExecution | None:
        """Return a stage, or None."""
        return self._find(ref)

    def exists_stage_execution(self, ref: StableRef | str) -> bool:
        """Tell whether a stage is stored."""
        return self._exists(ref)

    def list_stage_executions(self, run_ref: StableRef | str) -> tuple[StageExecution, ...]:
        """Return the stages of a run by order index (None last), start, ref."""
        run = filter_text(run_ref, "run", "run_ref")
        return self._list(
            self._select()
            .where(stages.c.run_ref == run)
            .order_by(stages.c.order_index.nulls_last(), stages.c.started_us, stages.c.ref)
        )


class BatchRepository(Repository["BatchExecution"]):
    """Batches of stages."""

    def put_batch_execution(self, batch: BatchExecution) -> BatchExecution:
        """Store a batch of a stored stage, replacing one with the same ref."""
        return self._put(batch)

    def get_batch_execution(self, ref: StableRef | str) -> BatchExecution:
        """Return a batch, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_batch_execution(self, ref: StableRef | str) -> BatchExecution | None:
        """Return a batch, or None."""
        return self._find(ref)

    def exists_batch_execution(self, ref: StableRef | str) -> bool:
        """Tell whether a batch is stored."""
        return self._exists(ref)

    def list_batch_executions(
        self,
        *,
        run_ref: StableRef | str | None = None,
        stage_ref: StableRef | str | None = None,
    ) -> tuple[BatchExecution, ...]:
        """Return the batches of a stage, else of a run, else all.

        By order index (None last), start, ref within a stage; stages and runs by ref.
        """
        statement = self._select()
        own_order = (batches.c.order_index.nulls_last(), batches.c.started_us, batches.c.ref)
        if stage_ref is not None:
            stage = filter_text(stage_ref, "stage", "stage_ref")
            return self._list(statement.where(batches.c.stage_ref == stage).order_by(*own_order))
        if run_ref is not None:
            run = filter_text(run_ref, "run", "run_ref")
            statement = statement.where(batches.c.run_ref == run)
        return self._list(statement.order_by(batches.c.run_ref, batches.c.stage_ref, *own_order))


class DeploymentRepository(Repository["DeploymentExecution"]):
    """Deployments of projects. A deployment may name a run; it need not be stored."""

    def put_deployment_execution(self, deployment: DeploymentExecution) -> DeploymentExecution:
        """Store a deployment of a stored project, replacing one with the same ref."""
        return self._put(deployment)

    def get_deployment_execution(self, ref: StableRef | str) -> DeploymentExecution:
        """Return a deployment, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_deployment_execution(self, ref: StableRef | str) -> DeploymentExecution | None:
        """Return a deployment, or None."""
        return self._find(ref)

    def exists_deployment_execution(self, ref: StableRef | str) -> bool:
        """Tell whether a deployment is stored."""
        return self._exists(ref)

    def list_deployment_executions(
        self,
        *,
        project_ref: StableRef | str | None = None,
        run_ref: StableRef | str | None = None,
    ) -> tuple[DeploymentExecution, ...]:
        """Return the deployments of a run, else of a project, else all.

        By order index (None last), start, ref; without a run by project and name before that.
        """
        columns = deployments.c
        statement = self._select()
        own_order = (columns.order_index.nulls_last(), columns.started_us, columns.ref)
        if run_ref is not None:
            run = filter_text(run_ref, "run", "run_ref")
            return self._list(statement.where(columns.run_ref == run).order_by(*own_order))
        if project_ref is not None:
            project = filter_text(project_ref, "project", "project_ref")
            statement = statement.where(columns.project_ref == project)
        return self._list(
            statement.order_by(columns.project_ref, columns.deployment_name, *own_order)
        )
