"""Statistics over runs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from contexta.interpretation._known_names import near_projects
from contexta.interpretation._names import check_name
from contexta.interpretation._nearest import nearest
from contexta.interpretation._statistics import (
    deviations,
    mean,
    percentile,
    population_std,
    robust_spread,
    sample_std,
)
from contexta.interpretation.aggregation.errors import (
    AggregationError as AggregationError,
)  # reached here by scripts
from contexta.interpretation.aggregation.models import (
    MetricAggregate,
    RunStatusDistribution,
    RunSummaryTable,
    StageAggregate,
    StatusCount,
)
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.metrics import (
    aggregated,
    metric_summaries,
    point_statistics,
)
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import PointStatistics
from contexta.interpretation.trend.policy import check_aggregation

UNASSIGNED = "_unassigned"


class AggregationService:
    """Aggregates one value per run over all runs that a query selects."""

    def __init__(self, query_service: QueryService, *, metric_aggregation: str = "latest") -> None:
        """Use the latest, max, min or mean value of each run.

        Raises:
            ValidationError: ``trend_invalid_metric_aggregation``.
        """
        self.query_service = query_service
        self.metric_aggregation = check_aggregation(metric_aggregation)

    def aggregate_metric(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
    ) -> MetricAggregate:
        """Return statistics of a metric; values that are not finite are counted in a note.

        Raises:
            ValidationError: the key is blank or no text (``aggregation_invalid_metric_key``).
        """
        check_name(metric_key, "metric_key", "aggregation_invalid_metric_key")
        queries = self.query_service
        ids = queries.list_run_ids(project_name, query=query)
        found = queries.run_values(
            metric_key, run_ids=ids, stage_name=stage_name, aggregation=self.metric_aggregation
        )
        values: list[float] = []
        notes: list[CompletenessNote] = []
        skipped = 0
        for run_id in ids:
            value = found.get(run_id)
            if value is None:
                details = {"run_id": run_id, "stage_name": stage_name}
                summary = f"missing_metric_for_aggregate:{metric_key}"
                notes.append(CompletenessNote("warning", summary, details))
            elif math.isfinite(value):
                values.append(value)
            else:
                skipped += 1
        if skipped:
            details_count = {"count": skipped}
            summary = f"nonfinite_values_left_out:{metric_key}"
            notes.append(CompletenessNote("warning", summary, details_count))
        project = (query.project_name if query is not None else None) or project_name
        unknown = [] if ids else list(near_projects(queries.repository, project))
        if unknown:
            told = {"project_name": project, "nearest": unknown}
            notes.append(CompletenessNote("warning", "project_unknown", told))
        if not values:
            where: dict[str, Any] = {"project_name": project, "stage_name": stage_name}
            where["nearest"] = self._nearest(ids, metric_key) if ids and not found else []
            summary = f"aggregate_population_empty:{metric_key}"
            notes.append(CompletenessNote("warning", summary, where))
        median, mad, mean_deviation = deviations(values)
        return MetricAggregate(
            metric_key=metric_key,
            project_name=project,
            count=len(values),
            mean=mean(values),
            std=population_std(values),
            min=min(values, default=None),
            p25=percentile(values, 0.25),
            p50=percentile(values, 0.50),
            p75=percentile(values, 0.75),
            p90=percentile(values, 0.90),
            p95=percentile(values, 0.95),
            p99=percentile(values, 0.99),
            max=max(values, default=None),
            completeness_notes=tuple(notes),
            median=median,
            mad=mad,
            robust_std=robust_spread(mad, mean_deviation),
            sample_std=sample_std(values),
            excluded_missing=len(ids) - len(found),
            excluded_nonfinite=skipped,
            completeness=completeness_of(queries, ids, [metric_key]),
        )

    def _nearest(self, ids: Sequence[str], metric_key: str) -> list[str]:
        rows = metric_summaries(self.query_service.repository, ids)
        return list(nearest(metric_key, sorted({row.metric_key for row in rows})))

    def aggregate_points(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> tuple[PointStatistics, ...]:
        """Return, for each run and stage, the spread of all points and where extremes lie.

        In the order of run id and stage; runs without a finite point are left out.
        """
        ids = self.query_service.list_run_ids(project_name, query=query)
        return point_statistics(self.query_service.repository, ids, metric_key)

    def aggregate_by_stage(
        self, *, query: RunListQuery | None = None, project_name: str | None = None
    ) -> RunSummaryTable:
        """Return every metric of every stage over the runs, sorted by stage and key."""
        ids = self.query_service.list_run_ids(project_name, query=query)
        groups: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in metric_summaries(self.query_service.repository, ids):
            value = aggregated(row, self.metric_aggregation)
            groups[row.stage_name or UNASSIGNED, row.metric_key].append(
                math.nan if value is None else value
            )
        project = (query.project_name if query is not None else None) or project_name
        return RunSummaryTable(
            project,
            len(ids),
            tuple(
                _stage_aggregate(stage, key, values)
                for (stage, key), values in sorted(groups.items())
            ),
            completeness=completeness_of(self.query_service, ids),
        )

    def run_status_distribution(
        self, *, query: RunListQuery | None = None, project_name: str | None = None
    ) -> RunStatusDistribution:
        """Count the runs by status, sorted by status."""
        runs = self.query_service.list_runs(project_name, query=query)
        counts = Counter(run.status for run in runs)
        project = (query.project_name if query is not None else None) or project_name
        rows = tuple(StatusCount(status, count) for status, count in sorted(counts.items()))
        ids = [run.run_id for run in runs]
        return RunStatusDistribution(
            project, len(runs), rows, completeness=completeness_of(self.query_service, ids)
        )


def _stage_aggregate(stage: str, key: str, values: Sequence[float]) -> StageAggregate:
    finite = [value for value in values if math.isfinite(value)]
    median, mad, _ = deviations(finite)
    return StageAggregate(
        stage_name=stage,
        metric_key=key,
        count=len(finite),
        mean=mean(finite),
        min=min(finite, default=None),
        max=max(finite, default=None),
        median=median,
        mad=mad,
        excluded_nonfinite=len(values) - len(finite),
    )
