"""BCa intervals against scipy and by their properties."""

import math

import numpy as np
import pytest
from scipy import stats

from contexta.interpretation.statistics import (
    bca_terms,
    bootstrap_mean,
    bootstrap_test,
    normal_cdf,
    t_quantile,
    welch_test,
)

RANDOM = np.random.default_rng(5)


def left_out(values):
    return (values.sum() - values) / (len(values) - 1)


@pytest.mark.parametrize("n", [5, 12, 40])
def test_bca_of_a_mean_is_that_of_scipy(n):
    """Given the same resamples, the interval is scipy's to 1e-9."""
    values = RANDOM.lognormal(size=n)
    wanted = stats.bootstrap((values,), np.mean, n_resamples=2_000, method="BCa", random_state=1)
    terms = bca_terms(values.mean(), wanted.bootstrap_distribution, [left_out(values)])
    interval = wanted.confidence_interval

    assert (terms.quantile(0.025), terms.quantile(0.975)) == pytest.approx(
        (interval.low, interval.high), rel=1e-9
    )


def test_bca_of_a_difference_is_that_of_scipy():
    """Two samples of different size: the acceleration sums over both, as in scipy."""
    left, right = RANDOM.lognormal(size=9), RANDOM.lognormal(0.5, 1, size=15)

    def change(x, y, axis=-1):
        return np.mean(y, axis=axis) - np.mean(x, axis=axis)

    wanted = stats.bootstrap((left, right), change, n_resamples=2_000, random_state=2)
    jackknife = [right.mean() - left_out(left), left_out(right) - left.mean()]
    terms = bca_terms(change(left, right), wanted.bootstrap_distribution, jackknife)
    interval = wanted.confidence_interval

    assert (terms.quantile(0.025), terms.quantile(0.975)) == pytest.approx(
        (interval.low, interval.high), rel=1e-9
    )


def test_a_level_is_the_inverse_of_a_quantile():
    """The p-value is the level at which the interval would end at zero."""
    left, right = RANDOM.normal(size=12), RANDOM.normal(1, 1, size=12)
    found = bootstrap_test(left, right)
    at_p = bootstrap_test(left, right, alpha=found.p_value)

    assert found.p_greater < 0.5
    assert at_p.low == pytest.approx(0.0, abs=0.02)


def test_plain_percentiles_are_those_of_efron():
    """Without expansion the interval is the plain BCa of the same resamples."""
    values = RANDOM.lognormal(size=8)
    plain = bootstrap_mean(values, expand=False, resamples=999, seed=3)
    wide = bootstrap_mean(values, resamples=999, seed=3)
    share = normal_cdf(math.sqrt(8 / 7) * t_quantile(0.025, 7))

    assert share < 0.025
    assert (plain.bias, plain.acceleration) == (wide.bias, wide.acceleration)
    assert wide.low < plain.low < plain.high < wide.high


def test_normal_values_give_nearly_the_interval_of_t():
    """Expanded percentiles make the bootstrap as wide as Welch's t (Hesterberg 2015)."""
    left, right = stats.norm.ppf(np.arange(1, 11) / 11), 2 + stats.norm.ppf(np.arange(1, 8) / 8)
    found, welch = bootstrap_test(left, right, resamples=49_999), welch_test(left, right)

    assert (found.low, found.high) == pytest.approx((welch.low, welch.high), abs=0.06)


def test_the_same_seed_gives_the_same_interval():
    """What is random repeats with its seed."""
    values = RANDOM.normal(size=10)

    assert bootstrap_mean(values, seed=4) == bootstrap_mean(values, seed=4)
    assert bootstrap_mean(values, seed=4) != bootstrap_mean(values, seed=5)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [2.0] * 9, [1e200, 2e200, 3e200]])
def test_too_few_or_constant_values_give_no_interval(values):
    """There is a reason instead of an interval."""
    found = bootstrap_mean(values)

    assert (found.low, found.high) == (None, None)
    assert found.reason


def test_what_cannot_be_compared_is_an_answer():
    """Constant groups and tiny groups give a status, paired or not."""
    assert bootstrap_test([1.0] * 5, [1.0] * 5).status == "identical"
    assert bootstrap_test([1.0] * 5, [2.0] * 5).status == "no_variance"
    assert bootstrap_test([1.0, 2.0], [2.0, 3.0, 4.0]).status == "not_enough"
    assert bootstrap_test([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], paired=True).status == "no_variance"


def test_the_least_p_value_is_told():
    """A bootstrap of few resamples cannot show a small p-value, and says so."""
    found = bootstrap_test(np.arange(5.0), np.arange(5.0) + 100, resamples=999)

    assert found.p_value == pytest.approx(found.smallest_p)
    assert found.smallest_p > 2 / 1000


def test_bca_needs_variation():
    """Resamples without spread, or all on one side of the estimate, give no terms."""
    assert bca_terms(1.0, [1.0, 1.0, 1.0], [[1.0, 1.0]]) is None
    assert bca_terms(5.0, [1.0, 2.0, 3.0], [[1.0, 2.0]]) is None
    assert bca_terms(2.0, [1.0, 2.0, 3.0], [[1.0, 1.0]]) is None


@pytest.mark.parametrize("scale", [2.0**-450, 1.0, 2.0**460])
def test_the_unit_does_not_matter(scale):
    """Huge and tiny values have the interval of the same values in another unit."""
    values = np.array([0.2, 1.5, 0.7, 3.9, 0.1, 0.6])
    found = bootstrap_mean(values * scale, resamples=999)
    plain = bootstrap_mean(values, resamples=999)

    assert (found.low / scale, found.high / scale) == pytest.approx((plain.low, plain.high))
    assert found.acceleration == pytest.approx(plain.acceleration)


@pytest.mark.parametrize("offset", [1e6, 1e15])
def test_an_offset_changes_no_bootstrap(offset):
    """Resamples of large values are told apart as well as those of small ones."""
    left, right = np.array([0, 1, 2, 5, 3, 4, 2, 1]), np.array([3, 4, 6, 9, 3, 7, 4, 6])
    near, far = bootstrap_test(left, right), bootstrap_test(left + offset, right + offset)

    assert (far.low, far.high, far.p_value) == pytest.approx((near.low, near.high, near.p_value))


def test_values_near_the_smallest_double_do_not_vary():
    """A standard error of theirs can be zero; no test divides by it."""
    assert bootstrap_test([0.0, 5e-324, 1e-323], [0.0] * 3).status == "no_variance"
    assert welch_test([0.0, 5e-324, 1e-323], [0.0] * 3).status == "no_variance"
