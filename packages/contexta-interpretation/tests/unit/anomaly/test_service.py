"""Values that earlier runs make unlikely."""

import json
import math
import statistics

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    AnomalyPolicy,
    AnomalyService,
    MetricBaseline,
    QueryService,
    ResolutionError,
    RunListQuery,
)


def service(make, values, last, **settings):
    """A project whose runs have these values, then a run with ``last``."""
    runs = [make.run(f"r{i}", minute=i) for i in range(len(values))]
    runs.append(make.run("new", minute=len(values)))
    records = [make.metric(run, "m", v) for run, v in zip(runs, [*values, last], strict=True)]
    return AnomalyService(QueryService(make.repository(runs=runs, records=records)), **settings)


def test_a_constant_that_jumps_is_an_error(make):
    """Without spread the score is undefined, the severity error, and JSON stays valid."""
    (found,) = service(make, [1.0, 1.0, 1.0], 2.0).detect_anomalies_in_run("run:p.new")
    json.dumps(found.to_dict(), allow_nan=False)

    assert (found.z_score, found.severity) == (None, "error")


def test_usual_values_can_be_left_out(make):
    """Every metric has a result, as scripts expect; the unusual ones alone on demand."""
    detect = service(make, [1.0, 1.1, 0.9], 1.0).detect_anomalies_in_run

    assert [r.severity for r in detect("run:p.new")] == ["info"]
    assert detect("run:p.new", include_normal=False) == ()


def test_nan_is_an_error(make):
    """A value that is not finite is an anomaly whatever the baseline."""
    (found,) = service(make, [], math.nan).detect_anomalies_in_run("run:p.new")

    assert found.severity == "error"


def test_baseline_are_earlier_completed_runs(make):
    """Runs that failed or started later are not in the baseline."""
    runs = [
        make.run("a", minute=0),
        make.run("b", minute=1),
        make.run("bad", minute=2, status="failed"),
        make.run("new", minute=3),
        make.run("later", minute=4),
    ]
    values = {"a": 1.0, "b": 1.0, "bad": 50.0, "new": 1.0, "later": 90.0}
    records = [make.metric(run, "m", values[run.name]) for run in runs]
    detect = AnomalyService(
        QueryService(make.repository(runs=runs, records=records))
    ).detect_anomalies_in_run
    (found,) = detect("run:p.new", include_normal=True)

    assert found.expected_range == (1.0, 1.0)
    assert found.completeness_notes[0].details == {"computed_from_n_runs": 2}


def test_robust_baseline_is_not_hidden_by_one_outlier(make):
    """One earlier outlier widens the standard deviation, not the median deviation."""
    values = [1.0, 1.01, 0.99, 1.02, 50.0]
    (plain,) = service(make, values, 3.0).detect_anomalies_in_run("run:p.new")
    (robust,) = service(make, values, 3.0, robust=True).detect_anomalies_in_run("run:p.new")

    assert (plain.severity, robust.severity, robust.robust) == ("info", "error", True)


def test_one_result_for_a_given_baseline(make):
    """A given baseline yields one result, also for a usual value."""
    baseline = MetricBaseline("m", 1.0, 0.5, 0.0, 2.0, 10)
    (found,) = service(make, [], 2.0).detect_anomalies("run:p.new", baseline=baseline)

    assert (found.z_score, found.severity, found.expected_range) == (2.0, "info", (-0.25, 2.25))


def test_std_is_of_a_sample(make):
    """The spread of a baseline has the divisor n - 1; one run has none, and no score."""
    found = service(make, [1.0, 2.0, 4.0], 9.0).compute_baseline
    only = RunListQuery(run_ids=("run:p.r0",))
    single = found("m", query=only)
    (result,) = service(make, [1.0], 5.0).detect_anomalies("run:p.new", baseline=single)

    assert found("m", query=RunListQuery(name="r9")).std is None
    assert math.isclose(found("m").std, statistics.stdev([1.0, 2.0, 4.0, 9.0]))
    assert (single.n, single.std, result.z_score, result.severity) == (1, None, None, "info")


