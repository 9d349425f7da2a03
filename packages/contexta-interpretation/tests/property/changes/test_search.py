"""What holds for the changes of any series."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.interpretation.changes._assemble import (
    change_point,
    is_drift,
    segments_of,
    smallest_detectable,
)
from contexta.interpretation.changes._search import find_splits
from contexta.interpretation.changes.models import HistoryPoint

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(
    st.one_of(FINITE, st.integers(-2, 2).map(float), st.sampled_from([1e308, -1e308, 5e-324])),
    min_size=1,
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(VALUES, st.integers(2, 5), st.integers(0, 3))
def test_changes_of_any_values_are_well_formed(values, least, seed):
    """Places are in order, inside their intervals, with p values up to the significance."""
    found = find_splits(values, least=least, significance=0.05, seed=seed)
    places = [split.index for split in found.splits]

    assert places == sorted(set(places))
    for split in found.splits:
        assert 0 < split.earliest <= split.index <= split.latest < len(values)
        assert 0 < split.p_value <= 0.05
    assert 0 <= found.correlation < 1


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_any_change_can_be_described(values):
    """No finite history makes the description of its changes fail."""
    points = [HistoryPoint(i, f"run:p.r{i}", f"r{i}", None, v) for i, v in enumerate(values)]
    found = find_splits(values, least=2, significance=0.5, seed=0)
    places = [split.index for split in found.splits]
    bounds = [0, *places, len(values)]
    segments = segments_of(points, places)
    changes = [
        change_point(points, low, split, high, higher_is_better=True)
        for low, split, high in zip(bounds[:-2], found.splits, bounds[2:], strict=True)
    ]

    assert sum(segment.count for segment in segments) == len(values)
    assert all(math.isfinite(segment.mean) for segment in segments)
    assert {change.direction for change in changes} <= {"better", "worse", "unclear"}
    assert is_drift(values, places) in (True, False)
    least = smallest_detectable(values, least=2, significance=0.5, correlation=found.correlation)
    assert least is None or least >= 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.sampled_from([2.0**-40, 2.0**40])
)
def test_units_do_not_matter(values, factor):
    """A history in other units has the same changes."""
    one, other = (
        find_splits([value * unit for value in values], least=3, significance=0.05, seed=0)
        for unit in (1.0, factor)
    )

    assert one == other
