"""What each question answers as JSON; the keys that scripts of 1.0 read are all there."""

import json

import pytest

RUN = {
    "ended_at",
    "metadata",
    "name",
    "project_name",
    "run_id",
    "started_at",
    "status",
    "tags",
}
SNAPSHOT = {
    "artifacts",
    "batches",
    "completeness_notes",
    "deployments",
    "evidence_links",
    "provenance",
    "records",
    "relations",
    "run",
    "samples",
    "stages",
}
COMPARISON = {
    "artifact_changes",
    "completeness_notes",
    "evidence_links",
    "left_run_id",
    "provenance_comparison",
    "right_run_id",
    "stage_comparisons",
    "summary",
}
MULTI = {
    "artifact_kind_counts",
    "completeness_notes",
    "evidence_links",
    "metric_table",
    "run_ids",
    "run_names",
    "summary",
}
DIAGNOSTICS = {"completeness_notes", "evidence_links", "issues", "run_id"}
LINEAGE = {"completeness_notes", "edges", "evidence_links", "root_ref", "visited_refs"}
ARTIFACT = {
    "artifact_ref",
    "attributes",
    "content_type",
    "created_at",
    "hash_value",
    "kind",
    "location",
    "run_id",
    "size_bytes",
    "stage_id",
}
TREND = {"completeness_notes", "metric_key", "points", "project_name"}
AGGREGATE = {
    "completeness_notes",
    "count",
    "max",
    "mean",
    "metric_key",
    "min",
    "p25",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "project_name",
    "std",
}
ANOMALY = {
    "actual_value",
    "completeness_notes",
    "evidence_links",
    "expected_range",
    "metric_key",
    "run_id",
    "severity",
    "z_score",
}
ALERT = {
    "actual_value",
    "completeness_notes",
    "evidence_links",
    "metric_key",
    "operator",
    "rule_name",
    "run_id",
    "severity",
    "stage_name",
    "threshold",
    "triggered",
}
AUDIT = {"checks", "package_count", "python_version", "reproducibility_status", "run_id"}
DIFF = {"added_packages", "changed_variables", "left_run_id", "platform_changed", "right_run_id"}
RULE = ("--metric", "accuracy", "--operator", "lt", "--threshold", "0.5")


@pytest.mark.parametrize(
    ("line", "inside", "keys"),
    [
        (("runs",), "runs", RUN),
        (("run", "list"), "runs", RUN),
        (("run", "show", "day-1"), None, SNAPSHOT),
        (("compare", "day-1", "day-2"), None, COMPARISON),
        (("run", "compare", "day-1", "day-2"), None, COMPARISON),
        (("compare-multi", "day-1", "day-2"), None, MULTI),
        (("run", "compare-many", "day-1", "day-2"), None, MULTI),
        (("diagnostics", "day-1"), None, DIAGNOSTICS),
        (("run", "diagnose", "day-1"), None, DIAGNOSTICS),
        (("lineage", "day-1", "--direction", "downstream", "--depth", "2"), None, LINEAGE),
        (("search", "runs", "DAY"), "runs", RUN),
        (("search", "artifacts", "model"), "artifacts", ARTIFACT),
        (("trend", "accuracy", "--stage", "eval"), None, TREND),
        (("aggregate", "accuracy"), None, AGGREGATE),
        (("anomaly", "day-5", "--metric", "accuracy", "--project", "lab"), "anomalies", ANOMALY),
        (("alert", "day-5", *RULE, "--stage", "eval"), "results", ALERT),
        (("provenance", "audit", "day-1"), None, AUDIT),
        (("provenance", "diff", "day-1", "day-2"), None, DIFF),
        (("projects",), "projects", {"project_name", "runs", "newest_run_id"}),
        (("metrics", "day-1"), "metrics", {"metric_key", "count", "last", "minimum", "maximum"}),
        (("metrics", "--project", "lab"), "metrics", {"metric_key", "runs", "last", "mean"}),
        (("series", "day-1", "loss"), "points", {"step", "value", "observed_at"}),
        (("events", "day-1"), "events", {"key", "message", "observed_at", "payload"}),
        (("spans", "day-1"), "spans", {"key", "value", "payload"}),
        (("deployments",), "deployments", {"deployment_id", "run_id", "artifact_ref"}),
        (("batches", "day-1"), "batches", {"batch_id", "stage_id", "status"}),
        (("samples", "day-1", "--batch", "b0"), "samples", {"sample_id", "batch_id"}),
        (("stages", "fit"), "points", {"run_id", "duration_seconds"}),
        (("sizes", "model"), "points", {"run_id", "size_bytes", "artifact_ref"}),
        (("environment", "day-1"), "environment", {"python_version", "platform", "packages"}),
    ],
)
def test_json_has_the_keys_of_its_table(call, lab, line, inside, keys):
    """Sorted, indented by two, in ASCII, without NaN."""
    done = call(*line, "--format", "json")

    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out, parse_constant=pytest.fail)
    assert done.out == json.dumps(data, indent=2, sort_keys=True) + "\n"
    found = data if inside is None else data[inside]
    assert keys <= set(found[0] if isinstance(found, list) else found)


