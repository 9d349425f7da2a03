"""What the facade says to a question that cannot be meant: a coded error, or what is near."""

import pytest

from contexta import Contexta
from contexta.contract.errors import ContextaError, ValidationError
from contexta.interpretation import (
    AlertRule,
    ComparisonError,
    LineageError,
    MetricCondition,
    ResolutionError,
    RunListQuery,
)

RULE = AlertRule("loss", "gt", 0)
OF_ONE_RUN = {
    "get_run_snapshot": lambda ctx, run: ctx.get_run_snapshot(run),
    "compare_runs, left": lambda ctx, run: ctx.compare_runs(run, "demo.fit"),
    "compare_runs, right": lambda ctx, run: ctx.compare_runs("demo.fit", run),
    "compare_multiple_runs": lambda ctx, run: ctx.compare_multiple_runs(["demo.fit", run]),
    "select_best_run": lambda ctx, run: ctx.select_best_run([run], "loss"),
    "diagnose_run": lambda ctx, run: ctx.diagnose_run(run),
    "get_step_series": lambda ctx, run: ctx.get_step_series(run, "loss"),
    "evaluate_alerts": lambda ctx, run: ctx.evaluate_alerts(run, [RULE]),
    "audit_reproducibility": lambda ctx, run: ctx.audit_reproducibility(run),
    "compare_environments": lambda ctx, run: ctx.compare_environments(run, "demo.fit"),
    "build_snapshot_report": lambda ctx, run: ctx.build_snapshot_report(run),
    "build_run_report": lambda ctx, run: ctx.build_run_report("demo.fit", run),
    "build_alert_report": lambda ctx, run: ctx.build_alert_report(run, [RULE]),
    "build_multi_run_report": lambda ctx, run: ctx.build_multi_run_report([run]),
}


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    """Two projects with a run of one id each, one metric and one stage."""
    folder = tmp_path_factory.mktemp("bad-input")
    with Contexta(workspace=folder / "space", config={"project_name": "demo"}) as opened:
        for project in ("demo", "other"):
            with opened.run("fit", project=project) as run, run.stage("train") as stage:
                stage.metric("loss", 0.5, step=0)
        yield opened


def summaries(result):
    """What the notes of a result say."""
    return [note.summary for note in result.completeness_notes]


@pytest.mark.parametrize("name", OF_ONE_RUN)
def test_an_unknown_run_names_the_nearest(ctx, name):
    """Every question about one run refuses a name that nothing has, and says what is near."""
    with pytest.raises(ResolutionError) as caught:
        OF_ONE_RUN[name](ctx, "run:demo.fitt")

    assert caught.value.code == "query_run_not_found"
    assert "run:demo.fit" in caught.value.details["nearest"]
    assert "run:demo.fit" in caught.value.message


@pytest.mark.parametrize("name", OF_ONE_RUN)
def test_an_ambiguous_id_lists_its_candidates(ctx, name):
    """Every question about one run refuses an id that several runs have, and names them."""
    with pytest.raises(ResolutionError) as caught:
        OF_ONE_RUN[name](ctx, "fit")

    assert caught.value.code == "query_run_ambiguous"
    assert list(caught.value.details["candidates"]) == ["run:demo.fit", "run:other.fit"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx: ctx.list_batches("none"),
        lambda ctx: ctx.list_samples("none"),
        lambda ctx: ctx.list_batches("demo.fit", "none"),
        lambda ctx: ctx.list_samples("demo.fit", batch_id="none"),
    ],
)
def test_lists_of_what_is_not_there_are_failed_look_ups(ctx, ask):
    """A short id that fits nothing is a failed look-up, as it was, and one of our errors."""
    with pytest.raises(LookupError) as caught:
        ask(ctx)

    assert isinstance(caught.value, ContextaError)


def test_a_metric_that_no_run_has(ctx):
    """Empty answers say so and name what is near; nothing to choose from gives nothing."""
    trend = ctx.get_metric_trend("los")
    curve = ctx.get_step_series("demo.fit", "los")
    (alert,) = ctx.evaluate_alerts("demo.fit", [AlertRule("los", "gt", 0)])

    assert "metric_unknown:los" in summaries(trend)
    assert [
        list(note.details["nearest"])
        for note in (trend.completeness_notes[-1], curve.completeness_notes[-1])
    ] == [["loss"], ["loss"]]
    assert list(alert.completeness_notes[0].details["nearest"]) == ["loss"]
    assert ctx.select_best_run(["demo.fit"], "los") is None
    assert ctx.list_runs(metric_conditions=[MetricCondition("los", "gt", 0)]) == ()


def test_a_stage_that_no_run_has(ctx):
    """A trend of an unknown stage is empty and names the near; a curve of it is refused."""
    trend = ctx.get_metric_trend("loss", stage_name="trian")
    durations = ctx.get_stage_duration_trend("trian")

    assert list(trend.completeness_notes[-1].details["nearest_stages"]) == ["train"]
    assert list(durations.completeness_notes[-1].details["nearest"]) == ["train"]
    with pytest.raises(ResolutionError, match="train"):
        ctx.get_step_series("demo.fit", "loss", stage_name="trian")


