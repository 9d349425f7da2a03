"""What scripts rely on in the services, beyond names, on runs that capture wrote."""

import copy
import dataclasses
import json
import pickle

import pytest

from contexta import Contexta
from contexta.contract.errors import ContextaError, InterpretationError
from contexta.interpretation import (
    AggregationService,
    AlertRule,
    AnomalyService,
    CompareService,
    ComparisonPolicy,
    LineageService,
    MetricCondition,
    QueryService,
    RunListQuery,
    TrendPolicy,
    TrendService,
)
from contexta.interpretation.repositories import ObservationRecord, RunRecord, StageRecord
from contexta.interpretation.testing import InMemoryRepository

DATA, MODEL = "artifact:demo.prepare.rows", "artifact:demo.fit-2.model"
LOSSES = {"fit": 0.5, "fit-2": 0.25, "fit-3": 0.75}
AT = "2026-01-31T12:00:00Z"


def summaries(notes):
    """What notes say."""
    return [note.summary for note in notes]


# Query


def test_every_way_to_name_a_run_means_the_same(ctx):
    """A ref, project and id, the id alone: one run."""
    found = {ctx.get_run_snapshot(n).run.run_id for n in ("run:demo.fit-2", "demo.fit-2", "fit-2")}

    assert found == {"run:demo.fit-2"}


def test_an_unknown_run_is_not_found_and_a_lookup_error(ctx):
    """The code, the message and the candidates that scripts rely on."""
    with pytest.raises(InterpretationError, match="not found") as caught:
        ctx.get_run_snapshot("run:demo.fitt")

    assert caught.value.code == "query_run_not_found"
    assert caught.value.details["run_id"] == "run:demo.fitt"
    assert isinstance(caught.value, LookupError)
    assert "run:demo.fit" in caught.value.details["nearest"]


def test_a_name_of_several_runs_lists_them(ctx):
    """A display name that repeats fits several runs; the error names each."""
    with pytest.raises(InterpretationError) as caught:
        ctx.compare_runs("run:demo.prepare", "d")

    assert caught.value.code in ("query_run_not_found", "query_run_ambiguous")


def test_lists_are_chronological_unless_a_filter_is_given(ctx):
    """Without a filter oldest first, with one newest first."""
    everything = [run.name for run in ctx.list_runs()]
    fits = [run.run_id for run in ctx.list_runs(tags={"team": "vision"})]

    assert everything == ["prepare", "fit", "fit", "fit", "broken", "diverged"]
    assert fits == ["run:demo.fit-3", "run:demo.fit-2", "run:demo.fit"]


def test_metric_conditions_use_the_value_that_stands_for_a_run(ctx):
    """The last value of the stage asked for decides; a run without it is left out."""
    condition = MetricCondition("loss", " LT ", 0.6, stage_name="evaluate")
    found = ctx.list_runs(metric_conditions=[condition], sort_desc=False)

    assert [run.run_id for run in found] == ["run:demo.fit", "run:demo.fit-2"]


def test_a_snapshot_has_everything_of_its_run(ctx):
    """Parts, records, links in their order, and no note on an ordinary run."""
    found = ctx.get_run_snapshot("fit-2")
    kinds = list(dict.fromkeys(link.kind for link in found.evidence_links))

    assert [stage.name for stage in found.stages] == ["train", "evaluate"]
    assert (len(found.batches), len(found.samples), len(found.deployments)) == (1, 1, 1)
    assert MODEL in {item.artifact_ref for item in found.artifacts}
    assert [r.value for r in found.records if r.key == "loss"] == [1.0, 0.75, 0.5, 0.25, 0.25]
    assert kinds == ["run", "deployment", "stage", "batch", "sample", "artifact", "record"]
    assert found.completeness.complete
    assert found.completeness_notes == ()


def test_the_origin_of_an_artifact_is_its_run(ctx):
    """A known artifact leads to the snapshot of its run, an unknown one to nothing."""
    assert ctx.get_artifact_origin(MODEL).run.run_id == "run:demo.fit-2"
    assert ctx.get_artifact_origin("artifact:demo.fit-2.none") is None


# Compare