def test_mostly_equal_values_have_a_robust_spread(make):
    """Without a median deviation the mean deviation takes its place."""
    values = [1.0] * 8 + [1.2, 0.8]
    (usual,) = service(make, values, 1.1, robust=True).detect_anomalies_in_run("run:p.new")
    (jump,) = service(make, values, 2.0, robust=True).detect_anomalies_in_run("run:p.new")

    assert (usual.baseline.mad, usual.severity, jump.severity) == (0.0, "info", "error")
    assert math.isclose(usual.baseline.robust_spread, 1.2533 * 0.04)


def test_baseline_counts_what_it_leaves_out(make):
    """Runs without the metric, with NaN, or not completed are counted."""
    runs = [make.run(f"r{i}", minute=i) for i in range(5)]
    runs += [make.run("open", minute=6, status="open"), make.run("bad", minute=7, status="failed")]
    values = [1.0, 2.0, 3.0, math.nan]
    records = [make.metric(run, "m", v) for run, v in zip(runs, values, strict=False)]
    records.append(make.metric(runs[-1], "m", 99.0))
    found = AnomalyService(
        QueryService(make.repository(runs=runs, records=records))
    ).compute_baseline("m")

    assert (found.n, found.mean) == (3, 2.0)
    assert (found.excluded_missing, found.excluded_nonfinite, found.excluded_status) == (1, 1, 2)
    assert found.completeness.missing == 1


def test_a_given_status_is_kept(make):
    """A query that names a status gets runs of that status."""
    runs = [make.run("a", status="failed"), make.run("b", minute=1)]
    records = [make.metric(run, "m", v) for run, v in zip(runs, [5.0, 1.0], strict=True)]
    found = AnomalyService(QueryService(make.repository(runs=runs, records=records)))

    assert found.compute_baseline("m", query=RunListQuery(status="failed")).mean == 5.0


def test_baselines_stay_in_the_project(make):
    """A query for a baseline that names no project means that of the run, and earlier runs."""
    runs = [
        make.run("a"),
        make.run("b", minute=1),
        make.run("new", minute=2),
        make.run("later", minute=3),
        make.run("x", project="q"),
    ]
    values = {"a": 1.0, "b": 2.0, "new": 1.5, "later": 70.0, "x": 90.0}
    records = [make.metric(run, "m", values[run.name]) for run in runs]
    detect = AnomalyService(
        QueryService(make.repository(runs=runs, records=records))
    ).detect_anomalies_in_run
    (found,) = detect("run:p.new", baseline_query=RunListQuery())
    (chosen,) = detect("run:p.new", baseline_query=RunListQuery(run_ids=("run:p.later", "run:q.x")))

    assert (found.baseline.n, found.baseline.mean) == (2, 1.5)
    assert (chosen.baseline.n, chosen.baseline.mean) == (2, 80.0)


def test_offset_is_applied_once(make):
    """An offset skips as many runs as it says."""
    found = service(make, [1.0, 2.0, 3.0, 4.0], 3.0).detect_anomalies_in_run(
        "run:p.new", baseline_query=RunListQuery(offset=1)
    )

    assert (found[0].baseline.n, found[0].baseline.mean) == (3, 3.0)


def test_unknown_metrics_are_named_with_their_nearest(make):
    """A run that has none of the metrics asked for is no usual run."""
    found = service(make, [1.0, 1.0], 1.0)
    with pytest.raises(ResolutionError) as caught:
        found.detect_anomalies_in_run("run:p.new", metric_keys=["M2"])
    notes = found.compute_baseline("mm").completeness_notes

    assert (caught.value.code, caught.value.details["nearest"]) == ("anomaly_unknown_metric", ["m"])
    assert notes[-1].summary == "metric_unknown:mm"


def test_values_that_are_all_nan_are_an_error(make):
    """A metric without one finite value is an anomaly for every aggregation."""
    values = service(make, [1.0, 1.1], math.nan, metric_aggregation="mean")
    (found,) = values.detect_anomalies_in_run("run:p.new")

    assert (found.severity, found.z_score) == ("error", None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"z_score_threshold": 0}, "anomaly_invalid_z_score_threshold"),
        ({"min_baseline_runs": 0}, "anomaly_invalid_min_baseline_runs"),
    ],
)
def test_bad_policies_are_refused(fields, code):
    """A policy that cannot mean anything is refused."""
    with pytest.raises(ValidationError) as caught:
        AnomalyPolicy(**fields)

    assert caught.value.code == code
