"""Adjusting p-values for several tests."""

import math

import numpy as np
import pytest
from scipy import stats

from contexta.contract.errors import ValidationError
from contexta.interpretation.statistics import adjust, benjamini_hochberg, holm


def test_benjamini_hochberg_is_that_of_scipy():
    """The adjusted values agree, ties included."""
    ps = [*np.random.default_rng(1).uniform(size=20) ** 3, 0.2, 0.2, 1.0, 0.0]

    assert benjamini_hochberg(ps) == pytest.approx(stats.false_discovery_control(ps), rel=1e-12)


def test_holm_is_the_step_down_of_bonferroni():
    """The worked example of four p-values: each times what is left, never decreasing."""
    found = holm([0.01, 0.04, 0.03, 0.005])

    assert found == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_what_was_not_tested_is_not_counted():
    """None stays None and does not make the others larger."""
    assert holm([0.01, None, 0.02]) == pytest.approx((0.02, None, 0.02))
    assert benjamini_hochberg([None, 0.01, 0.02]) == pytest.approx((None, 0.02, 0.02))
    assert holm([]) == ()


def test_adjusted_values_stay_probabilities():
    """Nothing exceeds 1."""
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert benjamini_hochberg([0.9, 1.0]) == (1.0, 1.0)


def test_by_name():
    """holm, bh and None are known, and nothing else."""
    ps = [0.01, 0.2]

    assert adjust(ps, "holm") == holm(ps)
    assert adjust(ps, "bh") == benjamini_hochberg(ps)
    assert adjust(ps, None) == (0.01, 0.2)
    with pytest.raises(ValidationError) as caught:
        adjust(ps, "bonferoni")
    assert caught.value.code == "statistics_invalid_correction"


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(bad):
    """A p-value outside 0 to 1 is an error in the caller's code."""
    with pytest.raises(ValidationError) as caught:
        holm([0.5, bad])

    assert caught.value.code == "statistics_invalid_p_value"


def test_no_adjusted_p_value_is_below_its_own():
    """Not even by rounding: 0.1 * 3 / 3 is more than 0.1, others are less."""
    values = [count / 997 for count in range(1, 998, 3)]

    for correction in ("holm", "bh"):
        pairs = zip(values, adjust(values, correction), strict=True)
        assert all(after >= before for before, after in pairs)