def test_two_runs_differ_by_stage_and_on_the_run_itself(ctx):
    """Right minus left per stage; what was logged on the run is a group of its own."""
    found = ctx.compare_runs("fit", "fit-2")
    stages = {stage.stage_name: stage.metric_deltas for stage in found.stage_comparisons}
    (loss,) = stages["evaluate"]

    assert list(stages) == [None, "evaluate", "train"]
    assert (loss.delta, loss.change_ratio, loss.relative_change) == (-0.25, 0.5, -0.5)
    assert (loss.improved, [d.metric_key for d in stages[None]]) == (True, ["score"])
    assert found.left_run_id == "run:demo.fit"
    assert found.completeness.runs == 2


def test_equal_runs_have_no_delta_unless_asked(ctx):
    """A run beside itself has no rows; a policy shows unchanged values too."""
    service = CompareService(
        ctx.query_service, config=ComparisonPolicy(include_unchanged_metrics=True)
    )
    count = sum(len(s.metric_deltas) for s in ctx.compare_runs("fit", "fit").stage_comparisons)
    shown = service.compare_runs("fit", "fit").stage_comparisons

    assert (count, sum(len(stage.metric_deltas) for stage in shown)) == (0, 3)


def test_a_stage_of_one_side_is_noted(ctx):
    """A missing stage has a note; no value of the other stages stands in for it."""
    found = ctx.compare_runs("prepare", "fit")
    (stage,) = [s for s in found.stage_comparisons if s.stage_name == "train"]

    assert "missing_stage:train" in summaries(found.completeness_notes)
    assert [(d.left_value, d.right_value) for d in stage.metric_deltas] == [(None, 0.5)]


def test_several_runs_keep_their_ids_and_the_best_follows_the_key(ctx):
    """Ids come back as they were passed; less of a loss is better, more of a score."""
    found = ctx.compare_multiple_runs(["fit", "demo.fit-2", "run:demo.fit-3"])
    best = {(row.stage_name, row.metric_key): row.best_run_id for row in found.metric_table}

    assert found.run_ids == ("fit", "demo.fit-2", "run:demo.fit-3")
    assert best[None, "score"] == best["evaluate", "loss"] == "demo.fit-2"


def test_the_best_run_is_the_id_as_passed(ctx):
    """The direction can be said; no run with the metric gives nothing."""
    ids = ["fit", "fit-2", "fit-3"]

    assert ctx.select_best_run(ids, "loss", stage_name="evaluate") == "fit-2"
    assert ctx.select_best_run(ids, "score", higher_is_better=False) == "fit-3"
    assert ctx.select_best_run(ids, "nothing") is None


def test_reports_are_compared_by_section(ctx):
    """Documents and their dictionaries compare alike."""
    left, right = ctx.build_snapshot_report("fit"), ctx.build_snapshot_report("fit-2")
    found = ctx.compare_report_documents(left, right)

    assert found == ctx.compare_report_documents(left.to_dict(), right.to_json())
    assert "Run Summary" in [d.section_title for d in found.section_diffs if d.changed]


# Diagnostics, lineage, provenance


def test_an_ordinary_run_has_no_issue(ctx):
    """Nothing is said of what nobody asked for."""
    assert ctx.diagnose_run("fit").issues == ()


def test_a_failed_run_and_its_error_are_issues(ctx):
    """A run that raised is an error, and so is what it reported."""
    codes = [issue.code for issue in ctx.diagnose_run("broken").issues]

    assert codes[:2] == ["failed_run", "error_event"]


def test_a_diverged_metric_is_an_issue_and_counted(ctx):
    """NaN and infinities are named with their number."""
    found = ctx.diagnose_run("diverged")
    (issue,) = [issue for issue in found.issues if issue.code == "nonfinite_metric"]

    assert issue.details["nonfinite_count"] == found.completeness.nonfinite == 2


@pytest.mark.parametrize(
    ("subject", "direction", "reached"),
    [
        (MODEL, "upstream", {DATA, "run:demo.fit-2", "run:demo.prepare"}),
        (DATA, "downstream", {MODEL, *(f"run:demo.{name}" for name in LOSSES)}),
        (MODEL, "outbound", {DATA}),
        (DATA, "inbound", {MODEL}),
        ("run:demo.fit-2", "outbound", {DATA}),
    ],
)
def test_lineage_follows_its_directions(ctx, subject, direction, reached):
    """Sources lie upstream, what came of them downstream; arrows are followed as written."""
    found = ctx.lineage_service.traverse_lineage(
        subject, direction=direction, max_depth="unlimited"
    )

    assert reached <= set(found.visited_refs)
    assert found.visited_refs[0] == found.root_ref == subject


