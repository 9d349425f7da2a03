"""Evaluates rules over metric values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from contexta.interpretation._base import Results
from contexta.interpretation._known_names import near_metrics, near_projects, near_stages
from contexta.interpretation.alert._checks import check_rules, label_of
from contexta.interpretation.alert.errors import AlertError as AlertError  # reached here by scripts
from contexta.interpretation.alert.models import AlertReport, AlertResult, AlertRule
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.completeness.service import completeness_of
from contexta.interpretation.query.filters import OPERATORS, RunListQuery
from contexta.interpretation.query.metrics import aggregated, by_run, metric_summaries, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord
from contexta.interpretation.trend.policy import check_aggregation


class AlertService:
    """Compares one value per run and rule with the rule's threshold."""

    def __init__(self, query_service: QueryService, *, metric_aggregation: str = "latest") -> None:
        """Use the latest, max, min or mean value of each run.

        Raises:
            ValidationError: ``trend_invalid_metric_aggregation``.
        """
        self.query_service = query_service
        self.metric_aggregation = check_aggregation(metric_aggregation)

    def evaluate_alerts(self, run_id: str, rules: Iterable[AlertRule]) -> Results[AlertResult]:
        """Return one result per rule, in order.

        A run without the metric gives a result with a note, which names the nearest keys when no
        run that was looked at has it. A value that is NaN triggers every rule but ``eq``: a
        threshold on a loss that became NaN must not stay silent.

        Raises:
            ResolutionError: the run is unknown or its name is ambiguous.
            ValidationError: rules are faulty; all problems are in the message and in ``details``.
        """
        chosen = check_rules(rules)
        run = self.query_service.require_run(run_id)
        keys = [rule.metric_key for rule in chosen]
        known = completeness_of(self.query_service, [run.run_id], keys)
        return Results(self._evaluate([run], chosen, known), AlertResult)

    def evaluate_alerts_fleet(
        self,
        rules: Iterable[AlertRule],
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> AlertReport:
        """Return the results of every run selected, run by run.

        Where the limit of the query leaves runs out, a note says how many there are.

        Raises:
            ValidationError: a rule is faulty.
        """
        chosen = check_rules(rules)
        runs = self.query_service.list_runs(project_name, query=query)
        total = self._count(len(runs), query, project_name)
        notes = []
        if not runs:
            near = near_projects(self.query_service.repository, project_name)
            details = {"project_name": project_name, "nearest": list(near)}
            notes.append(CompletenessNote("info", "alert_population_empty", details))
        if total > len(runs):
            counts = {"looked_at": len(runs), "total_runs": total}
            notes.append(CompletenessNote("info", "alert_runs_left_out", counts))
        ids = tuple(run.run_id for run in runs)
        return AlertReport(
            run_ids=ids,
            results=self._evaluate(runs, chosen),
            completeness_notes=tuple(notes),
            completeness=completeness_of(
                self.query_service, ids, [rule.metric_key for rule in chosen]
            ),
            total_runs=total,
        )

    def _count(self, found: int, query: RunListQuery | None, project_name: str | None) -> int:
        """Return how many runs a query selects without its limit and offset."""
        if query is None or not (query.offset or query.limit == found):
            return found  # the limit was not reached
        # In the cheapest order: a count needs none.
        whole = replace(query, limit=None, offset=0, sort_by="started_at", sort_desc=False)
        return len(self.query_service.list_run_ids(project_name, query=whole))

    def _evaluate(
        self,
        runs: Sequence[RunRecord],
        rules: tuple[AlertRule, ...],
        completeness: Completeness | None = None,
    ) -> tuple[AlertResult, ...]:
        keys = sorted({rule.metric_key for rule in rules})
        ids = [run.run_id for run in runs]
        rows = by_run(metric_summaries(self.query_service.repository, ids, keys)) if keys else {}
        present = {row.metric_key for found in rows.values() for row in found}
        near = {
            key: near_metrics(self.query_service.repository, ids, key)
            for key in keys
            if ids and key not in present
        }
        measured = {row.stage_name for found in rows.values() for row in found}
        stages = {
            name: near_stages(self.query_service.repository, runs, name)
            for name in {rule.stage_name for rule in rules}
            if name is not None and runs and name not in measured
        }
        return tuple(
            self._result(
                run,
                rule,
                rows.get(run.run_id, []),
                near.get(rule.metric_key, ()),
                stages,
                completeness,
            )
            for run in runs
            for rule in rules
        )

    def _result(
        self,
        run: RunRecord,
        rule: AlertRule,
        rows: list[MetricSummaryRecord],
        near: tuple[str, ...],
        stages: Mapping[str, tuple[str, ...]],
        completeness: Completeness | None,
    ) -> AlertResult:
        same = [row for row in rows if row.metric_key == rule.metric_key]
        row = pick_summary(same, rule.stage_name)
        value = None if row is None else aggregated(row, self.metric_aggregation)
        notes: tuple[CompletenessNote, ...] = ()
        if value is None:
            details = {
                "run_id": run.run_id,
                "stage_name": rule.stage_name,
                "nearest": list(near),
            }
            if rule.stage_name is not None and rule.stage_name in stages:
                details["nearest_stages"] = list(stages[rule.stage_name])
            summary = f"alert_metric_missing:{rule.metric_key}"
            notes = (CompletenessNote("warning", summary, details),)
        links: tuple[EvidenceLink, ...] = (EvidenceLink("run", run.run_id, run.name),)
        if row is not None and row.last_record_id:
            links += (EvidenceLink("record", row.last_record_id, row.metric_key),)
        return AlertResult(
            rule_name=label_of(rule),
            metric_key=rule.metric_key,
            run_id=run.run_id,
            actual_value=value,
            threshold=rule.threshold,
            operator=rule.operator,
            triggered=value is not None and _triggered(rule, value),
            severity=rule.severity,
            stage_name=rule.stage_name,
            evidence_links=links,
            completeness_notes=notes,
            completeness=completeness,
        )


def _triggered(rule: AlertRule, value: float) -> bool:
    if math.isnan(value):
        return rule.operator != "eq"
    return OPERATORS[rule.operator](value, rule.threshold)
