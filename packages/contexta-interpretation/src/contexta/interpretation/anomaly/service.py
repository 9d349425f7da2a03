"""Finds values that earlier runs make unlikely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.contract.time import from_epoch_us
from contexta.interpretation._base import Results
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation._statistics import deviations, mean, percentile, sample_std
from contexta.interpretation.anomaly.errors import (
    AnomalyError as AnomalyError,
)  # reached here by scripts
from contexta.interpretation.anomaly.models import AnomalyResult, MetricBaseline
from contexta.interpretation.anomaly.policy import AnomalyPolicy
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import Completeness, completeness_of
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.instants import instant_us
from contexta.interpretation.query.filters import RunListQuery, TimeRange, given_query
from contexta.interpretation.query.metrics import aggregated, metric_summaries, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord

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
        """Return the baseline of a metric over the completed runs selected.

        A query that names a status gets that status. A metric that no run has gives an empty
        baseline with a note that names the nearest.
        """
        ids, others = self._population(given_query(query), project_name)
        completeness = completeness_of(self.query_service, ids, [metric_key])
        found = self._baseline(metric_key, ids, stage_name, others, completeness)
        if not ids or found.excluded_missing < len(ids):
            return found
        rows = metric_summaries(self.query_service.repository, ids)
        details = {"nearest": list(nearest(metric_key, {row.metric_key for row in rows}))}
        note = CompletenessNote("warning", f"metric_unknown:{metric_key}", details)
        return replace(found, completeness_notes=(*found.completeness_notes, note))

    def detect_anomalies(
        self, run_id: str, *, baseline: MetricBaseline, stage_name: str | None = None
    ) -> Results[AnomalyResult]:
        """Return one result, also for a usual value; none when the run lacks the metric.

        The value is judged by ``baseline`` as it is: a score needs two values or more, and fewer
        than ``min_baseline_runs`` are said in a note.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous.
        """
        run = self.query_service.require_run(run_id)
        rows = metric_summaries(self.query_service.repository, [run.run_id], [baseline.metric_key])
        result = self._judge(run, baseline, rows, stage_name)
        return Results(() if result is None else (result,), AnomalyResult)

    def detect_anomalies_in_run(
        self,
        run_id: str,
        *,
        baseline_query: RunListQuery | None = None,
        metric_keys: Iterable[str] | None = None,
        stage_name: str | None = None,
        include_normal: bool = True,
    ) -> Results[AnomalyResult]:
        """Return one result per metric of a run; without ``include_normal`` the unusual ones.

        A usual value has the severity ``info``. The baseline are the completed runs of the same
        project that started earlier. ``baseline_query`` narrows them down, or names another
        project, status, time range or the runs themselves (``run_ids``); the run itself is never
        among them. A metric with fewer than two values there is left out, unless the run's own
        value is not finite.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous, or it has none of
                ``metric_keys`` (``anomaly_unknown_metric``; ``details`` name the nearest).
            ValidationError: ``metric_keys`` is no list of names (``anomaly_invalid_metric_keys``).
        """
        run = self.query_service.require_run(run_id)
        own = metric_summaries(self.query_service.repository, [run.run_id])
        keys = self._keys(run, own, metric_keys)
        peers, others = self._population(_earlier(run, baseline_query), None)
        peers = [peer for peer in peers if peer != run.run_id]
        completeness = completeness_of(self.query_service, peers, keys)
        results = []
        for key in keys:
            baseline = self._baseline(key, peers, stage_name, others, completeness)
            result = self._judge(run, baseline, own, stage_name)
            if result is None or (baseline.n < 2 and math.isfinite(result.actual_value)):
                continue
            if include_normal or result.severity != "info":
                results.append(result)
        return Results(results, AnomalyResult)

    def _keys(
        self,
        run: RunRecord,
        own: Sequence[MetricSummaryRecord],
        metric_keys: Iterable[str] | None,
    ) -> list[str]:
        present = list(dict.fromkeys(row.metric_key for row in own))
        if metric_keys is None:
            monitored = [key for key in self.config.monitored_metrics if key in present]
            return monitored or present
        if isinstance(metric_keys, str) or not isinstance(metric_keys, Iterable):
            raise ValidationError(
                f"metric_keys is {metric_keys!r}; it must be a list of metric keys",
                code="anomaly_invalid_metric_keys",
                details={"metric_keys": str(metric_keys)},
            )
        keys = list(dict.fromkeys(metric_keys))
        if keys and present and not set(keys) & set(present):
            close = list(dict.fromkeys(name for key in keys for name in nearest(key, present)))
            raise ResolutionError(
                f"{run.run_id} has no metric {', '.join(map(repr, keys))}{hint(close)}",
                code="anomaly_unknown_metric",
                details={"run_id": run.run_id, "metric_keys": keys, "nearest": close},
            )
        return keys

    def _population(self, query: RunListQuery, project_name: str | None) -> tuple[list[str], int]:
        """Return the ids of completed runs, and how many others the filters select."""
        if query.status is not None:
            return list(self.query_service.list_run_ids(project_name, query=query)), 0
        completed = replace(query, status="completed")
        ids = list(self.query_service.list_run_ids(project_name, query=completed))
        if query.limit is not None or query.offset:
            return ids, 0
        return ids, len(self.query_service.list_run_ids(project_name, query=query)) - len(ids)

    def _baseline(
        self,
        key: str,
        run_ids: Sequence[str],
        stage_name: str | None,
        others: int,
        completeness: Completeness,
    ) -> MetricBaseline:
        found = self.query_service.run_values(
            key,
            run_ids=run_ids,
            stage_name=stage_name,
            aggregation=self.config.metric_aggregation,
        )
        values = [value for value in found.values() if math.isfinite(value)]
        notes = self._notes(key, len(values), len(found))
        median, mad, mean_deviation = deviations(values)
        return MetricBaseline(
            metric_key=key,
            mean=mean(values),
            std=sample_std(values),
            p5=percentile(values, 0.05),
            p95=percentile(values, 0.95),
            computed_from_n_runs=len(values),
            median=median,
            mad=mad,
            mean_deviation=mean_deviation,
            excluded_missing=len(run_ids) - len(found),
            excluded_nonfinite=len(found) - len(values),
            excluded_status=others,
            completeness_notes=tuple(notes),
            completeness=completeness,
        )

    def _notes(self, key: str, finite: int, found: int) -> list[CompletenessNote]:
        notes = []
        if finite < self.config.min_baseline_runs:
            notes.append(_small(key, finite))
        if found > finite:
            details: dict[str, Any] = {"count": found - finite}
            notes.append(CompletenessNote("warning", f"nonfinite_values_left_out:{key}", details))
        return notes

    def _judge(
        self,
        run: RunRecord,
        baseline: MetricBaseline,
        rows: Iterable[MetricSummaryRecord],
        stage_name: str | None,
    ) -> AnomalyResult | None:
        key = baseline.metric_key
        row = pick_summary((row for row in rows if row.metric_key == key), stage_name)
        if row is None:
            return None
        value = aggregated(row, self.config.metric_aggregation)
        if value is None:  # there are values, and none is finite
            value = math.nan
        robust, center, spread = self._center(baseline)
        z_score, severity = self._score(value, center, spread)
        expected: tuple[float | None, float | None] = (None, None)
        if center is not None and spread is not None:
            reach = self.config.z_score_threshold * spread
            expected = (center - reach, center + reach)
        small = baseline.n < self.config.min_baseline_runs
        return AnomalyResult(
            metric_key=key,
            run_id=run.run_id,
            actual_value=value,
            expected_range=expected,
            z_score=z_score,
            severity=severity,
            evidence_links=_links(run, row),
            completeness_notes=(_small(key, baseline.n),) if small else (),
            robust=robust,
            baseline=baseline,
            completeness=baseline.completeness,
        )

    def _center(self, baseline: MetricBaseline) -> tuple[bool, float | None, float | None]:
        """Return whether the robust statistics are used, the center and the spread."""
        if not self.config.robust or baseline.mad is None:
            return False, baseline.mean, baseline.std
        if baseline.mad == 0 and baseline.mean_deviation is None:  # not computed here
            return True, baseline.median, baseline.std
        return True, baseline.median, baseline.robust_spread if baseline.n > 1 else None

    def _score(
        self, value: float, center: float | None, spread: float | None
    ) -> tuple[float | None, str]:
        if not math.isfinite(value):
            return None, "error"
        if center is None or spread is None:
            return None, "info"
        # Equal values can have a mean that is off by rounding, and then a spread above 0.
        if spread == 0 or spread < abs(center) * 1e-12:
            same = math.isclose(value, center, rel_tol=1e-9)
            return (0.0, "info") if same else (None, "error")
        z_score = (value - center) / spread
        if not math.isfinite(z_score):
            return None, "error"
        threshold = self.config.z_score_threshold
        if abs(z_score) < threshold:
            return z_score, "info"
        return z_score, "warning" if abs(z_score) < _GRAVE * threshold else "error"


def _earlier(run: RunRecord, query: RunListQuery | None) -> RunListQuery:
    """Return the query of a run's baseline: what ``query`` leaves open is decided here."""
    query = given_query(query)
    if query.run_ids is not None:
        return query
    if query.project_name is None:
        query = replace(query, project_name=run.project_name)
    start = instant_us(run.started_at)
    if query.time_range is None and start is not None:
        earlier = TimeRange(started_before=from_epoch_us(start - 1))
        query = replace(query, time_range=earlier)
    return query


def _small(key: str, count: int) -> CompletenessNote:
    details = {"computed_from_n_runs": count}
    return CompletenessNote("warning", f"baseline_population_small:{key}", details)


def _links(run: RunRecord, row: MetricSummaryRecord) -> tuple[EvidenceLink, ...]:
    link = EvidenceLink("run", run.run_id, run.name)
    if not row.last_record_id:
        return (link,)
    return link, EvidenceLink("record", row.last_record_id, row.metric_key)
