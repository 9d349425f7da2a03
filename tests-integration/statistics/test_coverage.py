"""How often 95 % intervals hold the truth, and that the product asks for n where they do."""

import pytest
from _simulate import UNPAIRED, one_sample, paired, unpaired
from _tables import below, cells, show

from contexta.interpretation.groups.policy import MINIMUM_RUNS


def coverage(rates):
    return rates.coverage


# What was measured with 10,000 trials (bootstrap: 2,000) where it is below 95 %; the product
# gives no bootstrap verdict below MINIMUM_RUNS.
BOOTSTRAP = {
    ("normal", 10): 0.940,
    ("skewed", 10): 0.890,
    ("skewed", 30): 0.892,
}
SKEWED_SCALED = {3: 0.933, 5: 0.919, 10: 0.917, 30: 0.926}


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_welch_holds_the_truth(trials, scale):
    """Both normal and rounded values: 95 %, also when one side varies twice as much.

    The difference of skewed values of different scale is skewed itself: 92 to 93 %.
    """
    found = cells(lambda shape, n: unpaired("welch", shape, n, trials, scale=scale))
    show(f"coverage of Welch's 95 % interval, right side times {scale:g}", found, coverage)

    def limit(shape, n):
        return SKEWED_SCALED[n] if shape == "skewed" and scale != 1 else 0.945

    assert below(found, coverage, limit) == {}


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_paired_t_holds_the_truth(trials, scale):
    """As Welch's; the differences of pairs are less skewed than their sides."""
    found = cells(lambda shape, n: paired("paired t", shape, n, trials, scale=scale))
    show(f"coverage of the paired 95 % interval, right side times {scale:g}", found, coverage)

    def limit(shape, n):
        return SKEWED_SCALED[n] if shape == "skewed" and scale != 1 else 0.945

    assert below(found, coverage, limit) == {}


@pytest.mark.parametrize("method", ["bootstrap", "paired bootstrap"])
def test_bca_is_refused_where_it_does_not_hold(trials, method):
    """BCa falls short of 95 % below ten runs, which is the least that the product asks for."""
    count = max(100, trials // 5)
    experiment = unpaired if method in UNPAIRED else paired
    found = cells(lambda shape, n: experiment(method, shape, n, count))
    show(f"coverage of the BCa 95 % interval, {method}", found, coverage)
    asked = {cell: rates for cell, rates in found.items() if cell[1] >= MINIMUM_RUNS["bootstrap"]}

    def limit(shape, n):
        return BOOTSTRAP.get((shape, n), 0.94)

    assert found["normal", 3].coverage < 0.95
    assert below(asked, coverage, limit) == {}


@pytest.mark.parametrize("expand", [False, True])
def test_bca_of_a_mean(trials, expand):
    """Expanded percentiles bring the interval of ten normal values from 90 to 94 %."""
    count = max(100, trials // 5)
    found = cells(lambda shape, n: one_sample(shape, n, count, expand=expand))
    kind = "expanded" if expand else "plain"
    show(f"coverage of the BCa 95 % interval of a mean, {kind}", found, coverage)

    assert (
        below(
            {cell: rates for cell, rates in found.items() if cell == ("normal", 30)},
            coverage,
            lambda _shape, _n: 0.945 if expand else 0.935,
        )
        == {}
    )