def test_a_project_that_is_not_there(ctx):
    """Nothing is found, and trends and fleets name the projects that are near."""
    trend = ctx.get_metric_trend("loss", project_name="dem")
    fleet = ctx.evaluate_alerts_fleet([RULE], project_name="dem")

    assert ctx.list_runs("dem") == ()
    assert list(trend.completeness_notes[-1].details["nearest"]) == ["demo"]
    assert list(fleet.completeness_notes[-1].details["nearest"]) == ["demo"]
    assert summaries(fleet) == ["alert_population_empty"]


def test_a_direction_that_does_not_exist(ctx):
    """Refused, with all directions and the one that was perhaps meant."""
    with pytest.raises(LineageError) as caught:
        ctx.traverse_lineage("run:demo.fit", direction="downsteam")

    assert caught.value.code == "lineage_invalid_direction"
    assert caught.value.details["nearest"][0] == "downstream"
    assert "upstream" in caught.value.details["allowed"]


def test_data_that_is_no_ref_is_followed_too(tmp_path):
    """A run that names a URL as its data rests on it, and is what came of it."""
    url = "s3://bucket/some data.csv"
    with Contexta(workspace=tmp_path / "space", config={"project_name": "demo"}) as ctx:
        with ctx.run("fit", dataset_ref=url):
            pass
        up = ctx.traverse_lineage("fit", direction="upstream").visited_refs
        down = ctx.traverse_lineage(url, direction="downstream").visited_refs

    assert (up, down[:2]) == (("run:demo.fit", url), (url, "run:demo.fit"))


@pytest.mark.parametrize("depth", [-1, 1.5, "many", True])
def test_a_depth_that_makes_no_sense(ctx, depth):
    """Refused with a stable code."""
    with pytest.raises(LineageError) as caught:
        ctx.traverse_lineage("run:demo.fit", max_depth=depth)

    assert caught.value.code == "lineage_invalid_max_depth"


@pytest.mark.parametrize("of_fleet", [False, True])
def test_a_rule_with_a_wrong_operator(ctx, of_fleet):
    """Refused before anything is read, with the word for the sign."""
    rules = [RULE, AlertRule("loss", ">", 1)]
    with pytest.raises(ValidationError) as caught:
        ctx.evaluate_alerts_fleet(rules) if of_fleet else ctx.evaluate_alerts("demo.fit", rules)

    assert caught.value.code == "alert_invalid_operator"
    assert (caught.value.details["rule"], list(caught.value.details["nearest"])) == (1, ["gt"])


def test_reports_of_different_shape(ctx):
    """What has no sections is refused; reports of different kinds are told apart."""
    report = ctx.build_snapshot_report("demo.fit")
    other = ctx.build_trend_report("loss")
    for shapeless in ({}, {"title": "x"}, "text", None, [report]):
        with pytest.raises(ComparisonError) as caught:
            ctx.compare_report_documents(report, shapeless)
        assert caught.value.code == "compare_invalid_report_document"

    bare = {"title": "x", "sections": [{"title": "Only here", "body": ""}]}

    assert "report_shapes_differ" in summaries(ctx.compare_report_documents(other, bare))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (lambda: RunListQuery(sort_by="metrics.loss"), "query_invalid_run_list_query"),
        (lambda: RunListQuery(limit=True), "query_invalid_run_list_query"),
        (lambda: MetricCondition("", "gt", 1), "query_invalid_metric_condition"),
        (lambda: MetricCondition("loss", "gt", "1"), "query_invalid_metric_condition"),
    ],
)
def test_filters_that_make_no_sense(query, code):
    """A filter is checked when it is built."""
    with pytest.raises(ValidationError) as caught:
        query()

    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    ["run:demo.fit'; drop table runs;--", "../../etc/passwd", "%", "fit\x00", "\ud800", "🦆"],
)
def test_hostile_names_are_names_that_nothing_has(ctx, text):
    """No name reaches SQL, a path or a library's error."""
    for ask in (ctx.get_run_snapshot, ctx.traverse_lineage, ctx.get_metric_trend):
        try:
            found = ask(text)
        except ContextaError as error:
            found = error

        assert isinstance(found, ContextaError) or found.completeness_notes


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx: ctx.list_runs(query=5),
        lambda ctx: ctx.page_runs(5),
        lambda ctx: ctx.get_metric_trend("loss", query=5),
        lambda ctx: ctx.get_stage_duration_trend("train", query=5),
        lambda ctx: ctx.aggregation_service.aggregate_metric("loss", query=5),
        lambda ctx: ctx.anomaly_service.detect_anomalies_in_run("demo.fit", baseline_query=5),
        lambda ctx: ctx.find_changes("loss", query=5),
        lambda ctx: ctx.replicate_groups(["lr"], query=5),
    ],
)
def test_what_is_no_query_is_refused_by_name(ctx, ask):
    """One code, wherever a query goes in."""
    with pytest.raises(ValidationError) as caught:
        ask(ctx)

    assert "query_invalid_run_list_query" == caught.value.code


@pytest.mark.parametrize("keys", ["loss", 5])
def test_metric_keys_that_are_no_list_are_refused(ctx, keys):
    """A text is not looked at letter by letter."""
    with pytest.raises(ValidationError) as caught:
        ctx.anomaly_service.detect_anomalies_in_run("demo.fit", metric_keys=keys)

    assert "anomaly_invalid_metric_keys" == caught.value.code
