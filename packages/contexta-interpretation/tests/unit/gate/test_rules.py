"""Rules from objects and from plain data."""

import json
import tomllib

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation.gate import (
    CompletenessRule,
    NoErrorsRule,
    NoRegressionRule,
    RequiredArtifactsRule,
    RequiredMetricsRule,
    RequiredStagesRule,
    ThresholdRule,
    parse_rules,
)

RULES = (
    ThresholdRule("accuracy", ">=", 0.9, aggregation="max", stage_name="eval", across="median"),
    NoRegressionRule("loss", relative_margin=0.05, method="permutation", name="loss holds"),
    RequiredStagesRule(("fit", "eval")),
    RequiredMetricsRule(("accuracy",)),
    RequiredArtifactsRule(("model",), minimum=2),
    NoErrorsRule(ignore=("failed_deployment",)),
    CompletenessRule(max_missing=0),
)


def code_of(data):
    with pytest.raises(ValidationError) as caught:
        parse_rules(data)
    return caught.value


def test_rules_come_back_from_their_json():
    """to_dict and parse_rules are inverse, through JSON."""
    text = json.dumps({"rules": [rule.to_dict() for rule in RULES]})

    assert parse_rules(json.loads(text)) == RULES


def test_rules_come_from_toml():
    """An array of tables named rules is enough; one name stands for a list of one."""
    text = """
    [[rules]]
    type = "threshold"
    metric_key = "accuracy"
    operator = ">="
    value = 0.9

    [[rules]]
    type = "required_stages"
    stage_names = "eval"
    """

    assert parse_rules(tomllib.loads(text)) == (
        ThresholdRule("accuracy", "gte", 0.9),
        RequiredStagesRule(("eval",)),
    )


@pytest.mark.parametrize(
    ("sign", "name"),
    [(">", "gt"), ("<", "lt"), (">=", "gte"), ("<=", "lte"), ("==", "eq"), ("!=", "ne")],
)
def test_operators_have_names_and_signs(sign, name):
    """Both spellings make the same rule."""
    assert ThresholdRule("m", sign, 1) == ThresholdRule("m", name, 1)


@pytest.mark.parametrize(
    ("code", "rule", "text"),
    [
        ("gate_unknown_rule_type", {"type": "treshold"}, "nearest: threshold"),
        ("gate_unknown_rule_type", {"metric_key": "a"}, "use one of threshold, no_regression"),
        ("gate_unknown_field", {"type": "no_errors", "ignored": []}, "nearest: ignore"),
        (
            "gate_invalid_operator",
            {"type": "threshold", "metric_key": "a", "operator": "=>", "value": 1},
            "gt, lt, gte",
        ),
        ("gate_invalid_rule", {"type": "required_stages"}, "stage_names is missing"),
        ("gate_invalid_rule", {"type": "required_stages", "stage_names": []}, "at least one"),
        ("gate_invalid_rule", {"type": "required_artifacts", "kinds": 3}, "at least one name"),
        ("gate_invalid_rule", {"type": "completeness", "max_lost": -1}, "max_lost is -1"),
        ("gate_invalid_rule", {"type": "completeness", "max_lost": 0.5}, "whole number"),
        (
            "gate_invalid_rule",
            {"type": "no_regression", "metric_key": "a", "margin": 1, "relative_margin": 1},
            "keep one",
        ),
        ("gate_invalid_rule", {"type": "no_regression", "metric_key": "a", "alpha": 0.7}, "0.5"),
        ("gate_invalid_rule", {"type": "no_regression", "metric_key": "a", "alpha": 1}, "0.5"),
        (
            "gate_invalid_operator",
            {"type": "threshold", "metric_key": "a", "operator": [">"], "value": 1},
            "use one of gt",
        ),
        ("gate_unknown_rule_type", {"type": ["threshold"]}, "use one of threshold"),
        (
            "gate_invalid_rule",
            {"type": "no_regression", "metric_key": "a", "method": "anova"},
            "welch, permutation, bootstrap",
        ),
        ("gate_invalid_rule", "threshold", "no mapping"),
    ],
)
def test_a_faulty_rule_is_refused_with_what_is_allowed(code, rule, text):
    """The code is stable, the message lists the choices and the nearest."""
    error = code_of([rule])

    assert error.code == code
    assert text in error.message
    assert error.message.startswith("rule 1: ")


def test_all_faults_of_all_rules_are_told_at_once():
    """Faults of several kinds are listed with their codes."""
    error = code_of(
        [
            {"type": "threshold", "metric_key": " ", "operator": "~", "value": "x"},
            {"type": "no_errors"},
            {"type": "nothing"},
        ]
    )

    assert error.code == "gate_invalid_rules"
    assert [problem["code"] for problem in error.details["problems"]] == [
        "gate_invalid_rule",
        "gate_invalid_operator",
        "gate_invalid_rule",
        "gate_unknown_rule_type",
    ]
    assert "rule 3: type 'nothing'" in error.message


@pytest.mark.parametrize("nothing", [[], {"rules": []}, {}, ()])
def test_a_gate_without_rules_is_refused(nothing):
    """An empty list would let everything pass."""
    assert code_of(nothing).code == "gate_no_rules"


@pytest.mark.parametrize("data", ["rules", 3, None, b"x", {"rules": "x"}])
def test_what_holds_no_rules_is_refused(data):
    """Text and numbers are no rules; files are read by the caller."""
    assert code_of(data).code == "gate_invalid_rules"


def test_an_unknown_top_key_is_refused():
    """A misspelled rules key is no empty gate."""
    error = code_of({"rule": [{"type": "no_errors"}]})

    assert (error.code, "nearest: rules" in error.message) == ("gate_unknown_field", True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1", None, 10**400])
def test_a_threshold_is_a_finite_number(value):
    """NaN would make each comparison false."""
    with pytest.raises(ValidationError) as caught:
        ThresholdRule("a", ">", value)

    assert caught.value.code == "gate_invalid_rule"


def test_a_completeness_rule_must_look_at_something():
    """With every limit left out it would always pass."""
    with pytest.raises(ValidationError):
        CompletenessRule(
            max_lost=None, max_nonfinite=None, max_damaged_parts=None, max_dead_writers=None
        )


def test_rules_are_named_by_what_they_ask():
    """Without a name of their own."""
    assert [rule.label for rule in RULES[:3]] == [
        "threshold: eval/accuracy >= 0.9",
        "loss holds",
        "required_stages: fit, eval",
    ]


@pytest.mark.parametrize("value", [0, 1, 1.0, "true"])
def test_a_direction_is_true_or_false(value):
    """Numbers that equal booleans in Python are none in a file of rules."""
    with pytest.raises(ValidationError, match="higher_is_better"):
        parse_rules([{"type": "no_regression", "metric_key": "loss", "higher_is_better": value}])
