"""Tests of a difference of means by Student's t."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from contexta.interpretation.statistics._distributions import t_quantile, t_sf
from contexta.interpretation.statistics._samples import (
    TOO_LARGE,
    check_alpha,
    difference,
    pairs,
    sample,
    too_large,
    undecided,
    unvaried,
    varies,
)
from contexta.interpretation.statistics.models import Comparison, Sample

#: Fewer values than this a side have no variance.
MINIMUM_T = 2


def welch_test(left: Iterable[float], right: Iterable[float], *, alpha: float = 0.05) -> Comparison:
    """Compare two means without assuming equal variances (Welch 1947).

    The degrees of freedom are Satterthwaite's (1946); the interval is
    difference +- t(1 - alpha/2, df) * sqrt(s1^2/n1 + s2^2/n2).

    Raises:
        ValidationError: a value is no number, or ``alpha`` lies outside 0 to 1.
    """
    level = check_alpha(alpha)
    one, two = sample(left), sample(right)
    answer = undecided("welch", level, one, two, MINIMUM_T)
    if answer is not None:
        return answer
    error, df = welch_error(one, two)
    base = Comparison("welch", "ok", level, one.n, two.n, one.excluded + two.excluded)
    return by_t(base, difference(one, two), error, df)


def paired_t_test(
    left: Iterable[float], right: Iterable[float], *, alpha: float = 0.05
) -> Comparison:
    """Compare means of pairs by Student's t of their differences (Student 1908).

    A pair with a value that is not finite is left out and counted.

    Raises:
        ValidationError: sides of different length (``statistics_unequal_pairs``), a value that
            is no number, or an ``alpha`` outside 0 to 1.
    """
    level = check_alpha(alpha)
    one, two, change = pairs(left, right)
    base = Comparison("paired_t", "ok", level, one.n, two.n, change.excluded)
    answer = undecided_pairs(base, one, two, change, MINIMUM_T)
    if answer is not None:
        return answer
    error = (change.sd or 0.0) / math.sqrt(change.n)
    return by_t(base, change.mean or 0.0, error, change.n - 1.0)


def prediction_test(
    baseline: Iterable[float], candidate: float, *, alpha: float = 0.05
) -> Comparison:
    """Ask whether one new value fits a baseline, by its prediction interval.

    t = (x - mean) / (s * sqrt(1 + 1/n)) with n - 1 degrees of freedom (Hahn and Meeker 1991,
    Statistical Intervals, 4.7; Whitmore 1986); ``low`` and ``high`` bound candidate - mean. It
    rests on normal values: unlike a mean, one value does not get more normal with n.

    Raises:
        ValidationError: a value is no number, or ``alpha`` lies outside 0 to 1.
    """
    level = check_alpha(alpha)
    one, two = sample(baseline), sample([candidate])
    base = Comparison("prediction", "ok", level, one.n, two.n, one.excluded + two.excluded)
    if one.n < MINIMUM_T or not two.n:
        text = f"not enough values: {one.n} in the baseline (at least {MINIMUM_T} are needed)"
        if not two.n:
            text = "the candidate's value is not finite"
        return replace(base, status="not_enough", reason=text)
    if too_large(one, two):
        return replace(base, status="too_large", reason=TOO_LARGE)
    if not varies(one):
        return unvaried(base, difference(one, two))
    error = (one.sd or 0.0) * math.sqrt(1.0 + 1.0 / one.n)
    return by_t(base, difference(one, two), error, one.n - 1.0)


def welch_error(left: Sample, right: Sample) -> tuple[float, float]:
    """Return the standard error of the difference and Satterthwaite's degrees of freedom."""
    a = (left.sd or 0.0) / math.sqrt(left.n)
    b = (right.sd or 0.0) / math.sqrt(right.n)
    error = math.hypot(a, b)
    # As ratios, so that squares of tiny deviations do not become zero.
    share_a, share_b = (a / error) ** 2, (b / error) ** 2
    return error, 1.0 / (share_a**2 / (left.n - 1) + share_b**2 / (right.n - 1))


def undecided_pairs(
    base: Comparison, left: Sample, right: Sample, change: Sample, minimum: int
) -> Comparison | None:
    """The answer where pairs cannot be tested; else ``None``."""
    if change.n < minimum:
        text = f"not enough pairs: {change.n}, {base.method} needs at least {minimum}"
        return replace(base, status="not_enough", reason=text)
    if too_large(left, right):
        return replace(base, status="too_large", reason=TOO_LARGE)
    # The differences of large values carry the rounding of these.
    size = max(abs(left.mean or 0.0), abs(right.mean or 0.0))
    if not varies(change) or (change.sd or 0.0) <= 4e-16 * size:
        return unvaried(base, 0.0 if change.constant and change.mean == 0 else change.mean or 0.0)
    return None


def by_t(base: Comparison, change: float, error: float, df: float) -> Comparison:
    """Fill in a comparison from a difference, its standard error and degrees of freedom."""
    t = change / error
    greater, less = t_sf(t, df), t_sf(-t, df)
    half = t_quantile(1.0 - base.alpha / 2.0, df) * error
    return replace(
        base,
        difference=change,
        low=change - half,
        high=change + half,
        interval_method=base.method,
        statistic=t,
        df=df,
        standard_error=error,
        p_value=min(1.0, 2.0 * min(greater, less)),
        p_greater=greater,
        p_less=less,
    )
