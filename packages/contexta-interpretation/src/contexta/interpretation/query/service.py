"""Lists runs and loads what is known of one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from contexta.contract.errors import InterpretationError
from contexta.interpretation._base import Results
from contexta.interpretation._nearest import run_hint
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.protocols import CompositeRepository, RunFinder, RunSuggester
from contexta.interpretation.query._expression_keys import UnknownKey, sort_fields, unknown_keys
from contexta.interpretation.query._pages import page_of_runs
from contexta.interpretation.query._selection import (
    is_decided_here,
    select_ids,
    select_runs,
)
from contexta.interpretation.query._snapshot import RunFacts, load_facts, load_snapshot
from contexta.interpretation.query.expression import RunExpression
from contexta.interpretation.query.filters import RunListQuery, given_query
from contexta.interpretation.query.metrics import check_aggregation, run_values
from contexta.interpretation.query.models import RunPage, RunSnapshot
from contexta.interpretation.repositories.records import (
    BatchRecord,
    DeploymentRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)


class QueryService:
    """Answers questions over any repository with the methods of the protocols.

    Nothing is cached: every answer is what the store holds at the time of the call, also for
    runs that are open, in this process or another.
    """

    def __init__(self, repository: CompositeRepository) -> None:
        """Ask ``repository``, which stays the caller's to close."""
        self.repository = repository

    def list_projects(self) -> tuple[str, ...]:
        """Return the project names, sorted."""
        return tuple(self.repository.list_projects())

    def list_runs(
        self, project_name: str | None = None, *, query: RunListQuery | None = None
    ) -> Results[RunRecord]:
        """Return runs, oldest first unless the query asks otherwise.

        Without a query: the runs of the project, or of all projects, project by project.
        ``query.project_name`` wins over the argument.
        """
        if query is None:
            return Results(self.repository.list_runs(project_name), RunRecord)
        query = _with_project(given_query(query), project_name)
        if not is_decided_here(self.repository, query) and isinstance(self.repository, RunFinder):
            return Results(self.repository.find_runs(query), RunRecord)
        return Results(select_runs(self.repository, query), RunRecord)

    def page_runs(
        self,
        query: RunListQuery | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        project_name: str | None = None,
    ) -> RunPage:
        """Return one page of :meth:`list_runs` and the cursor of the next.

        A page starts behind the last run of the one before, wherever that stands by now: what
        is added or removed meanwhile repeats no run and hides none. The hundredth page costs
        what the first does.

        Args:
            query: Filters and order, oldest first without one; no limit and no offset.
            after: ``next_cursor`` of the page before, which only the same query continues.
            limit: At most so many runs.
            project_name: Only runs of this project, unless the query names one.

        Raises:
            ValidationError: ``query_invalid_cursor``, ``query_invalid_page``.
        """
        asked = _with_project(given_query(query), project_name)
        return page_of_runs(self.repository, asked, after, limit)

    def list_run_ids(
        self, project_name: str | None = None, *, query: RunListQuery | None = None
    ) -> tuple[str, ...]:
        """Return the ids of :meth:`list_runs`, for questions about many runs, without reading them.

        In the order of the query, oldest first without one. A run whose row is damaged is left
        out of lists, but its id may be here.
        """
        return select_ids(self.repository, _with_project(given_query(query), project_name))

    def run_values(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        run_ids: Sequence[str] | None = None,
        stage_name: str | None = None,
        aggregation: str = "latest",
    ) -> dict[str, float]:
        """Return one value of a metric by run id, in no particular order.

        Runs without the metric, or for ``min``, ``max`` and ``mean`` without a finite value, are
        left out; NaN and infinities are values.

        Args:
            metric_key: The metric.
            query: Which runs; all without one.
            project_name: Only runs of this project.
            run_ids: These canonical ids instead.
            stage_name: Values of this stage. Without it the run's own, else those of the stage
                observed last.
            aggregation: ``latest``, ``min``, ``max`` or ``mean`` of each run.

        Raises:
            ValidationError: ``trend_invalid_metric_aggregation``.
        """
        check_aggregation(aggregation)
        if run_ids is None:
            asked = _with_project(given_query(query), project_name)
            ids: Sequence[str] = select_ids(self.repository, asked, ordered=False)
        else:
            ids = run_ids
        values = run_values(
            self.repository, ids, metric_key, stage_name=stage_name, aggregation=aggregation
        )
        return {run_id: values[run_id] for run_id in ids if run_id in values}

    def unknown_keys(self, where: str | RunListQuery) -> tuple[UnknownKey, ...]:
        """Return the keys of params, tags and metrics in an expression that no run has.

        Of a query: those of its expression and the one that it sorts by. Such a key is no
        error, for a run may come that has it; but an answer that is empty, or in another order,
        for a typing mistake should say so.

        Raises:
            ValidationError: the expression is wrong, as in :class:`RunListQuery`.
        """
        if isinstance(where, RunListQuery):
            return unknown_keys(self.repository, where.expression, sort_fields(where))
        return unknown_keys(self.repository, RunExpression.parse(where))

    def require_run(self, run_id: str) -> RunRecord:
        """Return one run.

        Raises:
            ResolutionError: nothing has that name (``query_run_not_found``; ``details`` name the
                nearest), or several runs have (``query_run_ambiguous``).
        """
        if not isinstance(run_id, str):
            raise ResolutionError(
                f"run {run_id!r} is a {type(run_id).__name__}, no text; pass its ref or name",
                code="query_run_not_found",
                details={"run_id": str(run_id), "nearest": []},
            )
        run = self.repository.get_run(run_id)
        if run is None:
            nearest = self._nearest(run_id)
            raise ResolutionError(
                f"run {run_id!r} not found{run_hint(nearest)}",
                code="query_run_not_found",
                details={"run_id": run_id, "nearest": nearest},
            )
        return run

    def require_stage(self, run: RunRecord, stage_name: str) -> StageRecord:
        """Return a stage of a run by name or id.

        Raises:
            ResolutionError: the run has no such stage (``query_stage_not_found``).
        """
        stages = self.repository.list_stages(run.run_id)
        for stage in stages:
            if stage_name in (stage.name, stage.stage_id, stage.stage_id.rsplit(".", 1)[-1]):
                return stage
        names = [stage.name for stage in stages]
        raise ResolutionError(
            f"run {run.run_id} has no stage {stage_name!r}; it has {', '.join(names) or 'none'}",
            code="query_stage_not_found",
            details={"run_id": run.run_id, "stage_name": stage_name, "candidates": names},
        )

    def get_run_snapshot(self, run_id: str) -> RunSnapshot:
        """Return everything known of a run, open or closed.

        Raises:
            ResolutionError: as :meth:`require_run`.
        """
        return load_snapshot(self.repository, self.require_run(run_id))

    def get_run_facts(self, run_id: str) -> RunFacts:
        """Return a run without its records and relations: what comparing and diagnosing needs."""
        return load_facts(self.repository, self.require_run(run_id))

    def list_deployments(
        self, project_name: str | None = None, run_id: str | None = None
    ) -> Results[DeploymentRecord]:
        """Return deployments by order and start; with both arguments, both must hold."""
        return Results(self.repository.list_deployments(project_name, run_id), DeploymentRecord)

    def list_batches(self, run_id: str, stage_id: str | None = None) -> Results[BatchRecord]:
        """Return the batches of a run, or of one of its stages."""
        return Results(self.repository.list_batches(run_id, stage_id), BatchRecord)

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> Results[SampleRecord]:
        """Return the samples of a run, of one stage, or of one batch."""
        return Results(self.repository.list_samples(run_id, stage_id, batch_id), SampleRecord)

    def get_artifact_origin(self, artifact_ref: str) -> RunSnapshot | None:
        """Return the run that made an artifact; ``None`` for an unknown artifact.

        Raises:
            InterpretationError: the artifact is known, its run is not
                (``query_artifact_origin_incomplete``).
        """
        artifact = self.repository.get_artifact(artifact_ref)
        if artifact is None:
            return None
        run = self.repository.get_run(artifact.run_id)
        if run is None:
            raise InterpretationError(
                f"artifact {artifact.artifact_ref} names run {artifact.run_id}, which is not in "
                "this workspace; restore or import the run to trace the artifact",
                code="query_artifact_origin_incomplete",
                details={"artifact_ref": artifact.artifact_ref, "run_id": artifact.run_id},
            )
        return load_snapshot(self.repository, run)

    def _nearest(self, run_id: str) -> list[str]:
        if isinstance(self.repository, RunSuggester):
            return list(self.repository.nearest_runs(run_id))
        ids = [run.run_id for run in self.repository.list_runs()]
        return difflib.get_close_matches(run_id, ids, n=5, cutoff=0.4)


def _with_project(query: RunListQuery, project_name: str | None) -> RunListQuery:
    if query.project_name is not None or project_name is None:
        return query
    return replace(query, project_name=project_name)
