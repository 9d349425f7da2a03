"""Distribution functions against scipy."""

import math

import pytest
from scipy import special, stats

from contexta.interpretation.statistics import (
    normal_cdf,
    normal_quantile,
    regularized_beta,
    t_cdf,
    t_quantile,
    t_sf,
)

DFS = [0.3, 1, 1.37, 2, 2.5, 3, 5, 9.7, 19, 21, 30, 99.3, 1e3, 1e4, 1e6, 9e6, 1e7]
TS = [-300, -40, -8, -3, -1, -0.1, 0, 0.2, 1, 2, 2.7, 5, 20, 1e3]
PS = [1e-12, 1e-6, 0.001, 0.025, 0.2, 0.4999, 0.5, 0.6, 0.8, 0.975, 0.9995, 1 - 1e-9]


@pytest.mark.parametrize("df", DFS)
def test_t_probabilities_are_those_of_scipy(df):
    """The distribution function of t agrees to 1e-9, and its tail does relatively."""
    cdf = [t_cdf(t, df) for t in TS]
    tail = [t_sf(t, df) for t in (0.5, 1.0, 3.0, 8.0)]

    assert cdf == pytest.approx([stats.t.cdf(t, df) for t in TS], abs=1e-10, rel=0)
    assert tail == pytest.approx([stats.t.sf(t, df) for t in (0.5, 1.0, 3.0, 8.0)], rel=1e-9)


@pytest.mark.parametrize("df", DFS)
def test_t_quantiles_are_those_of_scipy(df):
    """The quantiles of t agree to 1e-9, far out too."""
    found = [t_quantile(p, df) for p in PS]

    assert found == pytest.approx([stats.t.ppf(p, df) for p in PS], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("a", [0.1, 0.5, 1, 3, 9.9, 10, 50, 1e3, 1e5])
@pytest.mark.parametrize("b", [0.1, 0.5, 3, 9.9, 10, 1e3])
def test_the_incomplete_beta_is_that_of_scipy(a, b):
    """The regularized incomplete beta function agrees over small and large arguments."""
    xs = [0.0, 1e-9, 0.001, 0.1, 0.3, 0.5, 0.9, 0.999, 1.0]
    found = [regularized_beta(a, b, x) for x in xs]

    assert found == pytest.approx([special.betainc(a, b, x) for x in xs], abs=1e-11, rel=0)


def test_the_normal_is_that_of_scipy():
    """Normal probabilities and quantiles agree, in the far tail relatively."""
    zs = [-30.0, -8.0, -1.0, 0.0, 0.5, 3.0, 8.0]

    assert [normal_cdf(z) for z in zs] == pytest.approx(stats.norm.cdf(zs), rel=1e-12)
    assert [normal_quantile(p) for p in PS] == pytest.approx(stats.norm.ppf(PS), rel=1e-9)


def test_ends_of_the_domain_have_limits():
    """0 and 1 give infinities, infinite t gives 0 and 1, what is no probability gives NaN."""
    assert [normal_quantile(0.0), normal_quantile(1.0)] == [-math.inf, math.inf]
    assert [t_quantile(0.0, 3), t_quantile(1.0, 3)] == [-math.inf, math.inf]
    assert [t_cdf(-math.inf, 3), t_cdf(math.inf, 3)] == [0.0, 1.0]
    assert t_quantile(0.9, math.inf) == normal_quantile(0.9)
    assert all(
        map(
            math.isnan,
            [
                normal_quantile(1.5),
                t_quantile(-0.1, 3),
                t_quantile(0.5, 0),
                t_cdf(math.nan, 3),
                t_cdf(1.0, -1),
                regularized_beta(0, 1, 0.5),
                regularized_beta(1, 1, 1.5),
            ],
        )
    )


def test_a_huge_t_has_no_tail_at_many_degrees_of_freedom():
    """Its square fits in no double; the tail is zero all the same."""
    assert (t_sf(1e200, 1e8), t_sf(-1e200, 1e8)) == (0.0, 1.0)
