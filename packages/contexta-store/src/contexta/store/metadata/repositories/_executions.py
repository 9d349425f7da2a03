"""Stages, batches and deployments: what runs, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from contexta.store.metadata import _filters as f
from contexta.store.metadata._tables import batches, deployments, none_last, stages
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._reads import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement, Table

    from contexta.contract import BatchExecution, DeploymentExecution, StageExecution
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import (
        BatchFilters,
        DeploymentFilters,
        ExecutionFilters,
        StageFilters,
    )
    from contexta.store.metadata._filters import Condition
    from contexta.store.metadata._paging import Page


def _execution_filters(table: Table, name: str) -> dict[str, Condition]:
    return {
        "name": f.is_text(table.c[name], "name"),
        "name_prefix": f.has_prefix(table.c[name], "name_prefix"),
        "status": f.has_status(table.c.status),
        "started_after": f.at_or_after(table.c.started_us),
        "started_before": f.before(table.c.started_us),
    }


class StageRepository(Repository["StageExecution"]):
    """Stages of runs, by run, order index (None last), start, ref."""

    _known_filters = {
        **_execution_filters(stages, "stage_name"),
        "run_ref": f.is_ref(stages.c.run_ref, "run", "run_ref"),
    }

    def put_stage_execution(
        self, stage: StageExecution, *, expected_revision: int | None = None
    ) -> StageExecution:
        """Store a stage of a stored run, replacing one with the same ref.

        Raises:
            NotFoundError: When its run is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(stage, expected_revision)

    def get_stage_execution(self, ref: StableRef | str) -> StageExecution:
        """Return a stage, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_stage_execution(self, ref: StableRef | str) -> StageExecution | None:
        """Return a stage, or None."""
        return self._find(ref)

    def exists_stage_execution(self, ref: StableRef | str) -> bool:
        """Tell whether a stage is stored."""
        return self._exists(ref)

    def list_stage_executions(
        self,
        run_ref: StableRef | str | None = None,
        *,
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[ExecutionFilters],
    ) -> tuple[StageExecution, ...]:
        """Return the stages of a run, or all, by run, order index (None last), start, ref."""
        listing = self._listing({**filters, "run_ref": run_ref})
        return self._list(listing, limit=limit, after=after)

    def page_stage_executions(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[StageFilters],
    ) -> Page[StageExecution]:
        """Return stages and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_stage_executions(self, **filters: Unpack[StageFilters]) -> Iterator[StageExecution]:
        """Yield stages page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_stage_executions(self, **filters: Unpack[StageFilters]) -> int:
        """Count stages."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        own: tuple[ColumnElement[Any], ...] = (
            none_last(stages.c.order_index),
            stages.c.started_us,
            stages.c.ref,
        )
        return own if filters.get("run_ref") is not None else (stages.c.run_ref, *own)


class BatchRepository(Repository["BatchExecution"]):
    """Batches of stages, by run, stage, order index (None last), start, ref."""

    _known_filters = {
        **_execution_filters(batches, "batch_name"),
        "run_ref": f.is_ref(batches.c.run_ref, "run", "run_ref"),
        "stage_ref": f.within("stage", "stage_ref", batches.c.run_ref, batches.c.stage_ref),
    }
    _precedence = ("stage_ref", "run_ref")

    def put_batch_execution(
        self, batch: BatchExecution, *, expected_revision: int | None = None
    ) -> BatchExecution:
        """Store a batch of a stored stage, replacing one with the same ref.

        Raises:
            NotFoundError: When its run or stage is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(batch, expected_revision)

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
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[BatchFilters],
    ) -> tuple[BatchExecution, ...]:
        """Return the batches of a stage, else of a run, else all.

        By order index (None last), start, ref within a stage; stages and runs by ref.
        """
        return self._list(self._listing(filters), limit=limit, after=after)

    def page_batch_executions(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[BatchFilters],
    ) -> Page[BatchExecution]:
        """Return batches and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_batch_executions(self, **filters: Unpack[BatchFilters]) -> Iterator[BatchExecution]:
        """Yield batches page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_batch_executions(self, **filters: Unpack[BatchFilters]) -> int:
        """Count batches."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        own: tuple[ColumnElement[Any], ...] = (
            none_last(batches.c.order_index),
            batches.c.started_us,
            batches.c.ref,
        )
        if filters.get("stage_ref") is not None:
            return own
        own = (batches.c.stage_ref, *own)
        return own if filters.get("run_ref") is not None else (batches.c.run_ref, *own)


class DeploymentRepository(Repository["DeploymentExecution"]):
    """Deployments of projects. A deployment may name a run; it need not be stored."""

    _known_filters = {
        **_execution_filters(deployments, "deployment_name"),
        "project_ref": f.is_ref(deployments.c.project_ref, "project", "project_ref"),
        "run_ref": f.is_ref(deployments.c.run_ref, "run", "run_ref"),
    }
    _precedence = ("run_ref", "project_ref")

    def put_deployment_execution(
        self, deployment: DeploymentExecution, *, expected_revision: int | None = None
    ) -> DeploymentExecution:
        """Store a deployment of a stored project, replacing one with the same ref.

        Raises:
            NotFoundError: When its project is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(deployment, expected_revision)

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
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[DeploymentFilters],
    ) -> tuple[DeploymentExecution, ...]:
        """Return the deployments of a run, else of a project, else all.

        By order index (None last), start, ref; without a run by project and name before that.
        """
        return self._list(self._listing(filters), limit=limit, after=after)

    def page_deployment_executions(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[DeploymentFilters],
    ) -> Page[DeploymentExecution]:
        """Return deployments and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_deployment_executions(
        self, **filters: Unpack[DeploymentFilters]
    ) -> Iterator[DeploymentExecution]:
        """Yield deployments page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_deployment_executions(self, **filters: Unpack[DeploymentFilters]) -> int:
        """Count deployments."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        columns = deployments.c
        own: tuple[ColumnElement[Any], ...] = (
            none_last(columns.order_index),
            columns.started_us,
            columns.ref,
        )
        if filters.get("run_ref") is not None:
            return own
        own = (columns.deployment_name, *own)
        return own if filters.get("project_ref") is not None else (columns.project_ref, *own)
