"""Faulty arguments are refused by name."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation.statistics import (
    bootstrap_mean,
    bootstrap_test,
    paired_t_test,
    permutation_test,
    prediction_test,
    welch_test,
)

A, B = [1.0, 2.0, 3.0], [2.0, 3.0, 5.0]


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 1.5, "0.05", None, True, float("nan")])
@pytest.mark.parametrize("test", [welch_test, paired_t_test, permutation_test, bootstrap_test])
def test_a_level_outside_0_to_1_is_refused(test, alpha):
    """Every test checks alpha."""
    with pytest.raises(ValidationError) as caught:
        test(A, B, alpha=alpha)

    assert caught.value.code == "statistics_invalid_alpha"


@pytest.mark.parametrize("bad", ["1", None, True, [1], 1j, object()])
def test_what_is_no_number_is_refused(bad):
    """A text among the values is a mistake, not a missing value."""
    with pytest.raises(ValidationError) as caught:
        welch_test([1.0, bad], B)

    assert caught.value.code == "statistics_invalid_value"


def test_integers_beyond_doubles_are_refused():
    """An integer that no double holds is refused with our error."""
    with pytest.raises(ValidationError) as caught:
        prediction_test(A, 10**400)

    assert caught.value.code == "statistics_invalid_value"


def test_sides_of_different_length_cannot_be_paired():
    """Pairs need two values each."""
    for test in (
        paired_t_test,
        lambda a, b: permutation_test(a, b, paired=True),
        lambda a, b: bootstrap_test(a, b, paired=True),
    ):
        with pytest.raises(ValidationError) as caught:
            test(A, B[:2])

        assert caught.value.code == "statistics_unequal_pairs"


@pytest.mark.parametrize(
    "call",
    [
        lambda: permutation_test(A, B, resamples=0),
        lambda: permutation_test(A, B, exact_limit=-1),
        lambda: permutation_test(A, B, seed=-1),
        lambda: permutation_test(A, B, seed=1.5),
        lambda: bootstrap_test(A, B, resamples=10),
        lambda: bootstrap_mean(A, seed="x"),
    ],
)
def test_counts_and_seeds_are_whole_numbers(call):
    """Nothing of numpy comes out."""
    with pytest.raises(ValidationError) as caught:
        call()

    assert caught.value.code == "statistics_invalid_count"
