"""Lists runs and loads what is known of one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from contexta.contract.errors import InterpretationError
from contexta.interpretation._instants import sort_instant
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.protocols import CompositeRepository, RunFinder, RunSuggester
from contexta.interpretation.query._listing import filter_runs, page, sort_runs
from contexta.interpretation.query._snapshot import RunFacts, load_facts, load_snapshot
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.metrics import by_run, metric_summaries, pick_summary
from contexta.interpretation.query.models import RunSnapshot
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
    ) -> tuple[RunRecord, ...]:
        """Return runs, oldest first unless the query asks otherwise.

        Without a query: the runs of the project, or of all projects, project by project.
        ``query.project_name`` wins over the argument.
        """
        if query is None:
            return tuple(self.repository.list_runs(project_name))
        if query.project_name is None and project_name is not None:
            query = _with_project(query, project_name)
        if isinstance(self.repository, RunFinder):
            runs = tuple(self.repository.find_runs(query))
            if not query.needs_metrics:
                return runs
        else:
            runs = filter_runs(self.repository.list_runs(query.project_name), query)
            runs = sort_runs(runs, query)
        if query.needs_metrics:
            runs = self._by_metrics(runs, query)
        return page(runs, query)

    def require_run(self, run_id: str) -> RunRecord:
        """Return one run.

        Raises:
            ResolutionError: nothing has that name (``query_run_not_found``; ``details`` name the
                nearest), or several runs have (``query_run_ambiguous``).
        """
        run = self.repository.get_run(run_id)
        if run is None:
            nearest = self._nearest(run_id)
            hint = f"; nearest: {', '.join(nearest)}" if nearest else "; no run looks like it"
            raise ResolutionError(
                f"run {run_id!r} not found{hint}",
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
    ) -> tuple[DeploymentRecord, ...]:
        """Return deployments by order and start; with both arguments, both must hold."""
        return tuple(self.repository.list_deployments(project_name, run_id))

    def list_batches(self, run_id: str, stage_id: str | None = None) -> tuple[BatchRecord, ...]:
        """Return the batches of a run, or of one of its stages."""
        return tuple(self.repository.list_batches(run_id, stage_id))

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> tuple[SampleRecord, ...]:
        """Return the samples of a run, of one stage, or of one batch."""
        return tuple(self.repository.list_samples(run_id, stage_id, batch_id))

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

    def _by_metrics(self, runs: Sequence[RunRecord], query: RunListQuery) -> tuple[RunRecord, ...]:
        keys = {condition.metric_key for condition in query.metric_conditions}
        if query.sort_metric is not None:
            keys.add(query.sort_metric)
        rows = by_run(metric_summaries(self.repository, [r.run_id for r in runs], sorted(keys)))

        def value(run: RunRecord, key: str, stage_name: str | None) -> float | None:
            found = pick_summary(
                (row for row in rows.get(run.run_id, ()) if row.metric_key == key), stage_name
            )
            return None if found is None else found.last

        kept = []
        for run in runs:
            values = [value(run, c.metric_key, c.stage_name) for c in query.metric_conditions]
            pairs = zip(query.metric_conditions, values, strict=True)
            if all(number is not None and c.holds(number) for c, number in pairs):
                kept.append(run)
        if query.sort_metric is not None:
            latest = {run.run_id: value(run, query.sort_metric, None) for run in kept}
            return _sorted_by_value(kept, latest, descending=query.sort_desc)
        return tuple(kept)

    def _nearest(self, run_id: str) -> list[str]:
        if isinstance(self.repository, RunSuggester):
            return list(self.repository.nearest_runs(run_id))
        ids = [run.run_id for run in self.repository.list_runs()]
        return difflib.get_close_matches(run_id, ids, n=5, cutoff=0.4)


def _sorted_by_value(
    runs: Sequence[RunRecord], values: dict[str, float | None], *, descending: bool
) -> tuple[RunRecord, ...]:
    """Sort by value; runs without one, or with NaN, come last in both directions."""
    known: list[tuple[float, RunRecord]] = []
    unknown: list[RunRecord] = []
    for run in runs:
        number = values[run.run_id]
        if number is None or number != number:
            unknown.append(run)
        else:
            known.append((number, run))
    known.sort(key=lambda item: item[0], reverse=descending)
    unknown.sort(key=lambda run: sort_instant(run.started_at))
    return (*(run for _, run in known), *unknown)


def _with_project(query: RunListQuery, project_name: str) -> RunListQuery:
    return replace(query, project_name=project_name)
