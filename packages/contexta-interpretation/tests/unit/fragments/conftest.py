"""One small project with hostile names, and each kind of result about it."""

from __future__ import annotations

import math

import pytest

from contexta.interpretation import (
    AggregationService,
    AlertRule,
    AlertService,
    AnomalyService,
    ArtifactSizePoint,
    ArtifactSizeTrend,
    CompareService,
    DeploymentRecord,
    DiagnosticsService,
    DurationTrend,
    EnvironmentDiff,
    EnvironmentValueChange,
    LineageEdge,
    LineageTraversal,
    ProvenanceService,
    QueryService,
    ReportBuilder,
    RunPage,
    StageDurationPoint,
    TrendService,
)
from contexta.interpretation.changes import ChangeService
from contexta.interpretation.gate import GateService
from contexta.interpretation.groups import GroupService

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=cmd|'x'`*</style>"
RULES = [{"type": "required_metrics", "metric_keys": [HOSTILE], "name": HOSTILE}]


@pytest.fixture
def project(make) -> QueryService:
    """Six runs with curves, one with a NaN and hostile params, one failed."""
    runs, records, artifacts = [], [], []
    for number in range(6):
        run = make.run(
            HOSTILE if number == 5 else f"r{number}",
            minute=number,
            status="failed" if number == 3 else "completed",
            params={"seed": number, **({HOSTILE: HOSTILE} if number == 5 else {})},
            tags={"by": HOSTILE},
        )
        runs.append(run)
        for step in range(5):
            records.append(make.metric(run, "loss", number + 1 / (step + 1), step=step))
        records.append(make.metric(run, HOSTILE, math.nan if number == 5 else 0.5 + number))
        artifacts.append(make.artifact(run, "model", HOSTILE, size_bytes=1000 + number))
    records.append(make.event(runs[5], "oom", "error", message=HOSTILE))
    return QueryService(make.repository(runs=runs, records=records, artifacts=artifacts))


@pytest.fixture
def results(project) -> dict[str, object]:
    """One result of each kind that has a card."""
    trends, changes = TrendService(project), ChangeService(project)
    compare, aggregate = CompareService(project), AggregationService(project)
    runs = project.list_runs()
    ids = [run.run_id for run in runs]
    snapshot = project.get_run_snapshot(ids[5])
    rules = [AlertRule("loss", "gt", 1.0, name=HOSTILE)]
    alerts = AlertService(project)
    documents = [ReportBuilder().build_trend_report(trends.get_metric_trend(HOSTILE))] * 2
    edge = LineageEdge("relation:p.x", ids[0], HOSTILE, HOSTILE, "2026-01-01T00:00:00Z", "both", 1)
    change = EnvironmentValueChange(HOSTILE, None, HOSTILE)
    return {
        "snapshot": snapshot,
        "comparison": compare.compare_runs(ids[0], ids[5]),
        "several": compare.compare_multiple_runs(ids[2:]),
        "trend": trends.get_metric_trend("loss"),
        "hostile trend": trends.get_metric_trend(HOSTILE),
        "curve": trends.get_step_series(ids[5], "loss"),
        "curves": [trends.get_step_series(run, "loss") for run in ids],
        "durations": DurationTrend("fit", "p", (StageDurationPoint(ids[0], HOSTILE, "fit", 2.0),)),
        "sizes": ArtifactSizeTrend(
            HOSTILE, "p", (ArtifactSizePoint(ids[0], "r0", HOSTILE, 5, HOSTILE),) * 2
        ),
        "runs": runs,
        "no runs": project.list_runs("nowhere"),
        "page": RunPage(runs[:2], "more"),
        "run": runs[5],
        "issues": DiagnosticsService(project).diagnose_run(ids[5]),
        "aggregate": aggregate.aggregate_metric(HOSTILE),
        "stages": aggregate.aggregate_by_stage(),
        "statuses": aggregate.run_status_distribution(),
        "alerts": alerts.evaluate_alerts(ids[5], rules),
        "alert": alerts.evaluate_alerts(ids[5], rules)[0],
        "fleet": alerts.evaluate_alerts_fleet(rules),
        "anomalies": AnomalyService(project).detect_anomalies_in_run(ids[5]),
        "lineage": LineageTraversal(ids[0], (edge,), (ids[0], HOSTILE)),
        "environments": EnvironmentDiff(
            *(ids[0], ids[1], None, None, True, False), added_packages=(change,)
        ),
        "audit": ProvenanceService(project).audit_reproducibility(ids[5]),
        "groups": GroupService(project).compare_groups(ids[:3], ids[3:]),
        "replicates": GroupService(project).replicate_groups([HOSTILE]),
        "gate": GateService(project).evaluate(ids[5], RULES),
        "changes": changes.find_changes("loss"),
        "bisection": changes.bisect("loss"),
        "report": documents[0],
        "reports": compare.compare_report_documents(*documents),
        "completeness": snapshot.completeness,
        "artifacts": snapshot.artifacts,
        "artifact": snapshot.artifacts[0],
        "records": snapshot.records,
        "deployment": DeploymentRecord("d", "p", HOSTILE, "completed"),
    }
