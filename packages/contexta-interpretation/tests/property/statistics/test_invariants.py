"""What holds for every comparison, whatever the values."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.interpretation.statistics import (
    benjamini_hochberg,
    bootstrap_test,
    holm,
    paired_t_test,
    permutation_test,
    t_cdf,
    t_quantile,
    welch_test,
)

FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)
ANY = st.one_of(FINITE, st.floats(), st.integers(-(10**20), 10**20))
SAMPLES = st.lists(FINITE, min_size=0, max_size=12)
TESTS = [
    welch_test,
    lambda a, b: permutation_test(a, b, resamples=99, exact_limit=300),
    lambda a, b: bootstrap_test(a, b, resamples=99),
]
QUICK = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize("test", TESTS)
@QUICK
@given(left=st.lists(ANY, max_size=10), right=st.lists(ANY, max_size=10))
def test_any_numbers_give_an_answer(test, left, right):
    """Nothing raises; p-values lie in 0 to 1; without one there is a reason."""
    found = test(left, right)

    assert found.n_left + found.n_right + found.excluded == len(left) + len(right)
    if found.p_value is None:
        assert found.reason
    else:
        assert all(0 <= p <= 1 for p in (found.p_value, found.p_greater, found.p_less))
    if found.low is not None:
        assert found.low <= found.high


@QUICK
@given(left=SAMPLES, right=SAMPLES)
def test_swapping_the_sides_swaps_the_answer(left, right):
    """Welch's p-value is the same, the interval is mirrored."""
    one, two = welch_test(left, right), welch_test(right, left)

    assert one.status == two.status
    assert one.p_value == two.p_value
    if one.low is not None:
        assert one.low == pytest.approx(-two.high, rel=1e-9, abs=1e-9)


@QUICK
@given(
    left=st.lists(FINITE, min_size=3, max_size=8), right=st.lists(FINITE, min_size=3, max_size=8)
)
def test_the_interval_and_the_p_value_agree(left, right):
    """Zero lies outside the 95 % interval exactly when p is below 0.05."""
    found = welch_test(left, right)

    if found.status == "ok" and abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


@QUICK
@given(values=st.lists(FINITE, min_size=2, max_size=10))
def test_the_same_values_do_not_differ(values):
    """Pairs that are equal are identical; a group against itself is no alarm."""
    assert paired_t_test(values, values).status == "identical"
    assert permutation_test(values, values, exact_limit=300, resamples=99).p_value == 1.0


@QUICK
@given(ps=st.lists(st.floats(0, 1), max_size=20))
def test_adjusting_keeps_the_order_and_never_lowers(ps):
    """Adjusted values are at least the raw ones; Holm's are at least those of BH."""
    first, second = holm(ps), benjamini_hochberg(ps)

    assert all(p <= b + 1e-15 and b <= h + 1e-12 for p, b, h in zip(ps, second, first, strict=True))
    order = sorted(range(len(ps)), key=ps.__getitem__)
    assert [first[i] for i in order] == sorted(first)


@QUICK
@given(p=st.floats(1e-9, 1 - 1e-9), df=st.floats(0.5, 1e6))
def test_quantiles_invert_probabilities(p, df):
    """Going to the quantile and back gives the probability."""
    assert math.isclose(t_cdf(t_quantile(p, df), df), p, rel_tol=1e-9, abs_tol=1e-12)
