"""Plain statistics with their definitions; nothing is returned for what is undefined."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean; ``None`` without values."""
    return math.fsum(values) / len(values) if values else None


def population_std(values: Sequence[float]) -> float | None:
    """Standard deviation with divisor n; 0.0 for one value, ``None`` without values.

    Two passes: the one-pass formula loses all digits when the mean is large.
    """
    center = mean(values)
    if center is None:
        return None
    return math.sqrt(math.fsum((value - center) ** 2 for value in values) / len(values))


def percentile(values: Sequence[float], share: float) -> float | None:
    """Linear interpolation at (n - 1) * share of the sorted values (type 7 of Hyndman and Fan).

    ``share`` is 0 to 1; ``None`` without values.
    """
    if not values:
        return None
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