def test_lineage_edges_carry_who_asserted_them(ctx):
    """An edge has the assertion made last, seen from its run."""
    (edge,) = ctx.traverse_lineage(MODEL, direction="outbound", max_depth=0).edges

    assert (edge.depth, edge.direction, edge.provenance.run_id) == (0, "outbound", "run:demo.fit-2")
    assert ctx.get_provenance("fit-2").provenance_ref == "provenance:demo.a"
    assert ctx.get_provenance("fit") is None


def test_an_audit_says_what_is_known(ctx):
    """Code, data, settings, seed, environment and packages each have their answer."""
    found = ctx.audit_reproducibility("fit")

    assert (found.checks["data"], found.checks["seed"], found.checks["packages"]) == (True,) * 3
    assert found.package_count > 0
    assert ctx.compare_environments("fit", "fit-2").changed_packages == ()


# Trends, aggregates, anomalies, alerts


def test_a_trend_has_one_value_per_run_of_the_newest(ctx):
    """The window is the newest runs, in the order of their start."""
    service = TrendService(ctx.query_service, config=TrendPolicy(default_window_runs=4))
    found = service.get_metric_trend("loss", stage_name="evaluate", project_name="demo")

    assert found.values == (0.25, 0.75)
    assert ctx.get_metric_trend("loss", stage_name="evaluate").values == tuple(LOSSES.values())


def test_a_curve_has_its_steps_and_unit(ctx):
    """Steps are those that were logged, of one stage only."""
    found = ctx.get_step_series("fit", "loss", stage_name="train")

    assert [(p.step, p.value) for p in found.points] == [(0, 2.0), (10, 1.5), (20, 1.0), (30, 0.5)]
    assert (found.run_id, found.unit, found.total_points) == ("run:demo.fit", "nats", 4)


def test_durations_and_sizes_are_trends(ctx):
    """Seconds of a stage and bytes of a kind of artifact, run by run."""
    seconds = ctx.get_stage_duration_trend("train").points
    sizes = [p.size_bytes for p in ctx.get_artifact_size_trend("model").points]

    assert [point.run_id for point in seconds] == [f"run:demo.{name}" for name in LOSSES]
    assert all(point.duration_seconds >= 0 for point in seconds)
    assert sizes == [3 * len(name) for name in LOSSES]


def test_aggregates_take_one_value_per_run(ctx):
    """Statistics over the runs that have the metric."""
    service = AggregationService(ctx.query_service)
    found = service.aggregate_metric("loss", stage_name="evaluate")
    shares = service.run_status_distribution()

    assert (found.count, found.mean, found.min, found.max) == (3, 0.5, 0.25, 0.75)
    assert (shares.total, shares.pass_rate) == (6, 5 / 6)
    assert "evaluate" in {row.stage_name for row in service.aggregate_by_stage().by_stage}


def test_anomalies_are_measured_against_a_baseline(ctx):
    """One result for a run that has the metric, none for one that has not."""
    service = AnomalyService(ctx.query_service)
    baseline = service.compute_baseline("score")
    (found,) = service.detect_anomalies("fit", baseline=baseline)

    assert (found.severity, baseline.computed_from_n_runs) == ("info", 3)
    assert service.detect_anomalies("prepare", baseline=baseline) == ()


def test_alerts_compare_and_name_themselves(ctx):
    """One result per rule in order; what is missing is not triggered and says so."""
    rules = [AlertRule("loss", "gt", 0.3, "evaluate"), AlertRule("none", "lt", 1, name="n")]
    hit, missing = ctx.evaluate_alerts("fit", rules)
    report = ctx.evaluate_alerts_fleet(rules[:1])

    assert (hit.rule_name, hit.triggered) == ("loss@evaluate:gt:0.3", True)
    assert (missing.rule_name, missing.triggered) == ("n", False)
    assert summaries(missing.completeness_notes) == ["alert_metric_missing:none"]
    assert sum(result.triggered for result in report.results) == 2


# Results as a whole, and repositories of others


