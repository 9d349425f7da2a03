"""Reports through the facade, on runs that capture wrote."""

import json
import math
import random

import pytest

KINDS = ["run", "two", "several", "project", "trend", "alert", "group", "gate", "change"]
KINDS += ["bisection", "anomaly"]


@pytest.fixture
def documents(ctx):
    """Every report about twelve runs, worse from the seventh on, one of them with a NaN."""
    from contexta.interpretation import AlertRule

    noise = random.Random(3)
    for i in range(12):
        with ctx.run("train", run_id=f"r{i:02d}", params={"lr": 0.1 if i < 6 else 0.5}) as run:
            for step in range(3):
                value = math.nan if (i, step) == (11, 0) else 1 / (step + 1) + noise.gauss(0, 0.01)
                run.metric("loss", value, step=step)
            run.metric("accuracy", (0.9 if i < 6 else 0.7) + noise.gauss(0, 0.01))
    names = [f"r{i:02d}" for i in range(12)]
    rules = [{"type": "no_regression", "metric_key": "accuracy"}]
    return {
        "run": ctx.build_snapshot_report("r11"),
        "two": ctx.build_run_report("r05", "r11"),
        "several": ctx.build_multi_run_report(names[-3:]),
        "project": ctx.build_project_summary_report(ctx.list_projects()[0]),
        "trend": ctx.build_trend_report("loss"),
        "alert": ctx.build_alert_report("r11", [AlertRule("loss", "gt", 0.1)]),
        "group": ctx.build_group_report(ctx.compare_groups(names[:6], names[6:])),
        "gate": ctx.build_gate_report(ctx.evaluate_gate("r11", rules, names[:6])),
        "change": ctx.build_change_report(ctx.find_changes("accuracy")),
        "bisection": ctx.build_bisection_report(ctx.bisect("accuracy")),
        "anomaly": ctx.build_anomaly_report("r11"),
    }


def test_every_report_has_every_form(documents):
    """Each document is a page, Markdown, CSV and strict JSON."""
    for document in documents.values():
        json.dumps(document.to_json(), allow_nan=False)

        assert document.to_html(full=True).startswith("<!DOCTYPE html>")
        assert document.to_markdown().startswith("# ")
        assert document.to_csv().startswith("section_title,body\n")
    assert KINDS == list(documents)


def test_reports_say_what_is_missing(documents):
    """What capture wrote as NaN is counted at the top of each report that rests on it."""
    shown = {name: dict(documents[name].highlights).get("Completeness") for name in KINDS}
    found = "1 value NaN or infinite"

    assert {shown[name] for name in ("run", "two", "several", "project", "trend")} == {found}
    assert shown["change"] == "complete"


def test_reports_of_judgements_show_their_answers(documents):
    """The worse group, the failed gate and the run after the change are what they are about."""
    assert dict(documents["group"].highlights)["Worse"] == "1"
    assert documents["gate"].title == "Gate Report: fail"
    assert dict(documents["change"].highlights)["Latest"] == "r06"
    assert dict(documents["bisection"].highlights)["First run after"].endswith(".r06")
