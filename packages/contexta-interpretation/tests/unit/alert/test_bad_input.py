"""Faulty rules, and metrics that no run has."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import AlertRule, AlertService, QueryService, ResolutionError


@pytest.fixture
def alerts(make):
    """Alerts over one run with one metric."""
    run = make.run("a")
    repository = make.repository(runs=[run], records=[make.metric(run, "accuracy", 0.5)])
    return AlertService(QueryService(repository))


def refused(alerts, *rules):
    """The error that these rules give."""
    with pytest.raises(ValidationError) as caught:
        alerts.evaluate_alerts("run:p.a", rules)
    return caught.value


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (AlertRule("accuracy", "above", 1), "alert_invalid_operator"),
        (AlertRule("accuracy", None, 1), "alert_invalid_operator"),
        (AlertRule("accuracy", "gt", 1, severity="fatal"), "alert_invalid_severity"),
        (AlertRule("accuracy", "gt", "1"), "alert_invalid_threshold"),
        (AlertRule("accuracy", "gt", True), "alert_invalid_threshold"),
        (AlertRule("accuracy", "gt", float("nan")), "alert_invalid_threshold"),
        (AlertRule(" ", "gt", 1), "alert_invalid_metric_key"),
        ({"metric_key": "accuracy"}, "alert_invalid_rule"),
    ],
)
def test_faulty_rules_are_refused(alerts, rule, code):
    """Each fault has a stable code."""
    assert refused(alerts, rule).code == code


def test_an_operator_in_signs_names_the_word(alerts):
    """A sign is refused with the word that stands for it."""
    error = refused(alerts, AlertRule("accuracy", ">=", 1))

    assert list(error.details["nearest"]) == ["gte"]
    assert "gte" in error.message


def test_all_faults_are_reported_at_once(alerts):
    """Every fault of every rule is in one error."""
    rules = [AlertRule("accuracy", "x", "y"), AlertRule("", "gt", 1)]
    error = refused(alerts, *rules)

    assert [(p["rule"], p["code"]) for p in error.details["problems"]] == [
        (0, "alert_invalid_operator"),
        (0, "alert_invalid_threshold"),
        (1, "alert_invalid_metric_key"),
    ]


@pytest.mark.parametrize("rules", [AlertRule("accuracy", "gt", 0), "accuracy", {"a": 1}, 5])
def test_one_rule_instead_of_a_list_is_refused_once(alerts, rules):
    """What is no list of rules is refused as a whole, not letter by letter."""
    with pytest.raises(ValidationError, match="pass a list of AlertRule") as caught:
        alerts.evaluate_alerts("run:p.a", rules)

    assert caught.value.code == "alert_invalid_rule"


def test_a_fleet_refuses_faulty_rules_without_runs(alerts):
    """A faulty rule is refused also when no run is selected."""
    with pytest.raises(ValidationError):
        alerts.evaluate_alerts_fleet([AlertRule("m", "x", 1)], project_name="none")


def test_a_metric_that_no_run_has_names_the_nearest(alerts):
    """The rule is not triggered, and its note names the keys that are close."""
    (found,) = alerts.evaluate_alerts("run:p.a", [AlertRule("acuracy", "gt", 0)])

    assert (found.triggered, found.actual_value) == (False, None)
    assert list(found.completeness_notes[0].details["nearest"]) == ["accuracy"]


def test_a_stage_that_no_run_has_names_the_nearest(alerts, make):
    """A rule on a misspelled stage can never trigger, and its note names the stage meant."""
    run = make.run("a")
    stage = make.stage(run, "train")
    service = AlertService(QueryService(make.repository(runs=[run], stages=[stage])))
    (found,) = service.evaluate_alerts(run.run_id, [AlertRule("accuracy", "gt", 0, "trian")])

    assert found.completeness_notes[0].details["nearest_stages"] == ["train"]


def test_a_project_without_runs_names_the_nearest(alerts):
    """An empty fleet gives an empty report with a note."""
    report = alerts.evaluate_alerts_fleet([AlertRule("accuracy", "gt", 0)], project_name="pp")

    assert report.results == ()
    assert list(report.completeness_notes[0].details["nearest"]) == ["p"]


def test_an_unknown_run_is_refused(alerts):
    """An unknown run is an error that names runs that are close."""
    with pytest.raises(ResolutionError) as caught:
        alerts.evaluate_alerts("run:p.b", [AlertRule("accuracy", "gt", 0)])

    assert list(caught.value.details["nearest"]) == ["run:p.a"]
