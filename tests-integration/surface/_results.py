"""One answer of each kind, by the facade."""

from contexta.interpretation import AlertRule

RULE = AlertRule("loss", "gt", 0)
FITS = ["demo.fit", "demo.fit-2", "demo.fit-3"]
GATE = [{"type": "threshold", "metric_key": "score", "operator": ">", "value": 0.1}]

RESULTS = {
    "runs": lambda ctx: ctx.list_runs(),
    "page": lambda ctx: ctx.page_runs(limit=2),
    "deployments": lambda ctx: ctx.list_deployments(),
    "batches": lambda ctx: ctx.list_batches("demo.fit"),
    "samples": lambda ctx: ctx.list_samples("demo.fit"),
    "snapshot": lambda ctx: ctx.get_run_snapshot("demo.fit"),
    "records": lambda ctx: ctx.get_run_snapshot("demo.fit").records,
    "comparison": lambda ctx: ctx.compare_runs(*FITS[:2]),
    "comparison of many": lambda ctx: ctx.compare_multiple_runs(FITS),
    "diagnosis": lambda ctx: ctx.diagnose_run("demo.broken"),
    "lineage": lambda ctx: ctx.traverse_lineage("artifact:demo.fit-2.model"),
    "trend": lambda ctx: ctx.get_metric_trend("score"),
    "curve": lambda ctx: ctx.get_step_series("demo.diverged", "loss"),
    "durations": lambda ctx: ctx.get_stage_duration_trend("train"),
    "sizes": lambda ctx: ctx.get_artifact_size_trend("model"),
    "alerts": lambda ctx: ctx.evaluate_alerts("demo.fit", [RULE]),
    "fleet": lambda ctx: ctx.evaluate_alerts_fleet([RULE]),
    "audit": lambda ctx: ctx.audit_reproducibility("demo.fit"),
    "environments": lambda ctx: ctx.compare_environments(*FITS[:2]),
    "aggregate": lambda ctx: ctx.aggregation_service.aggregate_metric("score"),
    "stages": lambda ctx: ctx.aggregation_service.aggregate_by_stage(),
    "statuses": lambda ctx: ctx.aggregation_service.run_status_distribution(),
    "baseline": lambda ctx: ctx.anomaly_service.compute_baseline("score"),
    "anomalies": lambda ctx: ctx.anomaly_service.detect_anomalies_in_run("demo.fit-3"),
    "groups": lambda ctx: ctx.replicate_groups(["lr"]),
    "group comparison": lambda ctx: ctx.compare_groups(FITS[:2], FITS[2:]),
    "gate": lambda ctx: ctx.evaluate_gate("demo.fit", GATE),
    "changes": lambda ctx: ctx.find_changes("score"),
    "bisection": lambda ctx: ctx.bisect("score"),
}
