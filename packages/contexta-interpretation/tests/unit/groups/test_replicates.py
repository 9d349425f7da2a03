"""Grouping runs that repeat each other."""

import math

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import ResolutionError, RunListQuery
from contexta.interpretation.groups import ReplicateGroup


def sizes(found):
    return {group.label: group.size for group in found.groups}


def test_runs_equal_in_the_params_form_a_group(bench):
    """Groups come in the order of their first runs and hold every run once."""
    for name, rate, seed in (("a", 0.1, 1), ("b", 0.01, 1), ("c", 0.1, 2), ("d", 0.01, 2)):
        bench.add(name, params={"lr": rate, "seed": seed})
    found = bench.service().replicate_groups(["lr"])

    assert found.by == ("lr",)
    assert sizes(found) == {"lr=0.1": 2, "lr=0.01": 2}
    assert found.groups[0] == ReplicateGroup({"lr": 0.1}, (), ("run:p.a", "run:p.c"))
    assert found.completeness.runs == 4


def test_a_missing_param_is_a_value_of_its_own(bench):
    """Runs without the param are a group, apart from those whose param is null or empty."""
    for name, params in (("a", {"lr": 1}), ("b", {}), ("c", {"lr": None}), ("d", {"lr": ""})):
        bench.add(name, params=params)
    bench.add("e", params={})
    found = bench.service().replicate_groups(["lr"])

    assert found.sizes == (1, 2, 1, 1)
    assert found.groups[1].missing == ("lr",)
    assert found.groups[1].label == "lr missing"


def test_numbers_are_equal_as_numbers(bench):
    """1 is 1.0, but neither true nor the text 1; NaN equals NaN."""
    values = [1, 1.0, True, "1", math.nan, math.nan, 0, False, -0.0]
    for i, value in enumerate(values):
        bench.add(f"r{i}", params={"x": value})

    assert bench.service().replicate_groups(["x"]).sizes == (2, 1, 1, 2, 2, 1)


def test_several_params_and_a_query(bench):
    """Groups are of all params together, over the runs that the query selects."""
    for i in range(8):
        params = {"a": i % 2, "b": i // 2 % 2}
        bench.add(f"r{i}", params=params, status="failed" if i == 7 else "completed")
    found = bench.service().replicate_groups(["a", "b"], query=RunListQuery(status="completed"))

    assert found.sizes == (2, 2, 2, 1)
    assert found.groups[0].params == {"a": 0, "b": 0}


def test_a_param_that_no_run_has_is_refused(bench):
    """A typing error would put all runs together; the nearest are named."""
    bench.add("a", params={"learning_rate": 0.1})
    with pytest.raises(ResolutionError) as caught:
        bench.service().replicate_groups(["learning_rat"])

    assert caught.value.code == "groups_unknown_param"
    assert caught.value.details["nearest"] == {"learning_rat": ["learning_rate"]}


def test_no_runs_no_groups(bench):
    """An empty selection is an answer with a note."""
    found = bench.service().replicate_groups(["lr"], project_name="nothing")

    assert found.groups == ()
    assert [note.summary for note in found.completeness_notes] == ["groups_population_empty"]


@pytest.mark.parametrize("bad", [[], [""], [3], [None]])
def test_params_must_be_named(bench, bad):
    """What names no param is refused."""
    with pytest.raises(ValidationError) as caught:
        bench.service().replicate_groups(bad)

    assert caught.value.code == "groups_invalid_keys"
