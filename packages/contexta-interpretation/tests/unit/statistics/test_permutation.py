"""Permutation tests against scipy and by their properties."""

import math

import numpy as np
import pytest
from scipy import stats

from contexta.interpretation.statistics import permutation_test, welch_test

RANDOM = np.random.default_rng(11)


def mean_difference(x, y, axis):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def size_of_difference(x, y, axis):
    return np.abs(mean_difference(x, y, axis))


@pytest.mark.parametrize(("n_left", "n_right"), [(3, 3), (4, 6), (2, 9), (7, 7)])
@pytest.mark.parametrize("rounded", [False, True])
def test_exact_p_values_are_those_of_scipy(n_left, n_right, rounded):
    """All three p-values agree exactly when every split is enumerated, ties included."""
    left, right = RANDOM.normal(size=n_left), RANDOM.normal(0.8, 1, size=n_right)
    if rounded:
        left, right = np.round(left), np.round(right) + 0.5
    found = permutation_test(left, right)

    def wanted(statistic, alternative):
        return stats.permutation_test(
            (right, left), statistic, alternative=alternative, n_resamples=math.inf, vectorized=True
        ).pvalue

    assert found.exact
    assert found.resamples == math.comb(n_left + n_right, n_left)
    assert found.p_value == pytest.approx(wanted(size_of_difference, "greater"), abs=1e-12)
    assert found.p_greater == pytest.approx(wanted(mean_difference, "greater"), abs=1e-12)
    assert found.p_less == pytest.approx(wanted(mean_difference, "less"), abs=1e-12)


@pytest.mark.parametrize("n", [2, 5, 9])
def test_exact_paired_p_values_are_those_of_scipy(n):
    """Exchanging the sides of pairs gives the p-value of scipy's sign test of differences."""
    left, right = RANDOM.normal(size=n), RANDOM.normal(0.5, 1, size=n)
    found = permutation_test(left, right, paired=True)
    wanted = stats.permutation_test(
        (right, left),
        size_of_difference,
        permutation_type="samples",
        alternative="greater",
        n_resamples=math.inf,
        vectorized=True,
    )

    assert (found.method, found.exact, found.resamples) == ("paired_permutation", True, 2**n)
    assert found.p_value == pytest.approx(wanted.pvalue, abs=1e-12)


def test_drawn_p_values_count_the_observed_one():
    """A draw never gives 0: the least p is 1 / (resamples + 1) (Phipson and Smyth 2010)."""
    left, right = np.arange(20.0), np.arange(20.0) + 100
    found = permutation_test(left, right, resamples=999)

    assert (found.exact, found.resamples, found.seed) == (False, 999, 0)
    assert found.p_value == 1 / 1000
    assert found.smallest_p == 1 / 1000


def test_drawing_comes_near_enumerating():
    """Drawn and enumerated p-values agree within the error of drawing."""
    left, right = RANDOM.normal(size=8), RANDOM.normal(0.7, 1, size=8)
    exact = permutation_test(left, right)
    drawn = permutation_test(left, right, exact_limit=0, resamples=20_000)
    error = math.sqrt(exact.p_value * (1 - exact.p_value) / 20_000)

    assert drawn.p_value == pytest.approx(exact.p_value, abs=5 * error)


def test_the_same_seed_gives_the_same_answer():
    """What is random repeats with its seed and changes with another."""
    left, right = RANDOM.normal(size=20), RANDOM.normal(0.4, 1, size=20)
    first, again, other = (permutation_test(left, right, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert (first.seed, first.p_value != other.p_value) == (1, True)


def test_the_least_p_value_is_told():
    """3 against 3 can never go below 2 / 20: the caller can say that runs are too few."""
    found = permutation_test([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])

    assert (found.p_value, found.smallest_p, found.smallest_p_one_sided) == (0.1, 0.1, 0.05)


def test_large_equal_offsets_do_not_break_ties():
    """Sums of the same values in another order count as equal, far from zero too."""
    left, right = [1e9 + 0.1, 1e9 + 0.2, 1e9 + 0.3], [1e9 + 0.3, 1e9 + 0.1, 1e9 + 0.2]

    assert permutation_test(left, right).p_value == 1.0


def test_the_interval_is_that_of_t():
    """A permutation test has no interval of its own; it says whose it shows."""
    left, right = RANDOM.normal(size=6), RANDOM.normal(size=6)
    found, welch = permutation_test(left, right), welch_test(left, right)

    assert (found.low, found.high, found.interval_method) == (welch.low, welch.high, "welch")


def test_one_value_against_many_is_a_rank():
    """The p-value of the highest of n + 1 values is 1 / (n + 1); there is no interval."""
    found = permutation_test(list(range(19)), [100.0])

    assert (found.p_greater, found.low) == (0.05, None)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("offset", [1e4 + 0.1, 1e6 + 0.1, 1e9])
def test_ties_are_ties_far_from_zero(paired, offset):
    """The rounding of means of large values must not make tied arrangements less extreme."""
    left, right = np.array([0, 1, 2, 5, 3, 4]), np.array([3, 4, 6, 9, 3, 7])
    near = permutation_test(left, right, paired=paired)
    far = permutation_test(left + offset, right + offset, paired=paired)

    assert (far.p_value, far.p_greater) == (near.p_value, near.p_greater)
