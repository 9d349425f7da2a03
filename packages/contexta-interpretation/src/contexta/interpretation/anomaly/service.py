"""Finds values that earlier runs make unlikely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from contexta.contract.time import from_epoch_us
from contexta.interpretation._instants import instant_us
from contexta.interpretation._statistics import mean, percentile, population_std
from contexta.interpretation.anomaly.models import AnomalyResult, MetricBaseline
from contexta.interpretation.anomaly.policy import AnomalyPolicy
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.query.filters import RunListQuery, TimeRange
from contexta.interpretation.query.metrics import aggregated, metric_summaries, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord

_MAD_TO_STD = 1.4826  # makes the deviation of a normal distribution comparable to its std
_GRAVE = 1.5


class AnomalyService:
    """Compares one value per run with a baseline of other runs."""

    def __init__(
        self,
        query_service: QueryService,
        *,
        z_score_threshold: float = 2.5,
        min_baseline_runs: int = 3,
        metric_aggregation: str = "latest",
        monitored_metrics: Iterable[str] = (),
        robust: bool = False,
    ) -> None:
        """See ``AnomalyPolicy`` for the settings and what they raise."""
        self.query_service = query_service
        self.config = AnomalyPolicy(
            z_score_threshold,
            min_baseline_runs,
            tuple(monitored_metrics),
            metric_aggregation,
            robust,
        )

    def compute_baseline(
        self,
        metric_key: str,
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
        stage_name: str | None = None,
    ) -> MetricBaseline:
        """Return the baseline of a metric over every run selected, whatever its status."""
        ids = self.query_service.list_run_ids(project_name, query=query)
        return self._baseline(metric_key, ids, stage_name)

    def detect_anomalies(
        self, run_id: str, *, baseline: MetricBaseline, stage_name: str | None = None
    ) -> tuple[AnomalyResult, ...]:
        """Return one result, also for a usual value; none when the run lacks the metric.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous.
        """
        run = self.query_service.require_run(run_id)
        rows = metric_summaries(self.query_service.repository, [run.run_id], [baseline.metric_key])
        result = self._judge(run, baseline, rows, stage_name)
        return () if result is None else (result,)

    def detect_anomalies_in_run(
        self,
        run_id: str,
        *,
        baseline_query: RunListQuery | None = None,
        metric_keys: Iterable[str] | None = None,
        stage_name: str | None = None,
        include_normal: bool = False,
    ) -> tuple[AnomalyResult, ...]:
        """Return the unusual metrics of a run, with ``include_normal`` the usual ones too.

        The baseline are the completed runs of the same project that started earlier, or what
        ``baseline_query`` selects; never the run itself. A metric with fewer than two values
        there is left out, unless the run's own value is not finite.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous.
        """
        run = self.query_service.require_run(run_id)
        repository = self.query_service.repository
        own = metric_summaries(repository, [run.run_id])
        keys = self._keys(own, metric_keys)
        peers = self._peers(run, baseline_query)
        results = []
        for key in keys:
            baseline = self._baseline(key, peers, stage_name)
            result = self._judge(run, baseline, own, stage_name)
            if result is None or (
                baseline.computed_from_n_runs < 2 and math.isfinite(result.actual_value)
            ):
                continue
            if include_normal or result.severity != "info":
                results.append(result)
        return tuple(results)

    def _keys(
        self, own: Sequence[MetricSummaryRecord], metric_keys: Iterable[str] | None
    ) -> list[str]:
        present = list(dict.fromkeys(row.metric_key for row in own))
        if metric_keys is not None:
            return list(dict.fromkeys(metric_keys))
        monitored = [key for key in self.config.monitored_metrics if key in present]
        return monitored or present

    def _peers(self, run: RunRecord, query: RunListQuery | None) -> list[str]:
        if query is None:
            start = instant_us(run.started_at)
            if start is None:
                return []
            earlier = TimeRange(started_before=from_epoch_us(start - 1))
            query = RunListQuery(
                project_name=run.project_name, status="completed", time_range=earlier
            )
        found = self.query_service.list_run_ids(query=query)
        return [run_id for run_id in found if run_id != run.run_id]

    def _baseline(self, key: str, run_ids: Sequence[str], stage_name: str | None) -> MetricBaseline:
        found = self.query_service.run_values(
            key,
            run_ids=run_ids,
            stage_name=stage_name,
            aggregation=self.config.metric_aggregation,
        )
        values = [value for value in found.values() if math.isfinite(value)]
        median = percentile(values, 0.5)
        deviations = [] if median is None else [abs(value - median) for value in values]
        return MetricBaseline(
            metric_key=key,
            mean=mean(values),
            std=population_std(values),
            p5=percentile(values, 0.05),
            p95=percentile(values, 0.95),
            computed_from_n_runs=len(values),
            median=median,
            mad=percentile(deviations, 0.5),
        )

    def _judge(
        self,
        run: RunRecord,
        baseline: MetricBaseline,
        rows: Iterable[MetricSummaryRecord],
        stage_name: str | None,
    ) -> AnomalyResult | None:
        key = baseline.metric_key
        row = pick_summary((row for row in rows if row.metric_key == key), stage_name)
        value = None if row is None else aggregated(row, self.config.metric_aggregation)
        if value is None:
            return None
        center, spread = self._center(baseline)
        z_score, severity = self._score(value, center, spread)
        expected: tuple[float | None, float | None] = (None, None)
        if center is not None and spread is not None:
            reach = self.config.z_score_threshold * spread
            expected = (center - reach, center + reach)
        notes: tuple[CompletenessNote, ...] = ()
        if baseline.computed_from_n_runs < self.config.min_baseline_runs:
            details = {"computed_from_n_runs": baseline.computed_from_n_runs}
            notes = (CompletenessNote("warning", f"baseline_population_small:{key}", details),)
        link = EvidenceLink("run", run.run_id, run.name)
        return AnomalyResult(key, run.run_id, value, expected, z_score, severity, (link,), notes)

    def _center(self, baseline: MetricBaseline) -> tuple[float | None, float | None]:
        if not self.config.robust or baseline.mad is None:
            return baseline.mean, baseline.std
        return baseline.median, baseline.mad * _MAD_TO_STD

    def _score(
        self, value: float, center: float | None, spread: float | None
    ) -> tuple[float | None, str]:
        if not math.isfinite(value):
            return None, "error"
        if center is None or spread is None:
            return None, "info"
        if spread == 0 or spread < abs(center) * 1e-12:
            same = math.isclose(value, center, rel_tol=1e-9)
            return (0.0, "info") if same else (None, "error")
        z_score = (value - center) / spread
        threshold = self.config.z_score_threshold
        if abs(z_score) < threshold:
            return z_score, "info"
        return z_score, "warning" if abs(z_score) < _GRAVE * threshold else "error"