def test_a_search_finds_what_lies_behind_the_limit(call, lab):
    """The limit counts hits, not runs that were looked at."""
    found = json.loads(call("search", "runs", "DAY-0", "--limit", "2", "-f", "json").out)["runs"]

    assert [run["run_id"] for run in found] == ["run:lab.day-0"]
    assert call("search", "runs", "zzz").out == "(empty)\n"
    assert call("search", "artifacts", "zzz").out == "(empty)\n"


def test_a_job_that_is_running_can_be_looked_at(call, project):
    """The first thing that people do, from a second shell; nobody waits for the other."""
    from contexta.client import Contexta

    config = {"project_name": "live", "capture": {"capture_installed_packages": False}}
    with Contexta(workspace=project / ".contexta", config=config) as ctx, ctx.run("train") as run:
        run.metric("loss", 0.5, step=1)
        shown = call("run", "show", "train")
        listed = call("runs", "--status", "open", "-f", "json")

    assert (shown.code, listed.code) == (0, 0)
    assert ["Status:", "open"] in [line.split() for line in shown.out.splitlines()]
    assert ["loss", "-", "0.5", "0.5", "0.5", "1"] in [
        line.split() for line in shown.out.splitlines()
    ]
    assert len(json.loads(listed.out)["runs"]) == 1


def test_a_search_heeds_its_settings(call, lab):
    """How many, what beside names, and with case or not."""
    key = "interpretation.search"
    one = call("search", "runs", "day", "--set", f"{key}.default_limit=1", "-f", "ndjson").out
    tags = call("search", "runs", "alert(1)", "--set", f'{key}.text_match_fields=["params"]').out
    exact = call("search", "runs", "DAY", "--set", f"{key}.case_sensitive=true").out

    assert one.count("\n") == 1
    assert "run:lab.odd" in tags
    assert exact == "(empty)\n"


def test_a_trend_is_of_the_newest_runs_in_time_order(call, lab):
    """--limit 2 is not the oldest two."""
    points = json.loads(call("trend", "loss", "--limit", "5", "-f", "json").out)["points"]

    assert [point["run_id"] for point in points] == ["run:lab.day-4", "run:lab.day-5"]


def test_runs_are_chosen_by_an_expression(call, lab):
    """Beside the other options; columns show what was asked about."""
    done = call("runs", "--where", "metrics.accuracy > 0.85", "-c", "metrics.accuracy,params.kind")

    assert [line.split() for line in done.out.splitlines()] == [
        ["RUN", "STATUS", "accuracy", "kind"],
        ["run:lab.day-3", "completed", "0.86", "new"],
        ["run:lab.day-4", "completed", "0.88", "new"],
    ]


def test_a_column_can_be_another_value_of_a_metric(call, lab):
    """Least, greatest and mean of the finite values."""
    done = call("runs", "-c", "metrics.loss.max,metrics.loss.min", "--where", "params.rate == 0.1")

    assert done.out.splitlines()[1].split() == ["run:lab.day-0", "completed", "2", "0.0666667"]


def test_the_columns_of_json_stand_beside_the_run(call, lab):
    """The keys of a run stay as they are."""
    run = json.loads(call("runs", "-c", "metrics.wide", "--desc", "-f", "json").out)["runs"][0]

    assert run["columns"] == {"run": "run:lab.long", "status": "completed", "metrics.wide": 1.0}


def test_an_alert_takes_several_rules_and_files(call, lab, project):
    """Those of options first, then texts, then files."""
    (project / "rules.toml").write_text(
        '[[rules]]\nmetric_key = "loss"\noperator = "gt"\nthreshold = 9\nseverity = "error"\n'
    )
    done = call(
        "alert", "day-5", *RULE, "--rule", "loss > 0", "--rules", "rules.toml", "-f", "ndjson"
    )

    assert [
        (row["rule_name"], row["triggered"], row["severity"])
        for row in map(json.loads, done.out.splitlines())
    ] == [
        ("accuracy:lt:0.5", True, "warning"),
        ("loss:gt:0.0", True, "warning"),
        ("loss:gt:9", False, "error"),
    ]


def test_a_fleet_is_evaluated_at_once(call, lab):
    """The runs that the options choose."""
    done = call("alert", "--fleet", "--where", "params.kind == 'new'", *RULE, "-f", "json")

    results = json.loads(done.out)["results"]
    assert [(one["run_id"], one["triggered"]) for one in results] == [
        ("run:lab.day-3", False),
        ("run:lab.day-4", False),
        ("run:lab.day-5", True),
    ]


def test_a_fleet_that_a_limit_cuts_says_of_how_many_runs(call, lab):
    """The headline tells what was looked at from what there is."""
    cut = call("alert", "--fleet", *RULE, "--project", "lab", "--limit", "2").out
    whole = call("alert", "--fleet", *RULE, "--project", "lab").out

    assert cut.startswith("2 of ")
    assert " of " not in whole.partition(":")[0]
