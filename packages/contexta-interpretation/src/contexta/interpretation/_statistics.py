"""Plain statistics with their definitions; nothing is returned for what is undefined."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean; ``None`` without values."""
    if not values:
        return None
    try:
        return math.fsum(values) / len(values)
    except OverflowError:  # the sum fits in no double, the mean does
        return math.fsum(value / len(values) for value in values)


def population_std(values: Sequence[float]) -> float | None:
    """Standard deviation with divisor n; 0.0 for one value, ``None`` without values.

    Two passes: the one-pass formula loses all digits when the mean is large.
    """
    center = mean(values)
    if center is None:
        return None
    return _root_of_squares(values, center, len(values))


def sample_std(values: Sequence[float]) -> float | None:
    """Standard deviation with divisor n - 1; ``None`` below two values."""
    center = mean(values)
    if center is None or len(values) < 2:
        return None
    return _root_of_squares(values, center, len(values) - 1)


def _root_of_squares(values: Sequence[float], center: float, divisor: int) -> float:
    """Scaled, so that squares of large or tiny deviations stay within doubles."""
    scale = max(abs(value - center) for value in values)
    if scale == 0 or not math.isfinite(scale):
        return scale
    total = math.fsum(((value - center) / scale) ** 2 for value in values)
    return scale * math.sqrt(total / divisor)


def deviations(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Median, median absolute deviation from it, and mean absolute deviation from it.

    Both deviations are not scaled; ``None`` without values.
    """
    median = percentile(values, 0.5)
    if median is None:
        return None, None, None
    away = [abs(value - median) for value in values]
    return median, percentile(away, 0.5), mean(away)


def robust_spread(mad: float | None, mean_deviation: float | None) -> float | None:
    """Return a spread that is the standard deviation of normal values, but heeds few outliers.

    1.4826 times the median absolute deviation; where that is 0, because more than half of the
    values are equal, 1.2533 times the mean absolute deviation (Iglewicz and Hoaglin 1993, "How to
    detect and handle outliers"). 0.0 only for a constant.
    """
    if mad is None:
        return None
    return 1.4826 * mad or 1.2533 * (mean_deviation or 0.0)


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
