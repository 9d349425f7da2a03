"""Finds the changes of a series: split, test, and look at both parts again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.interpretation.changes._divergence import (
    axis_of,
    best_split,
    exact_split,
    seeded,
)
from contexta.interpretation.changes._null import autocorrelation, p_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERMUTATIONS = 499
_CLIPPED = 3.0
_FALL = -2 * math.log(1 - math.sqrt(0.95))


@dataclass(frozen=True, slots=True)
class Split:
    """A change found: first place after it, interval of that place, and p value."""

    index: int
    earliest: int
    latest: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave; ``correlation`` is that of the whole series around its changes."""

    splits: tuple[Split, ...]
    correlation: float
    permutations: int


def permutations_for(significance: float) -> int:
    """Return how many rearrangements can tell a p value of ``significance`` from half of it."""
    return max(PERMUTATIONS, math.ceil(2 / significance) - 1)


def power_of_two(size: float) -> float:
    """Return the largest power of two that is at most ``size``; 1.0 for 0."""
    return math.ldexp(1.0, math.frexp(size)[1] - 1) if size else 1.0


def find_splits(values: Sequence[float], *, least: int, significance: float, seed: int) -> Found:
    """Find all changes of a series, in order.

    E-divisive's hierarchy (Matteson and James 2014), as used on histories of benchmarks by Daly,
    Brown, Ingo, O'Leary and Bradford 2020, "The use of change point detection to identify software
    performance regressions in a continuous integration system" (ICPE): the clearest split is
    tested, and if it is significant both parts are searched in the same way. A stationary series
    is split with probability ``significance``; each part of a series that was split is one more
    test. In the end each place is made exact between its neighbors.
    """
    import numpy as np

    series = np.asarray(values, dtype=np.float64)
    # Squares of what a double can hold need not fit into one; a power of two changes no digit.
    series = series / power_of_two(float(np.abs(series).max(initial=0.0)))
    permutations = permutations_for(significance)
    found: list[tuple[int, float]] = []
    waiting = [(0, len(series))]
    correlation = 0.0
    while waiting:
        start, end = waiting.pop()
        part = series[start:end]
        axis = axis_of(part)
        if axis is None or len(part) < 2 * least:
            continue
        windows = seeded(len(part), least)
        split, first, last, observed = best_split(part, axis, windows)
        related = autocorrelation(part, split)
        if len(part) == len(series):
            correlation = related
        p = p_value(
            part,
            axis,
            observed,
            windows=windows,
            correlation=related,
            permutations=permutations,
            significance=significance,
            seed=seed,
        )
        if p <= significance:
            # Windows are looked at in strides: values left on the wrong side would be found too.
            split = first + (exact_split(part[first:last], least) or split - first)
            found.append((start + split, p))
            waiting += [(start, start + split), (start + split, end)]
    found.sort()
    places = _exact([index for index, _ in found], series, least)
    bounds = [0, *places, len(series)]
    splits = []
    for number, (_, p) in enumerate(found):
        low, index, high = bounds[number : number + 3]
        earliest, latest = _place_interval(series[low:high], index - low, correlation)
        splits.append(Split(index, low + earliest, low + latest, p))
    return Found(tuple(splits), correlation, permutations)


def _exact(places: list[int], series: Floats, least: int) -> list[int]:
    """Move each place to the clearest split between its neighbors; twice, as neighbors move."""
    places = list(places)
    for number in [*range(len(places)), *range(len(places))]:
        low, high = ([0, *places, len(series)][number + step] for step in (0, 2))
        split = exact_split(series[low:high], least)
        places[number] = places[number] if split is None else low + split
    return places


def _place_interval(values: Floats, split: int, correlation: float) -> tuple[int, int]:
    """Return the 95 % interval of a change's place.

    The places whose fit by two levels is not much worse than the best (Siegmund 1988, "Confidence
    sets in change-point problems", Int. Stat. Review 56): twice the log-likelihood falls by at
    most -2 log(1 - sqrt(0.95)) = 7.3. Residuals are clipped like outliers elsewhere; correlated
    runs carry less information.
    """
    import numpy as np

    count = len(values)
    levels = np.concatenate(
        [
            np.full(split, np.median(values[:split])),
            np.full(count - split, np.median(values[split:])),
        ]
    )
    rest = values - levels
    spread = 1.4826 * float(np.median(np.abs(rest))) or 1.2533 * float(np.abs(rest).mean())
    if spread == 0 or levels[0] == levels[-1]:
        return split, split
    limit = _CLIPPED * spread
    costs = [np.minimum(np.abs(values - level), limit) ** 2 for level in (levels[0], levels[-1])]
    left = np.concatenate([[0.0], np.cumsum(costs[0])])
    right = np.concatenate([[0.0], np.cumsum(costs[1])])
    total = (left + right[-1] - right)[1:-1]
    used = float(np.minimum(np.abs(rest), limit) @ np.minimum(np.abs(rest), limit)) / count
    used *= (1 + correlation) / (1 - correlation)
    near = np.flatnonzero(total - total.min() <= _FALL * used) + 1
    return min(int(near[0]), split), max(int(near[-1]), split)
