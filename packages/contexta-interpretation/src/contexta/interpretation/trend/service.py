"""Trends over runs, and curves inside one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from contexta.interpretation._known_names import near_metrics, near_projects, near_stages
from contexta.interpretation._names import check_name
from contexta.interpretation._nearest import nearest
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.completeness.service import completeness_of
from contexta.interpretation.instants import seconds_between
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.metrics import (
    aggregated,
    arrived_points,
    by_run,
    metric_summaries,
    pick_summary,
)
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    MetricSummaryRecord,
    RunRecord,
)
from contexta.interpretation.trend._curve import curve, no_curve
from contexta.interpretation.trend._population import newest_runs, project_label
from contexta.interpretation.trend.errors import TrendError as TrendError  # reached here by scripts
from contexta.interpretation.trend.models import (
    ArtifactSizePoint,
    ArtifactSizeTrend,
    DurationTrend,
    MetricTrend,
    StageDurationPoint,
    StepSeries,
    TrendPoint,
)
from contexta.interpretation.trend.policy import TrendPolicy, check_max_points


class TrendService:
    """Follows a number over the newest runs; reads summaries, never whole runs."""

    def __init__(self, query_service: QueryService, *, config: TrendPolicy | None = None) -> None:
        """Ask through ``query_service``; ``config`` may be any object with the policy's fields."""
        self.query_service = query_service
        self.config = config if config is not None else TrendPolicy()

    def get_metric_trend(
        self,
        metric_key: str,
        *,
        project_name: str | None = None,
        stage_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> MetricTrend:
        """Return one value per run of the newest runs.

        Without ``stage_name``: the run's own values, else those of the stage observed last;
        a run whose several stages have the metric gets a note. Runs without it get one too; when
        no run has it, a note names the nearest keys and stages.

        Raises:
            ValidationError: ``trend_invalid_metric_key``.
        """
        check_name(metric_key, "metric_key", "trend_invalid_metric_key")
        runs, project, notes = self._runs(query, project_name)
        ids = [run.run_id for run in runs]
        rows = by_run(metric_summaries(self.query_service.repository, ids, [metric_key]))
        points = []
        for run in runs:
            found = rows.get(run.run_id, [])
            row = pick_summary(found, stage_name)
            value = None if row is None else aggregated(row, self.config.metric_aggregation)
            if row is None or value is None:
                notes.append(_missing(f"missing_metric_for_run:{metric_key}", run, stage_name))
                continue
            notes += _stage_note(metric_key, run.run_id, found, row, stage_name)
            points.append(_point(run, row, value, stage_name))
        if runs and not points:
            notes.append(self._nowhere(metric_key, stage_name, runs))
        counts = completeness_of(self.query_service, ids, [metric_key])
        # A run that has the metric in another stage only lacks it here.
        counts = replace(counts, missing=max(counts.missing, len(runs) - len(points)))
        return MetricTrend(metric_key, project, tuple(points), tuple(notes), counts)

    def get_step_series(
        self,
        run_id: str,
        metric_key: str,
        *,
        stage_id: str | None = None,
        stage_name: str | None = None,
        max_points: int | None = None,
    ) -> StepSeries:
        """Return the curve of one metric with its logged steps.

        Without stage: the run's own points, else those of the stage observed last, with a note
        when several stages have the metric; points of different stages are never mixed. A point
        without a step takes its position, from 0, and a note says so. ``max_points`` thins the
        curve, keeping ends and extremes.

        A metric that the run has not gives no points and a note that names the nearest.

        Raises:
            ResolutionError: the run or the stage is unknown.
            ValidationError: ``trend_invalid_metric_key``, ``trend_invalid_max_points``.
        """
        check_name(metric_key, "metric_key", "trend_invalid_metric_key")
        if max_points is not None:
            check_max_points(max_points)
        queries = self.query_service
        run = queries.require_run(run_id)
        wanted = stage_id or stage_name
        stage = None if wanted is None else queries.require_stage(run, wanted)
        name = None if stage is None else stage.stage_id.rsplit(".", 1)[-1]
        rows = metric_summaries(queries.repository, [run.run_id], [metric_key])
        row = pick_summary(rows, name)
        if row is None:
            target = None if stage is None else stage.stage_id
            near = near_metrics(queries.repository, [run.run_id], metric_key)
            counts = completeness_of(queries, [run.run_id], [metric_key])
            return no_curve(run.run_id, metric_key, target, near, counts)
        notes = _stage_note(metric_key, run.run_id, list(rows), row, name)
        arrived = arrived_points(queries.repository, run.run_id, metric_key, row.stage_id)
        # Counted after the points were read: damage shows when they are.
        counts = completeness_of(queries, [run.run_id], [metric_key])
        return curve(row, arrived, max_points, notes, counts)

    def get_stage_duration_trend(
        self,
        stage_name: str,
        *,
        project_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> DurationTrend:
        """Return the seconds that a stage took in each of the newest runs.

        A stage that no run has gives no points and a note that names the nearest.

        Raises:
            ValidationError: ``trend_invalid_stage_name``.
        """
        check_name(stage_name, "stage_name", "trend_invalid_stage_name")
        repository = self.query_service.repository
        runs, project, notes = self._runs(query, project_name)
        seen: set[str] = set()
        points = []
        for run in runs:
            stages = repository.list_stages(run.run_id)
            seen.update(item.name for item in stages)
            stage = next((item for item in stages if item.name == stage_name), None)
            if stage is None:
                notes.append(_missing(f"missing_stage_for_duration:{stage_name}", run))
                continue
            seconds = seconds_between(stage.started_at, stage.ended_at)
            if seconds is None:
                summary = f"stage_duration_unavailable:{stage_name}"
                details = {"run_id": run.run_id, "stage_id": stage.stage_id}
                notes.append(CompletenessNote("warning", summary, details))
                continue
            points.append(
                StageDurationPoint(run.run_id, run.name, stage_name, seconds, stage.started_at)
            )
        if runs and stage_name not in seen:
            notes.append(_unknown(f"stage_unknown:{stage_name}", stage_name, seen))
        counts = self._counts(runs, {point.run_id for point in points})
        return DurationTrend(stage_name, project, tuple(points), tuple(notes), counts)

    def get_artifact_size_trend(
        self,
        artifact_kind: str,
        *,
        project_name: str | None = None,
        query: RunListQuery | None = None,
    ) -> ArtifactSizeTrend:
        """Return the bytes of each artifact of a kind in the newest runs.

        A kind that no run has gives no points and a note that names the nearest.

        Raises:
            ValidationError: ``trend_invalid_artifact_kind``.
        """
        check_name(artifact_kind, "artifact_kind", "trend_invalid_artifact_kind")
        runs, project, notes = self._runs(query, project_name)
        seen: set[str] = set()
        points: list[ArtifactSizePoint] = []
        for run in runs:
            artifacts = self.query_service.repository.list_artifacts(run_id=run.run_id)
            seen.update(item.kind for item in artifacts)
            found = [item for item in artifacts if item.kind == artifact_kind]
            if not found:
                notes.append(_missing(f"missing_artifact_kind:{artifact_kind}", run))
            points += _sizes(run, found, notes)
        if runs and artifact_kind not in seen:
            notes.append(_unknown(f"artifact_kind_unknown:{artifact_kind}", artifact_kind, seen))
        counts = self._counts(runs, {point.run_id for point in points})
        return ArtifactSizeTrend(artifact_kind, project, tuple(points), tuple(notes), counts)

    def _runs(
        self, query: RunListQuery | None, project_name: str | None
    ) -> tuple[tuple[RunRecord, ...], str | None, list[CompletenessNote]]:
        window = self.config.default_window_runs
        runs = newest_runs(self.query_service, window, query, project_name)
        project, notes = project_label(runs, query, project_name)
        if not runs:
            near = near_projects(self.query_service.repository, project)
            details = {"project_name": project, "nearest": list(near)}
            notes.append(CompletenessNote("info", "trend_population_empty", details))
        return runs, project, notes

    def _counts(self, runs: Sequence[RunRecord], present: set[str]) -> Completeness:
        """Return the completeness of runs, of which those without a point lack what was asked."""
        ids = [run.run_id for run in runs]
        missing = len(set(ids) - present)
        return completeness_of(self.query_service, ids) + Completeness(missing=missing)

    def _nowhere(
        self, metric_key: str, stage_name: str | None, runs: Sequence[RunRecord]
    ) -> CompletenessNote:
        """Say that no run has the metric, or not in that stage, and what was perhaps meant."""
        repository = self.query_service.repository
        ids = [run.run_id for run in runs]
        details: dict[str, object] = {
            "stage_name": stage_name,
            "nearest": list(near_metrics(repository, ids, metric_key)),
        }
        if stage_name is not None:
            details["nearest_stages"] = list(near_stages(repository, runs, stage_name))
        return CompletenessNote("warning", f"metric_unknown:{metric_key}", details)


def _unknown(summary: str, name: str, known: Iterable[str]) -> CompletenessNote:
    return CompletenessNote("warning", summary, {"nearest": list(nearest(name, sorted(known)))})


def _sizes(
    run: RunRecord, artifacts: Iterable[ArtifactRecord], notes: list[CompletenessNote]
) -> list[ArtifactSizePoint]:
    points = []
    for item in artifacts:
        if item.size_bytes is None:
            summary = f"artifact_size_unavailable:{item.kind}"
            details = {"run_id": run.run_id, "artifact_ref": item.artifact_ref}
            notes.append(CompletenessNote("warning", summary, details))
            continue
        points.append(
            ArtifactSizePoint(
                run.run_id, run.name, item.kind, item.size_bytes, item.artifact_ref, item.created_at
            )
        )
    return points


def _point(
    run: RunRecord, row: MetricSummaryRecord, value: float, stage_name: str | None
) -> TrendPoint:
    links: tuple[EvidenceLink, ...] = (EvidenceLink("run", run.run_id, run.name),)
    if row.last_record_id:
        links += (EvidenceLink("record", row.last_record_id, row.metric_key),)
    return TrendPoint(run.run_id, run.name, value, row.last_observed_at, stage_name, links)


def _missing(summary: str, run: RunRecord, *stage_name: str | None) -> CompletenessNote:
    details: dict[str, str | None] = {"run_id": run.run_id}
    if stage_name:
        details["stage_name"] = stage_name[0]
    return CompletenessNote("warning", summary, details)


def _stage_note(
    metric_key: str,
    run_id: str,
    rows: list[MetricSummaryRecord],
    used: MetricSummaryRecord,
    stage_name: str | None,
) -> list[CompletenessNote]:
    """Say which of several places a value came from, when nobody asked for one."""
    if stage_name is not None or len(rows) < 2:
        return []
    details = {
        "run_id": run_id,
        "used_stage": used.stage_name,
        "stages": sorted(row.stage_name or "" for row in rows),
    }
    return [CompletenessNote("info", f"metric_in_several_stages:{metric_key}", details)]
