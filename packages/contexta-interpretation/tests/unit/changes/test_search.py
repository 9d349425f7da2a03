"""Change points of series."""

import numpy as np
import pytest

from contexta.interpretation.changes._assemble import is_drift, smallest_detectable
from contexta.interpretation.changes._null import autocorrelation
from contexta.interpretation.changes._search import find_splits


def search(values, *, least=3, significance=0.01, seed=0):
    return find_splits(list(values), least=least, significance=significance, seed=seed)


def places(values, **settings):
    return [split.index for split in search(values, **settings).splits]


def noise(size, seed=1):
    return np.random.default_rng(seed).normal(size=size)


def stepped(size, *steps, seed=1):
    """Normal values with steps of (place, height in standard deviations)."""
    values = noise(size, seed)
    for place, height in steps:
        values[place:] += height
    return values


@pytest.mark.parametrize("size", [0, 1, 5, 6, 50])
def test_a_constant_series_is_silent(size):
    """Equal values have no change, however many."""
    assert places([2.5] * size) == []


@pytest.mark.parametrize(("before", "after"), [(10, 10), (36, 4), (4, 36), (17, 3)])
def test_a_constant_after_another_is_found(before, after):
    """Two constants meet at a place that is known exactly."""
    (split,) = search([1.0] * before + [1.0 + 1e-9] * after).splits

    assert (split.index, split.earliest, split.latest) == (before, before, before)


def test_a_step_is_found_at_its_place():
    """A step of five standard deviations is found where it is."""
    assert places(stepped(40, (25, 5.0))) == [25]


def test_steps_up_and_down_are_all_found():
    """Each of several steps is found, whatever their signs."""
    values = stepped(120, (30, 6.0), (60, -6.0), (90, 6.0))

    assert places(values) == [30, 60, 90]


def test_a_regression_that_was_mended_is_found():
    """Ten runs on another level in the middle of two hundred are two changes."""
    values = stepped(200, (95, 6.0), (105, -6.0))

    assert places(values) == [95, 105]


def test_the_last_runs_are_enough():
    """Four runs after a large step are enough for a change."""
    assert places(stepped(50, (46, 10.0))) == [46]


def test_outliers_are_no_changes():
    """Single values far away are no change, and hide none."""
    values = stepped(60, (35, 5.0))
    values[[5, 20, 50]] = 300.0
    calm = noise(60)
    calm[30:32] = 300.0

    assert (places(values), places(calm)) == ([35], [])


def test_the_answer_depends_on_the_seed_alone():
    """The same series and seed give the same p values."""
    values = stepped(30, (15, 2.0))

    assert search(values, seed=4) == search(values, seed=4)


@pytest.mark.parametrize("factor", [1e-300, 1e-6, 1e9, 1e300])
def test_the_unit_does_not_matter(factor):
    """A history in other units has the same changes."""
    assert places(stepped(40, (25, 5.0)) * factor) == [25]


def test_p_values_resolve_the_significance():
    """A stricter significance is paid for with more permutations, so that it can be reached."""
    found = search(stepped(40, (20, 8.0)), significance=0.001)

    assert found.permutations == 1999
    assert found.splits[0].p_value == 1 / 2000


def test_correlation_of_runs_is_told_from_steps():
    """Neighbors that resemble each other are correlated; levels that differ are not."""
    news = noise(300, seed=3)
    related = [0.0]
    for value in news:
        related.append(0.7 * related[-1] + value)
    steps = stepped(300, (100, 5.0), (200, -5.0))

    assert autocorrelation(np.array(related), 150) == pytest.approx(0.7, abs=0.12)
    assert autocorrelation(steps, 100) < 0.15


def test_a_slope_is_called_a_drift():
    """Where a line fits better than steps, it is said."""
    slope = noise(60) * 0.2 + np.linspace(0, 6, 60)
    steps = stepped(60, (30, 6.0))

    assert is_drift(list(slope), places(slope)) is True
    assert is_drift(list(steps), places(steps)) is False


def test_smallest_detectable_shift():
    """It shrinks with the root of the length and is unknown where nothing can be significant."""

    def least_shift(values):
        return smallest_detectable(values, least=3, significance=0.01, correlation=0.0)

    few, many = (least_shift(list(noise(size))) for size in (100, 1600))

    assert (least_shift([1.0, 2.0, 3.0]), least_shift(list(range(8)))) == (None, None)
    assert least_shift([3.0] * 20) == 0.0
    assert few / many == pytest.approx(4.0, rel=0.35)
