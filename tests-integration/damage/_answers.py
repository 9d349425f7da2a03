"""Every question of the interpretation services about given runs, as plain data."""

from typing import Any

from contexta import Contexta
from contexta.interpretation import (
    AlertRule,
    MetricCondition,
    RunListQuery,
    completeness_of,
)

HEALTHY = {"health": "good"}


def answers(ctx: Contexta, runs: list[str]) -> dict[str, Any]:
    """Ask everything about these runs, which are those tagged as healthy."""
    one, other = runs[:2]
    found: dict[str, Any] = {}
    for run in runs:
        found.update({f"{name} of {run}": own for name, own in _of_run(ctx, run).items()})
    query = RunListQuery(tags=HEALTHY)
    compared = ctx.compare_runs(one, other)
    found["two runs"] = compared
    found["two runs, report"] = ctx.build_run_report(one, other)
    found["two environments"] = ctx.compare_environments(one, other)
    found["several runs"] = ctx.compare_multiple_runs(runs)
    found["several runs, report"] = ctx.build_multi_run_report(runs)
    found["best"] = ctx.select_best_run(runs, "loss")
    found.update(_of_lists(ctx, query))
    found.update(_of_populations(ctx, query, one))
    found.update(_of_groups(ctx, query, runs))
    found["completeness"] = completeness_of(ctx.query_service, runs)
    return {name: plain(answer) for name, answer in found.items()}


def _of_run(ctx: Contexta, run: str) -> dict[str, Any]:
    rules = [AlertRule("loss", "lt", 0.2)]
    return {
        "snapshot": ctx.get_run_snapshot(run),
        "snapshot, report": ctx.build_snapshot_report(run),
        "facts": ctx.query_service.get_run_facts(run),
        "diagnosis": ctx.diagnose_run(run),
        "curve": ctx.get_step_series(run, "loss"),
        "lineage": ctx.traverse_lineage(run),
        "alerts": ctx.evaluate_alerts(run, rules),
        "alerts, report": ctx.build_alert_report(run, rules),
        "audit": ctx.audit_reproducibility(run),
        "provenance": ctx.get_provenance(run),
        "batches": ctx.list_batches(run),
        "samples": ctx.list_samples(run),
        "deployments": ctx.list_deployments(run_id=run),
        "artifacts": ctx.repository.list_artifacts(run_id=run),
        "origin": [
            ctx.get_artifact_origin(artifact.artifact_ref)
            for artifact in ctx.repository.list_artifacts(run_id=run)
        ],
        "relations": ctx.repository.list_relations(run),
        "completeness": completeness_of(ctx.query_service, [run], ["loss"]),
    }


def _of_lists(ctx: Contexta, query: RunListQuery) -> dict[str, Any]:
    queries = ctx.query_service
    low = RunListQuery(tags=HEALTHY, metric_conditions=(MetricCondition("loss", "lt", 1.0),))
    best = RunListQuery(tags=HEALTHY, sort_by="metric:loss", limit=2)
    where = RunListQuery(where='tags.health = "good" and metrics.loss.max > 0')
    return {
        "list": ctx.list_runs(query=query),
        "list by metric": ctx.list_runs(query=low),
        "best of the list": ctx.list_runs(query=best),
        "list by expression": ctx.list_runs(query=where),
        "ids": queries.list_run_ids(query=query),
        "values": queries.run_values("loss", query=query),
        "page": queries.page_runs(query, limit=2),
        "page by metric": queries.page_runs(low, limit=2),
    }


def _of_populations(ctx: Contexta, query: RunListQuery, run: str) -> dict[str, Any]:
    aggregation, anomaly = ctx.aggregation_service, ctx.anomaly_service
    rules = [AlertRule("loss", "lt", 0.2)]
    return {
        "trend": ctx.get_metric_trend("loss", query=query),
        "trend, report": ctx.build_trend_report("loss", query=query),
        "durations": ctx.get_stage_duration_trend("train", query=query),
        "sizes": ctx.get_artifact_size_trend("model", query=query),
        "fleet": ctx.evaluate_alerts_fleet(rules, query=query),
        "aggregate": aggregation.aggregate_metric("loss", query=query),
        "points": aggregation.aggregate_points("loss", query=query),
        "stages": aggregation.aggregate_by_stage(query=query),
        "statuses": aggregation.run_status_distribution(query=query),
        "baseline": anomaly.compute_baseline("loss", query=query),
        "anomalies": anomaly.detect_anomalies_in_run(
            run, baseline_query=query, include_normal=True
        ),
    }


def _of_groups(ctx: Contexta, query: RunListQuery, runs: list[str]) -> dict[str, Any]:
    rule = {"type": "threshold", "metric_key": "loss", "operator": "lt", "value": 0.2}
    return {
        "replicates": ctx.group_service.replicate_groups(["lr"], query=query),
        "two groups": ctx.group_service.compare_groups(runs[:1], runs[1:], ["loss"]),
        "changes": ctx.change_service.find_changes("loss", query=query),
        "gate": ctx.gate_service.evaluate(runs[0], [rule]),
        "summaries": ctx.aggregate_service.metric_summaries("loss", runs=runs),
        "last values": ctx.aggregate_service.last_values("loss", runs=runs),
        "step curve": ctx.aggregate_service.step_curve("loss", runs=runs),
    }


def plain(answer: Any) -> Any:
    """Return an answer as plain data, the moment of its making aside."""
    if hasattr(answer, "to_dict"):
        answer = answer.to_dict()
    if isinstance(answer, dict):
        return {key: plain(own) for key, own in answer.items() if key != "generated_at"}
    if isinstance(answer, (list, tuple)):
        return [plain(own) for own in answer]
    return answer