def everything(ctx):
    """One result of each kind, and a few of what they are made of."""
    queries, rules = ctx.query_service, [AlertRule("loss", "gt", 0)]
    totals, anomalies = AggregationService(queries), AnomalyService(queries)
    baseline = anomalies.compute_baseline("score")
    return [
        *ctx.list_runs(),
        *ctx.list_deployments(),
        *(ctx.get_run_snapshot(name) for name in ("fit-2", "diverged", "broken")),
        ctx.compare_runs("fit", "diverged"),
        ctx.compare_multiple_runs(["fit", "fit-2", "diverged"]),
        ctx.diagnose_run("diverged"),
        ctx.traverse_lineage(MODEL, direction="upstream"),
        *(ctx.get_metric_trend("loss"), ctx.get_stage_duration_trend("train")),
        ctx.get_artifact_size_trend("model"),
        *(ctx.get_step_series(name, "loss") for name in ("fit", "diverged")),
        *ctx.evaluate_alerts("diverged", rules),
        ctx.evaluate_alerts_fleet(rules),
        *(ctx.audit_reproducibility("fit"), ctx.compare_environments("fit", "fit-2")),
        *(totals.aggregate_metric("loss"), totals.aggregate_by_stage()),
        *(totals.run_status_distribution(), baseline),
        *anomalies.detect_anomalies("fit", baseline=baseline),
        *(ctx.build_snapshot_report("fit-2"), ctx.build_run_report("fit", "diverged")),
        *(ctx.build_trend_report("loss"), ctx.build_multi_run_report(["fit", "fit-2"])),
        *(ctx.build_alert_report("fit", rules), ctx.build_project_summary_report("demo")),
        ctx.compare_report_documents(
            ctx.build_snapshot_report("fit"), ctx.build_snapshot_report("fit-2")
        ),
        *(RunListQuery(project_name="demo"), ComparisonPolicy(), TrendPolicy(), *rules),
    ]


def test_every_result_is_json_with_finite_numbers(ctx):
    """`to_dict` gives what strict JSON accepts; what is not finite is null with a marker."""
    texts = [json.dumps(result.to_dict(), allow_nan=False) for result in everything(ctx)]

    assert [text for text in texts if "NaN" in text]
    assert all(isinstance(json.loads(text), dict) for text in texts)


def test_every_result_pickles_and_copies(ctx):
    """A result goes to another process, or into a deep copy, and says the same there."""
    for result in everything(ctx):
        expected = json.dumps(result.to_dict())
        for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
            assert type(other) is type(result)
            assert json.dumps(other.to_dict()) == expected


def test_every_result_is_frozen(ctx):
    """No field of a result can be set anew."""
    for result in everything(ctx):
        name = dataclasses.fields(result)[0].name
        with pytest.raises(AttributeError):
            setattr(result, name, None)


def test_a_repository_in_the_slot_is_asked_instead(tmp_path):
    """A repository put in its place before first use answers every question of the facade."""
    run = RunRecord("r1", "p", "first", "completed", AT, AT)
    point = ObservationRecord("m1", "r1", "s1", "metric", "loss", AT, value=0.5)
    mock = InMemoryRepository(
        runs=[run], stages=[StageRecord("s1", "r1", "train", "completed")], records=[point]
    )
    with Contexta(workspace=tmp_path / "space") as ctx:
        ctx._repository = mock
        ctx._query_service = QueryService(mock)

        assert [found.run_id for found in ctx.list_runs()] == ["r1"]
        assert ctx.get_run_snapshot("r1").records == (point,)
        assert ctx.get_metric_trend("loss").values == (0.5,)
        assert ctx.get_step_series("r1", "loss").points[0].value == 0.5
        assert ctx.build_snapshot_report("r1").title == "Run Snapshot Report: r1"


def test_services_work_over_any_repository_with_the_basic_methods():
    """Ids without a kind, lists instead of tuples, no optional capability."""
    runs = [RunRecord(name, "p", name, "completed", AT, AT) for name in ("r1", "r2")]
    records = [
        ObservationRecord(f"m-{run.run_id}", run.run_id, None, "metric", "loss", AT, value=number)
        for number, run in enumerate(runs)
    ]
    queries = QueryService(InMemoryRepository(runs=runs, records=records))

    assert CompareService(queries).select_best_run(["r1", "r2"], "loss") == "r1"
    assert AggregationService(queries).aggregate_metric("loss").mean == 0.5
    assert LineageService(queries).traverse_lineage("r1").visited_refs == ("r1",)


def test_what_goes_wrong_is_one_of_our_errors(ctx):
    """No question answers with an error of a library."""
    bad = ("", "run:", "run:x", "..", "artifact:demo", "*", "a" * 5000, None, 3)
    asks = (ctx.get_run_snapshot, ctx.diagnose_run, ctx.audit_reproducibility)
    for text in bad:
        for ask in asks:
            with pytest.raises(ContextaError):
                ask(text)
