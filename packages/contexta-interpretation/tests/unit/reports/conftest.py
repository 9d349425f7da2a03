"""One project with everything a report must show, and every report about it."""

from __future__ import annotations

import math
import random

import pytest

from contexta.interpretation import (
    AlertRule,
    AlertService,
    AnomalyService,
    CompareService,
    DiagnosticsService,
    QueryService,
    ReportBuilder,
    ReportDocument,
    TrendService,
)
from contexta.interpretation.changes import ChangeService
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.gate import GateService
from contexta.interpretation.groups import GroupService

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=cmd|'x'`*\n# \\ $a$ _b_ http://x"
LONG = "z" * 10_000
CHANGE_AT = 10
KINDS = [
    *("snapshot", "run", "project", "trend", "alert", "multi"),
    *("group", "gate", "change", "bisection", "anomaly"),
]
RULES = [
    {"type": "threshold", "metric_key": "loss", "operator": "<", "value": 9.0},
    {"type": "no_regression", "metric_key": "loss"},
    {"type": "required_metrics", "metric_keys": ["auc"], "name": HOSTILE},
    {"type": "completeness"},
]


@pytest.fixture
def project(make) -> QueryService:
    """Twenty runs, worse from the eleventh on; one failed, two have NaN, one lacks a metric."""
    noise = random.Random(5)
    runs, records = [], []
    for i in range(20):
        run = make.run(
            f"r{i:02d}",
            minute=i,
            status="failed" if i == 3 else "completed",
            params={"optimizer": "adam" if i < CHANGE_AT else "sgd", "seed": i},
        )
        runs.append(run)
        if i in (0, 19):
            records.append(make.metric(run, "loss", math.nan, step=0))
        for step in range(4):
            value = noise.gauss(1.0 if i < CHANGE_AT else 2.0, 0.05) + 1 / (step + 1)
            records.append(make.metric(run, "loss", value, step=step))
        if i != 6:
            records.append(make.metric(run, "size", 5.0))
        records.append(make.metric(run, HOSTILE, noise.gauss(0, 1)))
    odd = make.run(
        "odd",
        minute=40,
        status="open",
        params={HOSTILE: HOSTILE, "long": LONG},
        tags={"team": HOSTILE},
        description=HOSTILE,
    )
    records.append(make.metric(odd, "loss", math.inf, step=0))
    records.append(make.event(odd, "oom", "error", message=HOSTILE))
    return QueryService(make.repository(runs=[*runs, odd], records=records))


_built: dict[str, ReportDocument] = {}


@pytest.fixture
def documents(project) -> dict[str, ReportDocument]:
    """Every kind of report, by the name of its builder method; built once, as none can change."""
    if not _built:
        _built.update(_documents(project))
    return _built


@pytest.fixture(params=KINDS)
def document(request, documents) -> ReportDocument:
    """One report after the other."""
    return documents[request.param]


def _documents(project) -> dict[str, ReportDocument]:
    builder = ReportBuilder()
    compare = CompareService(project)
    diagnose = DiagnosticsService(project).diagnose_run
    ids = [f"run:p.r{i:02d}" for i in range(20)]
    older, newer = ids[:CHANGE_AT], ids[CHANGE_AT:]
    changes = ChangeService(project)
    alerts = AlertService(project).evaluate_alerts(ids[-1], [AlertRule("loss", "gt", 1.0)])
    return {
        "snapshot": builder.build_snapshot_report(
            project.get_run_snapshot("run:p.odd"), diagnose("run:p.odd")
        ),
        "run": builder.build_run_report(
            compare.compare_runs(ids[0], "run:p.odd"), diagnose(ids[0]), diagnose("run:p.odd")
        ),
        "project": builder.build_project_summary_report(
            "p", runs=project.list_runs("p"), completeness=completeness_of(project, ids)
        ),
        "trend": builder.build_trend_report(TrendService(project).get_metric_trend("loss")),
        "alert": builder.build_alert_report(alerts),
        "multi": builder.build_multi_run_report(compare.compare_multiple_runs(ids[-5:])),
        "group": builder.build_group_report(GroupService(project).compare_groups(older, newer)),
        "gate": builder.build_gate_report(GateService(project).evaluate(newer, RULES, older)),
        "change": builder.build_change_report(changes.find_changes("loss")),
        "bisection": builder.build_bisection_report(changes.bisect("loss")),
        "anomaly": builder.build_anomaly_report(
            AnomalyService(project).detect_anomalies_in_run("run:p.odd")
        ),
    }
