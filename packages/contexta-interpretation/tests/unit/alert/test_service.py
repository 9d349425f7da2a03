"""Thresholds on metrics."""

import math

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import AlertRule, AlertService, QueryService, RunListQuery


@pytest.fixture
def service(make):
    """One run with a loss and a diverged metric."""
    run = make.run("r")
    records = [make.metric(run, "loss", 0.5), make.metric(run, "nan", math.nan)]
    return AlertService(QueryService(make.repository(runs=[run], records=records)))


def test_one_result_per_rule_in_order(service):
    """Rules are evaluated in order; a missing metric does not trigger and is noted."""
    rules = [AlertRule("loss", "gt", 0.4), AlertRule("none", "gt", 0, name="n")]
    results = service.evaluate_alerts("run:p.r", rules)

    assert [(r.rule_name, r.triggered, r.actual_value) for r in results] == [
        ("loss:gt:0.4", True, 0.5),
        ("n", False, None),
    ]
    assert results[1].completeness_notes[0].summary == "alert_metric_missing:none"


def test_nan_triggers(service):
    """A threshold on a metric that became NaN does not stay silent."""
    (result,) = service.evaluate_alerts("run:p.r", [AlertRule("nan", "gt", 1e9)])

    assert result.triggered is True


def test_fleet_without_runs_says_so(service):
    """No run to check is a note."""
    report = service.evaluate_alerts_fleet([], project_name="other")

    assert [(n.summary, n.details["nearest"]) for n in report.completeness_notes] == [
        ("alert_population_empty", ["p"])
    ]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (AlertRule("a", "above", 1), "alert_invalid_operator"),
        (AlertRule("a", "gt", 1, severity="fatal"), "alert_invalid_severity"),
    ],
)
def test_faulty_rules_are_refused_when_evaluated(service, rule, code):
    """A faulty rule can be built and is refused when it is used."""
    with pytest.raises(ValidationError) as caught:
        service.evaluate_alerts("run:p.r", [rule])

    assert caught.value.code == code


@pytest.fixture
def fleet(make):
    """Three runs."""
    runs = [make.run(name, minute=minute) for minute, name in enumerate("abc")]
    return AlertService(QueryService(make.repository(runs=runs)))


def test_a_fleet_that_a_limit_cuts_says_of_how_many_runs_it_is(fleet):
    """The number that was looked at stands beside the number that there are."""
    report = fleet.evaluate_alerts_fleet([], query=RunListQuery(limit=2))

    assert (len(report.run_ids), report.total_runs) == (2, 3)
    assert [(n.summary, n.details) for n in report.completeness_notes] == [
        ("alert_runs_left_out", {"looked_at": 2, "total_runs": 3})
    ]


@pytest.mark.parametrize("query", [None, RunListQuery(limit=3), RunListQuery(limit=9)])
def test_a_whole_fleet_leaves_nothing_out(fleet, query):
    """A limit that nothing reaches is no limit."""
    report = fleet.evaluate_alerts_fleet([], query=query)

    assert (len(report.run_ids), report.total_runs) == (3, 3)
    assert report.completeness_notes == ()
