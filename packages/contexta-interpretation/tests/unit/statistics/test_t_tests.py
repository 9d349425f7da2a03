"""Tests by Student's t against scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from contexta.interpretation.statistics import paired_t_test, prediction_test, welch_test

RANDOM = np.random.default_rng(7)
SAMPLES = [
    (RANDOM.normal(size=2), RANDOM.normal(size=2)),
    (RANDOM.normal(size=3), RANDOM.normal(5, 3, size=30)),
    (RANDOM.lognormal(size=10), RANDOM.lognormal(1, 1, size=10)),
    (RANDOM.normal(1e3, 1, size=8), RANDOM.normal(1e3, 2, size=5)),
    (RANDOM.normal(0, 1e-200, size=6), RANDOM.normal(0, 1e-199, size=6)),
    (np.full(4, 2.0), RANDOM.normal(size=4)),
]


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # scipy's, of the constants
@pytest.mark.parametrize(("left", "right"), SAMPLES[:4] + SAMPLES[5:])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_welch_is_that_of_scipy(left, right, alpha):
    """Statistic, degrees of freedom, p-values and interval agree to 1e-9."""
    found = welch_test(left, right, alpha=alpha)
    wanted = stats.ttest_ind(right, left, equal_var=False)
    interval = wanted.confidence_interval(1 - alpha)
    more = stats.ttest_ind(right, left, equal_var=False, alternative="greater")

    assert found.status == "ok"
    assert (found.statistic, found.df, found.p_value, found.low, found.high) == pytest.approx(
        (wanted.statistic, wanted.df, wanted.pvalue, interval.low, interval.high), rel=1e-9
    )
    assert (found.p_greater, found.p_less) == pytest.approx(
        (more.pvalue, 1 - more.pvalue), abs=1e-12
    )


def test_tiny_deviations_do_not_vanish():
    """Deviations whose squares are below the smallest double are still variation."""
    left, right = SAMPLES[4]
    scaled = stats.ttest_ind(right * 1e200, left * 1e200, equal_var=False)

    assert welch_test(left, right).p_value == pytest.approx(scaled.pvalue, rel=1e-9)


@pytest.mark.parametrize("offset", [1e6, 1e12, 1e15])
def test_an_offset_changes_no_digit_of_a_test(offset):
    """Means of large values are rounded by more than such values differ; tests are not."""
    left, right = np.array([0, 1, 2, 5, 3, 4, 2]), np.array([3, 4, 6, 9, 3, 7, 4, 6])
    near, far = welch_test(left, right), welch_test(left + offset, right + offset)

    assert (far.difference, far.standard_error, far.p_value) == pytest.approx(
        (near.difference, near.standard_error, near.p_value), rel=1e-12
    )


@pytest.mark.parametrize("n", [2, 3, 12])
def test_paired_t_is_that_of_scipy(n):
    """The paired test agrees to 1e-9."""
    left, right = RANDOM.normal(size=n), RANDOM.normal(0.3, 1, size=n)
    found = paired_t_test(left, right)
    wanted = stats.ttest_rel(right, left)
    interval = wanted.confidence_interval(0.95)

    assert (found.statistic, found.df, found.p_value, found.low, found.high) == pytest.approx(
        (wanted.statistic, wanted.df, wanted.pvalue, interval.low, interval.high), rel=1e-9
    )


def test_prediction_is_a_t_test_of_one_against_many():
    """With one value on a side, its variance taken from the other, it is the classic t test."""
    baseline = RANDOM.normal(size=9)
    found = prediction_test(baseline, 2.5)
    scale = baseline.std(ddof=1) * math.sqrt(1 + 1 / 9)
    t = (2.5 - baseline.mean()) / scale

    assert (found.method, found.statistic) == ("prediction", pytest.approx(t))
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), 8), rel=1e-9)


def test_values_that_are_not_finite_are_left_out_and_counted():
    """NaN and infinities do not spoil a test; a pair goes with either of its values."""
    left, right = [1.0, 2.0, math.nan, 4.0], [2.0, math.inf, 3.0, 5.5]
    unpaired, paired = welch_test(left, right), paired_t_test(left, right)

    assert (unpaired.n_left, unpaired.n_right, unpaired.excluded) == (3, 3, 2)
    assert (paired.n_left, paired.n_right, paired.excluded) == (2, 2, 2)
    assert unpaired.p_value == pytest.approx(
        stats.ttest_ind([2, 3, 5.5], [1, 2, 4], equal_var=False).pvalue, rel=1e-9
    )


@pytest.mark.parametrize(
    ("left", "right", "status"),
    [
        ([1.0], [1.0, 2.0], "not_enough"),
        ([], [], "not_enough"),
        ([math.nan] * 5, [1.0, 2.0], "not_enough"),
        ([2.0, 2.0], [2.0, 2.0], "identical"),
        ([2.0, 2.0], [3.0, 3.0], "no_variance"),
        ([0.1 + 0.2, 0.3], [0.5, 0.5], "no_variance"),
        ([1e200, 2e200], [1.0, 2.0], "too_large"),
    ],
)
def test_what_cannot_be_tested_is_an_answer(left, right, status):
    """Too few values and values without variation give a status and a reason, no exception."""
    found = welch_test(left, right)

    assert found.status == status
    assert found.reason
    assert (found.low, found.statistic) == (None, None)
    assert found.p_value == (1.0 if status == "identical" else None)


def test_pairs_with_one_constant_change_cannot_be_judged():
    """A change that is the same in each pair has nothing to be measured with."""
    assert paired_t_test([1, 2, 3], [1.5, 2.5, 3.5]).status == "no_variance"
    assert paired_t_test([1, 2, 3], [1, 2, 3]).status == "identical"
    assert paired_t_test([0.1, 0.2, 0.3], [0.4, 0.5, 0.6]).status == "no_variance"
    assert paired_t_test([1], [2]).status == "not_enough"


def test_a_single_value_against_a_constant_baseline():
    """Equal to it is no difference; another value cannot be judged."""
    assert prediction_test([1.0, 1.0, 1.0], 1.0).status == "identical"
    assert prediction_test([1.0, 1.0, 1.0], 2.0).status == "no_variance"
    assert prediction_test([1.0], 2.0).status == "not_enough"
    assert prediction_test([1.0, 2.0], math.nan).status == "not_enough"
