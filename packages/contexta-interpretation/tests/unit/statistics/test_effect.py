"""Effect sizes and what could have been seen."""

import math

import numpy as np
import pytest
from scipy import special, stats

from contexta.contract.errors import ValidationError
from contexta.interpretation.statistics import (
    hedges_g,
    paired_effect,
    relative_change,
    sample,
    smallest_detectable,
    welch_test,
)

RANDOM = np.random.default_rng(3)


def test_hedges_g_is_cohens_d_with_the_exact_factor():
    """The factor is the ratio of gamma functions of Hedges (1981)."""
    left, right = RANDOM.normal(size=6), RANDOM.normal(1, 2, size=9)
    pooled = math.sqrt((5 * left.var(ddof=1) + 8 * right.var(ddof=1)) / 13)
    factor = special.gamma(6.5) / (math.sqrt(6.5) * special.gamma(6))

    assert hedges_g(left, right) == pytest.approx(
        factor * (right.mean() - left.mean()) / pooled, rel=1e-12
    )


def test_an_effect_without_variation_is_not_defined():
    """Constants, and too few values, have no standardized difference."""
    assert hedges_g([1, 1], [2, 2]) is None
    assert hedges_g([1], [2]) is None
    assert hedges_g([], [1, 2, 3, 4]) is None
    assert paired_effect([1, 1, 1]) is None
    assert paired_effect([1, 2]) is None


def test_the_paired_effect_is_that_of_the_differences():
    """d_z divides by the standard deviation of the differences."""
    changes = np.array([0.5, 1.0, 0.2, 0.9])
    factor = special.gamma(1.5) / (math.sqrt(1.5) * special.gamma(1))

    assert paired_effect(changes) == pytest.approx(factor * changes.mean() / changes.std(ddof=1))


def test_relative_changes():
    """They divide by the size of the left; zero and unknown have none."""
    assert relative_change(-2.0, -1.0) == 0.5
    assert relative_change(0.0, 1.0) is None
    assert relative_change(None, 1.0) is None
    assert relative_change(5e-324, 1e300) is None


def test_the_smallest_detectable_difference_has_the_power_it_says():
    """Against the noncentral t, the approximation is right within a percent or two."""
    n, power = 10, 0.8
    values = stats.norm.ppf((np.arange(n) + 0.5) / n)
    test = welch_test(values, values + 0.0001)
    shift = smallest_detectable(test, power=power) / test.standard_error
    critical = stats.t.ppf(0.975, test.df)

    assert stats.nct.sf(critical, test.df, shift) == pytest.approx(power, abs=0.02)


def test_no_standard_error_no_detectable_difference():
    """Where no test was made nothing is claimed; a faulty power is refused."""
    assert smallest_detectable(welch_test([1], [2])) is None
    with pytest.raises(ValidationError):
        smallest_detectable(welch_test([1, 2], [2, 4]), power=1.5)


def test_a_sample_is_described_without_what_is_not_finite():
    """Mean, sd, median and extremes are those of the finite values."""
    found = sample([3.0, math.nan, 1.0, math.inf, 2.0])

    assert (found.n, found.excluded, found.mean, found.median) == (3, 2, 2.0, 2.0)
    assert (found.sd, found.minimum, found.maximum) == (1.0, 1.0, 3.0)
    assert sample([]).mean is None
    assert sample([1e308, 1e308]).mean == 1e308


def test_values_that_are_too_large_have_no_effect_size():
    """The squares of such values fit in no double; that is no reason to fail."""
    assert hedges_g([1e200, 2e200, 4e200], [1.0, 2.0, 3.0]) is None
    assert paired_effect([1e200, 2e200, 4e200]) is None


def test_a_tiny_spread_has_an_effect_size():
    """An effect size has no unit, so that tiny values have the same one."""
    left, right = np.array([1.0, 2.0, 4.0]), np.array([2.0, 5.0, 7.0])

    assert hedges_g(left * 1e-200, right * 1e-200) == pytest.approx(hedges_g(left, right))


def test_equal_values_have_no_spread():
    """Three times 0.1 is not 0.3 in doubles; the mean of equal values is that value anyway."""
    found = sample([0.1, 0.1, 0.1])

    assert (found.mean, found.sd) == (0.1, 0.0)
    assert hedges_g([0.1] * 3, [0.3] * 3) is None
