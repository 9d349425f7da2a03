"""What is missing stands beside every number."""

import pytest

from contexta.interpretation import (
    AlertRule,
    AlertService,
    CompareService,
    Completeness,
    DiagnosticsService,
    QueryService,
    TrendService,
)

NAN = float("nan")


@pytest.fixture
def space(make):
    """Three runs: one whole, one with a NaN and a body that is gone, one that is open."""
    whole, torn, going = make.run("a"), make.run("b", minute=1), make.run("c", status="open")
    records = [make.metric(whole, "loss", 1.0), make.metric(torn, "loss", 2.0)]
    records += [make.metric(torn, "loss", NAN), make.metric(going, "other", 1.0)]
    return make.repository(
        runs=[whole, torn, going],
        stages=[make.stage(torn, "train")],
        records=records,
        artifacts=[make.artifact(torn, "m", "model", body_missing=True, size_bytes=3)],
    )


@pytest.fixture
def queries(space):
    """A query service over the three runs."""
    return QueryService(space)


TORN = Completeness(runs=1, records=2, nonfinite=1, missing_bodies=1)


def test_snapshot(queries):
    """A snapshot has the completeness of its run."""
    assert queries.get_run_snapshot("run:p.b").completeness == TORN


def test_comparison_of_two(queries):
    """A comparison has that of each side and of both."""
    found = CompareService(queries).compare_runs("run:p.a", "run:p.b")

    assert found.left_completeness.complete
    assert found.right_completeness == TORN
    assert found.completeness == found.left_completeness + found.right_completeness


def test_comparison_of_several(queries):
    """A comparison of several runs has that of all."""
    found = CompareService(queries).compare_multiple_runs(["run:p.a", "run:p.b", "run:p.c"])

    assert (found.completeness.runs, found.completeness.nonfinite) == (3, 1)
    assert found.completeness.open_runs == 1
    assert [c.complete for c in found.run_completeness] == [True, False, False]


def test_comparison_of_whole_runs_lists_no_run(queries):
    """Where nothing is missing, no run has to be told from the others."""
    found = CompareService(queries).compare_multiple_runs(["run:p.a"])

    assert (found.completeness.complete, found.run_completeness) == (True, ())


def test_value_of_one_side_is_missing(queries):
    """A metric that one of two runs lacks counts as missing, once."""
    found = CompareService(queries).compare_runs("run:p.a", "run:p.c").completeness

    assert (found.missing, found.open_runs) == (2, 1)


def test_diagnoses(queries):
    """A diagnosis has the completeness of its run."""
    assert DiagnosticsService(queries).diagnose_run("run:p.b").completeness == TORN


def test_trend_of_a_metric(queries):
    """A trend counts its metric only: the run that lacks it, the value that is no number."""
    found = TrendService(queries).get_metric_trend("loss").completeness

    assert found == Completeness(runs=3, records=3, missing=1, nonfinite=1, open_runs=1)


def test_trend_of_a_stage_counts_runs_without_it(queries):
    """A run that has the metric, but not in the stage asked for, lacks it."""
    found = TrendService(queries).get_metric_trend("loss", stage_name="train")

    assert found.completeness.missing == 3


def test_trends_of_parts(queries):
    """Trends of stages and artifacts have the completeness of their runs, each without counts."""
    service = TrendService(queries)
    durations = service.get_stage_duration_trend("train").completeness
    sizes = service.get_artifact_size_trend("model").completeness

    assert (durations.missing_bodies, durations.missing) == (1, 3)
    assert (sizes.missing_bodies, sizes.missing) == (1, 2)


def test_curve(make):
    """A curve counts points that came behind a higher step as late."""
    run = make.run("a")
    records = [make.metric(run, "loss", 1.0, step=step) for step in (0, 5, 3, 4, 6)]
    queries = QueryService(make.repository(runs=[run], records=records))
    found = TrendService(queries).get_step_series(run.run_id, "loss")

    assert found.completeness == Completeness(runs=1, records=5, late=2)


def test_curve_of_a_stage_without_the_metric(make):
    """A stage that lacks the metric has no curve, and the value is missing."""
    run = make.run("a")
    repository = make.repository(
        runs=[run], stages=[make.stage(run, "train")], records=[make.metric(run, "loss", 1.0)]
    )
    found = TrendService(QueryService(repository)).get_step_series(
        run.run_id, "loss", stage_name="train"
    )

    assert (found.points, found.completeness.missing) == ((), 1)


def test_alerts_of_a_run(queries):
    """Each result of a run has the completeness of the run for the metrics of the rules."""
    (found,) = AlertService(queries).evaluate_alerts("run:p.b", [AlertRule("loss", "gt", 1)])

    assert found.completeness == Completeness(runs=1, records=2, nonfinite=1)


def test_alerts_of_a_fleet(queries):
    """A fleet is counted as a whole, in its report."""
    report = AlertService(queries).evaluate_alerts_fleet([AlertRule("loss", "gt", 1)])

    assert (report.completeness.runs, report.completeness.missing) == (3, 1)
    assert {result.completeness for result in report.results} == {None}
