"""Read methods of the facade: each delegates to one service of the interpretation layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contexta._client_services import ServiceProperties

if TYPE_CHECKING:
    from contexta.interpretation import (
        AlertReport,
        AlertResult,
        AlertRule,
        ArtifactSizeTrend,
        BatchRecord,
        DeploymentRecord,
        DiagnosticsResult,
        DurationTrend,
        EnvironmentDiff,
        LineageTraversal,
        MetricCondition,
        MetricTrend,
        MultiRunComparison,
        ProvenanceView,
        ReportComparison,
        ReproducibilityAudit,
        Results,
        RunComparison,
        RunListQuery,
        RunPage,
        RunRecord,
        RunSnapshot,
        SampleRecord,
        StepSeries,
        TimeRange,
    )


class ReadDelegates(ServiceProperties):
    """Ask the workspace. Results are those of `contexta.interpretation`."""

    __slots__ = ()

    def list_projects(self) -> tuple[str, ...]:
        """Return the project names, sorted."""
        return self.query_service.list_projects()

    def list_runs(
        self,
        project_name: str | None = None,
        *,
        status: str | None = None,
        tags: Mapping[str, str] | None = None,
        metric_conditions: Sequence[MetricCondition] = (),
        time_range: TimeRange | None = None,
        limit: int | None = None,
        offset: int = 0,
        sort_by: str = "started_at",
        sort_desc: bool = True,
        query: RunListQuery | None = None,
        where: str | None = None,
    ) -> Results[RunRecord]:
        """Return runs.

        Without filters oldest first, by project; with any filter newest first
        (`sort_desc`). `sort_by` is `started_at`, `ended_at`, `name`, `status`, `duration`,
        `param:<key>` or `metric:<key>`; see `contexta.interpretation.RunListQuery` for what is
        missing and for ties. `query` replaces all filters. `where` is an expression such as
        `params.lr < 0.01 and metrics.accuracy.max > 0.9`; see
        `contexta.interpretation.query.RunExpression`.

        Raises:
            ValidationError: a filter that cannot be; for `where` with the place in its text.
        """
        if query is None:
            given = (status, tags, tuple(metric_conditions), time_range, limit, offset, where)
            if given == (None, None, (), None, None, 0, None) and (sort_by, sort_desc) == (
                "started_at",
                True,
            ):
                return self.query_service.list_runs(project_name)
            from contexta.interpretation.query import RunListQuery

            query = RunListQuery(
                project_name=project_name,
                status=status,
                tags=None if tags is None else dict(tags),
                time_range=time_range,
                metric_conditions=tuple(metric_conditions),
                limit=limit,
                offset=offset,
                sort_by=sort_by,
                sort_desc=sort_desc,
                where=where,
            )
        return self.query_service.list_runs(project_name, query=query)

    def page_runs(
        self,
        query: RunListQuery | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        project_name: str | None = None,
    ) -> RunPage:
        """Return one page of runs and the cursor of the next, which goes into `after`.

        The hundredth page costs what the first does, and runs that come or go meanwhile
        neither repeat a run nor hide one.

        Raises:
            ValidationError: `query_invalid_cursor`, `query_invalid_page`.
        """
        return self.query_service.page_runs(
            query, after=after, limit=limit, project_name=project_name
        )

    def list_deployments(
        self, project_name: str | None = None, run_id: str | None = None
    ) -> Results[DeploymentRecord]:
        """Return deployments of a project or run."""
        return self.query_service.list_deployments(project_name, run_id)

    def list_batches(self, run_id: str, stage_id: str | None = None) -> Results[BatchRecord]:
        """Return the batches of a run or stage."""
        return self.query_service.list_batches(run_id, stage_id)

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> Results[SampleRecord]:
        """Return the samples of a run, stage or batch."""
        return self.query_service.list_samples(run_id, stage_id, batch_id)

    def get_run_snapshot(self, run_id: str) -> RunSnapshot:
        """Return everything about one run.

        Raises:
            InterpretationError: `query_run_not_found`.
        """
        return self.query_service.get_run_snapshot(run_id)

    def get_provenance(self, run_id: str) -> ProvenanceView | None:
        """Return the latest provenance of a run, or None."""
        return self.repository.get_provenance(run_id)

    def get_artifact_origin(self, artifact_ref: str) -> RunSnapshot | None:
        """Return the snapshot of the run that made an artifact, or None."""
        return self.query_service.get_artifact_origin(artifact_ref)

    def compare_runs(self, left_run_id: str, right_run_id: str) -> RunComparison:
        """Compare two runs."""
        return self.compare_service.compare_runs(left_run_id, right_run_id)

    def compare_multiple_runs(self, run_ids: Iterable[str]) -> MultiRunComparison:
        """Compare two or more runs in one table."""
        return self.compare_service.compare_multiple_runs(run_ids)

    def compare_report_documents(self, left: Any, right: Any) -> ReportComparison:
        """Compare two reports section by section."""
        return self.compare_service.compare_report_documents(left, right)

    def select_best_run(
        self,
        run_ids: Iterable[str],
        metric_key: str,
        *,
        stage_name: str | None = None,
        higher_is_better: bool | None = None,
    ) -> str | None:
        """Return the id of the run with the best value of a metric, or None.

        Less is better for a loss, an error or a duration, as the key says, unless
        `higher_is_better` is given.
        """
        return self.compare_service.select_best_run(
            run_ids, metric_key, stage_name=stage_name, higher_is_better=higher_is_better
        )

    def diagnose_run(self, run_id: str) -> DiagnosticsResult:
        """Return what looks wrong with a run."""
        return self.diagnostics_service.diagnose_run(run_id)

    def traverse_lineage(
        self,
        subject_ref: str,
        *,
        direction: str | None = None,
        max_depth: int | str | None = None,
    ) -> LineageTraversal:
        """Follow relations from a ref."""
        return self.lineage_service.traverse_lineage(
            subject_ref, direction=direction, max_depth=max_depth
        )

    def get_metric_trend(
        self,
        metric_key: str,
        *,
        project_name: str | None = None,
        stage_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> MetricTrend:
        """Return one value per run, in time order."""
        return self.trend_service.get_metric_trend(
            metric_key, project_name=project_name, stage_name=stage_name, query=query
        )

    def get_step_series(
        self,
        run_id: str,
        metric_key: str,
        *,
        stage_id: str | None = None,
        stage_name: str | None = None,
    ) -> StepSeries:
        """Return the points of one metric of one run."""
        return self.trend_service.get_step_series(
            run_id, metric_key, stage_id=stage_id, stage_name=stage_name
        )

    def get_stage_duration_trend(
        self, stage_name: str, *, project_name: str | None = None, query: RunListQuery | None = None
    ) -> DurationTrend:
        """Return the duration of a stage, one point per run."""
        return self.trend_service.get_stage_duration_trend(
            stage_name, project_name=project_name, query=query
        )

    def get_artifact_size_trend(
        self,
        artifact_kind: str,
        *,
        project_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> ArtifactSizeTrend:
        """Return the sizes of artifacts of a kind over runs."""
        return self.trend_service.get_artifact_size_trend(
            artifact_kind, project_name=project_name, query=query
        )

    def evaluate_alerts(self, run_id: str, rules: Iterable[AlertRule]) -> Results[AlertResult]:
        """Evaluate alert rules on one run."""
        return self.alert_service.evaluate_alerts(run_id, rules)

    def evaluate_alerts_fleet(
        self,
        rules: Iterable[AlertRule],
        *,
        project_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> AlertReport:
        """Evaluate alert rules on many runs."""
        return self.alert_service.evaluate_alerts_fleet(
            rules, project_name=project_name, query=query
        )

    def audit_reproducibility(self, run_id: str) -> ReproducibilityAudit:
        """Say what is known about how to run it again."""
        return self.provenance_service.audit_reproducibility(run_id)

    def compare_environments(self, left_run_id: str, right_run_id: str) -> EnvironmentDiff:
        """Compare Python, platform, packages and variables of two runs."""
        return self.provenance_service.compare_environments(left_run_id, right_run_id)
