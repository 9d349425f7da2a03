"""What is wrong with a run."""

import math
from dataclasses import replace

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    BatchRecord,
    DeploymentRecord,
    DiagnosticsPolicy,
    DiagnosticsService,
    QueryService,
)


def codes(make, run, policy=None, **parts):
    repository = make.repository(runs=[run], **parts)
    service = DiagnosticsService(QueryService(repository), config=policy)
    return [(i.severity, i.code) for i in service.diagnose_run(run.run_id).issues]


def test_an_ordinary_run_has_no_issue(make):
    """A completed run with a measured stage has nothing wrong with it."""
    run = make.run("r")
    parts = {
        "stages": [make.stage(run, "train")],
        "records": [make.metric(run, "loss", 1.0, stage="train"), make.event(run, "start")],
    }

    assert codes(make, run, **parts) == []


def test_a_running_stage_of_an_open_run_is_no_issue(make):
    """A stage that runs is no problem; one that its run left open is."""
    running = make.run("r", status="open", ended_at=None)
    left = make.run("s")

    assert codes(make, running, stages=[make.stage(running, "train", status="open")]) == []
    assert codes(make, left, stages=[make.stage(left, "train", status="open")]) == [
        ("warning", "incomplete_stage")
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("failed", ("error", "failed_run")),
        ("interrupted", ("error", "interrupted_run")),
        ("cancelled", ("info", "cancelled_run")),
    ],
)
def test_how_a_run_ended_is_an_issue(make, status, expected):
    """A run that failed, was interrupted or cancelled has an issue of its own."""
    run = make.run("r", status=status)

    assert codes(make, run) == [expected]


def test_error_events_are_one_issue_per_key(make):
    """A hundred equal errors are one issue with their number and the last message."""
    run = make.run("r")
    records = [make.event(run, "oom", "error", message=f"try {i}") for i in range(100)]
    service = DiagnosticsService(QueryService(make.repository(runs=[run], records=records)))
    (issue,) = service.diagnose_run(run.run_id).issues

    assert (issue.code, issue.details["count"], issue.details["message"]) == (
        "error_event",
        100,
        "try 99",
    )
    assert len(issue.evidence_links) == 10


def test_all_kinds_of_issues_in_order(make):
    """Issues come in one order: values, records, stages, batches, deployments, expectations."""
    run = make.run("r")
    stage = make.stage(run, "train", status="failed")
    quiet = make.stage(run, "quiet")
    batches = [
        BatchRecord(f"b-{status}", run.run_id, stage.stage_id, status, status)
        for status in ("completed", "open", "failed", "cancelled")
    ]
    found = codes(
        make,
        run,
        DiagnosticsPolicy(expected_terminal_stage_names=("train", "package")),
        stages=[stage, quiet],
        batches=batches,
        deployments=[DeploymentRecord("d", "p", "d", "failed", run.run_id)],
        records=[
            make.metric(run, "loss", math.inf, stage="train"),
            make.event(run, "gap", degradation_marker="capture_gap"),
        ],
    )

    assert found == [
        ("error", "nonfinite_metric"),
        ("warning", "degraded_record"),
        ("warning", "incomplete_stage"),
        ("info", "missing_stage_metrics"),
        ("error", "failed_batch"),
        ("warning", "incomplete_batch"),
        ("error", "failed_deployment"),
        ("info", "missing_expected_stage"),
    ]


def test_an_artifact_without_its_body_is_an_issue(make):
    """A model that was registered and is gone is wrong with its run, not with another."""
    run, other = make.run("r"), make.run("s")
    gone = replace(make.artifact(run, "model", "model"), body_missing=True)
    whole = make.artifact(other, "model", "model")

    assert codes(make, run, artifacts=[gone, whole]) == [("error", "missing_artifact_body")]
    assert codes(make, other, artifacts=[gone, whole]) == []


def test_damage_that_was_met_is_an_issue(make):
    """What cannot be read is wrong with the runs that it may concern."""
    run = make.run("r")
    repository = make.repository(runs=[run])
    repository.problem_records = lambda run_id: ()
    repository.record_counts = lambda run_id: {}
    repository.damage_notes = lambda run_id: ("part-1.parquet is damaged",)
    found = DiagnosticsService(QueryService(repository)).diagnose_run(run.run_id).issues

    assert [(i.code, i.summary) for i in found] == [("damaged_data", "part-1.parquet is damaged")]


def test_policy_switches_checks_off(make):
    """Degraded records and missing metrics can be left out."""
    run = make.run("r")
    policy = DiagnosticsPolicy(False, False)
    parts = {
        "stages": [make.stage(run, "train")],
        "records": [make.event(run, "gap", degradation_marker="capture_gap")],
    }

    assert codes(make, run, policy, **parts) == []


def test_blank_expected_stage_is_refused():
    """An expected stage needs a name."""
    with pytest.raises(ValidationError) as caught:
        DiagnosticsPolicy(expected_terminal_stage_names=(" ",))

    assert caught.value.code == "diagnostics_invalid_expected_stage_name"
