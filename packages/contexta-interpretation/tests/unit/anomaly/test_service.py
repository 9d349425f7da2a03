"""Values that earlier runs make unlikely."""

import json
import math

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import AnomalyPolicy, AnomalyService, MetricBaseline, QueryService


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


def test_usual_values_are_no_anomalies_unless_asked_for(make):
    """Only unusual metrics are listed; the usual ones on demand."""
    detect = service(make, [1.0, 1.1, 0.9], 1.0).detect_anomalies_in_run

    assert detect("run:p.new") == ()
    assert [r.severity for r in detect("run:p.new", include_normal=True)] == ["info"]


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
    plain = service(make, values, 3.0).detect_anomalies_in_run("run:p.new")
    robust = service(make, values, 3.0, robust=True).detect_anomalies_in_run("run:p.new")

    assert (plain, [r.severity for r in robust]) == ((), ["error"])


def test_one_result_for_a_given_baseline(make):
    """A given baseline yields one result, also for a usual value."""
    baseline = MetricBaseline("m", 1.0, 0.5, 0.0, 2.0, 10)
    (found,) = service(make, [], 2.0).detect_anomalies("run:p.new", baseline=baseline)

    assert (found.z_score, found.severity, found.expected_range) == (2.0, "info", (-0.25, 2.25))


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
