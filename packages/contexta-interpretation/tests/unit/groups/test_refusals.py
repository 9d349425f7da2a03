"""Comparisons of groups that cannot be meant are refused by name."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import ResolutionError
from contexta.interpretation.groups import GroupError, GroupPolicy


def test_a_run_in_both_groups_is_refused(two):
    """The error names the runs."""
    bench, left, right = two
    with pytest.raises(GroupError) as caught:
        bench.service().compare_groups([*left, right[0]], right)

    assert caught.value.code == "groups_run_in_both"
    assert caught.value.details["run_ids"] == [right[0]]


def test_a_run_twice_in_a_group_is_refused(two):
    """Counting a run twice would make the group look larger."""
    bench, left, right = two
    with pytest.raises(GroupError) as caught:
        bench.service().compare_groups([*left, left[0]], right)

    assert caught.value.code == "groups_run_repeated"


def test_unknown_names_come_with_the_nearest(two):
    """A metric, stage, param or run that nobody has is an error with candidates."""
    bench, left, right = two
    service = bench.service()
    cases = {
        "groups_unknown_metric": lambda: service.compare_groups(left, right, ["accuracies"]),
        "groups_unknown_stage": lambda: service.compare_groups(
            left, right, ["accuracy"], stage_name="eval"
        ),
        "groups_unknown_param": lambda: service.compare_groups(left, right, paired_by="sed"),
        "query_run_not_found": lambda: service.compare_groups(left, ["run:p.b-9"]),
    }
    errors = {}
    for code, call in cases.items():
        with pytest.raises(ResolutionError) as caught:
            call()
        errors[code] = caught.value

    assert {code: error.code for code, error in errors.items()} == {code: code for code in cases}
    assert errors["groups_unknown_metric"].details["nearest"] == {"accuracies": ["accuracy"]}
    assert errors["groups_unknown_param"].details["nearest"] == {"sed": ["seed"]}


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("groups_invalid_method", {"method": "anova"}),
        ("groups_invalid_aggregation", {"aggregation": "last"}),
        ("groups_invalid_keys", {"metric_keys": []}),
        ("groups_invalid_keys", {"metric_keys": 3}),
        ("groups_invalid_stage_name", {"stage_name": 3}),
        ("groups_invalid_paired_by", {"paired_by": ["seed"]}),
        ("groups_invalid_direction", {"higher_is_better": "yes"}),
        ("groups_invalid_direction", {"higher_is_better": {"accuracy": 1}}),
        ("statistics_invalid_alpha", {"alpha": 5}),
        ("statistics_invalid_correction", {"correction": "bonferroni"}),
        ("statistics_invalid_count", {"seed": -1, "method": "bootstrap"}),
    ],
)
def test_faulty_arguments_are_refused(two, code, arguments):
    """Each by its own code."""
    bench, left, right = two
    with pytest.raises(ValidationError) as caught:
        bench.service().compare_groups(left, right, **arguments)

    assert caught.value.code == code


@pytest.mark.parametrize("bad", [3, None, [1, 2], [b"run:p.a"]])
def test_what_names_no_runs_is_refused(two, bad):
    """A selection is a query, ids or a replicate group."""
    bench, left, _ = two
    with pytest.raises(ValidationError) as caught:
        bench.service().compare_groups(left, bad)

    assert caught.value.code == "groups_invalid_selection"


def test_a_policy_is_checked():
    """All faults are named at once; methods that are not named keep their minimum."""
    with pytest.raises(ValidationError) as caught:
        GroupPolicy(power=2, resamples=3, minimum_runs={"welch": 1, "anova": 3})

    assert caught.value.code == "groups_invalid_policy"
    assert len(caught.value.details["problems"]) == 4
    assert GroupPolicy(minimum_runs={"welch": 6}).minimum_runs["permutation"] >= 2


def test_a_stage_that_no_run_has_is_refused_for_all_metrics_too(bench):
    """Without metric keys an unknown stage would give an empty answer that looks like none."""
    left = bench.add("a", {"accuracy": 0.9}, stage="eval").run_id
    right = bench.add("b", {"accuracy": 0.9}, stage="eval").run_id
    with pytest.raises(ResolutionError, match="eval") as caught:
        bench.service().compare_groups(left, right, stage_name="evl")

    assert caught.value.code == "groups_unknown_stage"
