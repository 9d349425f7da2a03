"""Permutation tests of a difference of means."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

from contexta.interpretation.statistics._samples import (
    check_alpha,
    check_count,
    difference,
    pairs,
    sample,
    undecided,
)
from contexta.interpretation.statistics._t_tests import by_t, undecided_pairs, welch_error
from contexta.interpretation.statistics.models import Comparison, Sample

if TYPE_CHECKING:
    import numpy as np

#: How many rearrangements are enumerated; above, they are drawn.
EXACT_LIMIT = 20_000
RESAMPLES = 9_999
# Sums of the same numbers in another order differ by rounding, and so do values written with
# decimals (1000.1 - 1000.0 is not 0.1); such ties must count as ties.
_TIE = 1e-12
_ROUNDED = 2.3e-16
_BLOCK = 1 << 20


def permutation_test(
    left: Iterable[float],
    right: Iterable[float],
    *,
    paired: bool = False,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    exact_limit: int = EXACT_LIMIT,
    seed: int = 0,
) -> Comparison:
    """Compare two means by rearranging the values (Fisher 1935, Pitman 1937).

    The two-sided p-value is the share of rearrangements whose absolute difference is at least
    the observed one. All are enumerated when there are at most ``exact_limit``; else
    ``resamples`` are drawn and p = (hits + 1) / (resamples + 1), which is never 0 (Phipson and
    Smyth 2010). ``paired`` exchanges the sides within pairs. The interval is that of Welch's t
    (paired: of Student's t), for a permutation test has none of its own.

    One value on a side is enough where t needs two; the interval is then missing.

    Raises:
        ValidationError: a value is no number, sides that cannot be paired, ``alpha`` outside 0
            to 1, or a count that is no whole number above 0.
    """
    level = check_alpha(alpha)
    check_count(resamples, "resamples", 1)
    check_count(exact_limit, "exact_limit", 0)
    check_count(seed, "seed", 0)
    settings = (resamples, exact_limit, seed)
    if paired:
        return _paired(*pairs(left, right), level, settings)
    one, two = sample(left), sample(right)
    answer = undecided("permutation", level, one, two, 1)
    if answer is not None:
        return answer
    base = Comparison("permutation", "ok", level, one.n, two.n, one.excluded + two.excluded)
    if min(one.n, two.n) > 1:
        base = replace(by_t(base, difference(one, two), *welch_error(one, two)), statistic=None)
        base = replace(base, interval_method="welch")
    total = math.comb(one.n + two.n, two.n)
    values, count = (*one.values, *two.values), two.n
    if total <= exact_limit:
        changes = _all_splits(values, count)
    else:
        changes = _drawn_splits(values, count, resamples, seed)
    # With equal sizes, each split has its mirror image of the same absolute difference.
    mirrored = one.n == two.n
    rounded = _ROUNDED * _largest(one, two)
    return _filled(base, difference(one, two), changes, rounded, mirrored, total, settings)


def _paired(
    one: Sample, two: Sample, change: Sample, level: float, settings: tuple[int, int, int]
) -> Comparison:
    base = Comparison("paired_permutation", "ok", level, one.n, two.n, change.excluded)
    answer = undecided_pairs(base, one, two, change, 2)
    if answer is not None:
        return answer
    observed = change.mean or 0.0
    error = (change.sd or 0.0) / math.sqrt(change.n)
    base = replace(by_t(base, observed, error, change.n - 1.0), statistic=None)
    base = replace(base, interval_method="paired_t")
    resamples, exact_limit, seed = settings
    total = 2**change.n
    if total <= exact_limit:
        changes = _all_signs(change.values)
    else:
        changes = _drawn_signs(change.values, resamples, seed)
    rounded = _ROUNDED * _largest(one, two)
    return _filled(base, observed, changes, rounded, True, total, settings)


def _filled(
    base: Comparison,
    observed: float,
    changes: np.ndarray[Any, Any],
    rounded: float,
    mirrored: bool,
    total: int,
    settings: tuple[int, int, int],
) -> Comparison:
    import numpy as np

    _, exact_limit, seed = settings
    exact = total <= exact_limit
    slack = _TIE * max(float(np.max(np.abs(changes))), abs(observed)) + rounded
    greater = int(np.count_nonzero(changes >= observed - slack))
    less = int(np.count_nonzero(changes <= observed + slack))
    both = int(np.count_nonzero(np.abs(changes) >= abs(observed) - slack))
    extra = 0 if exact else 1  # the observed arrangement itself, which a draw may miss
    number = len(changes) + extra
    return replace(
        base,
        difference=observed,
        p_value=(both + extra) / number,
        p_greater=(greater + extra) / number,
        p_less=(less + extra) / number,
        smallest_p=(2 if mirrored else 1) / total if exact else 1 / number,
        smallest_p_one_sided=1 / total if exact else 1 / number,
        exact=exact,
        resamples=len(changes),
        seed=None if exact else seed,
    )


def _largest(one: Sample, two: Sample) -> float:
    return max(abs(value) for value in (*one.values, *two.values))


def _all_splits(values: tuple[float, ...], count: int) -> np.ndarray[Any, Any]:
    """mean(chosen) - mean(others) for every choice of ``count`` of the values."""
    import numpy as np

    rows = math.comb(len(values), count)
    chosen = chain.from_iterable(combinations(range(len(values)), count))
    index = np.fromiter(chosen, dtype=np.intp, count=rows * count).reshape(rows, count)
    return _changes(np.asarray(values), index)


def _drawn_splits(
    values: tuple[float, ...], count: int, resamples: int, seed: int
) -> np.ndarray[Any, Any]:
    import numpy as np

    random = np.random.default_rng(seed)
    array = np.asarray(values)
    block = max(1, _BLOCK // len(array))
    parts = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        order = np.tile(np.arange(len(array)), (rows, 1))
        parts.append(_changes(array, random.permuted(order, axis=1)[:, :count]))
    return np.concatenate(parts)


def _changes(array: np.ndarray[Any, Any], index: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    centered = array - array.mean()  # the difference stays, the rounding shrinks
    count = index.shape[1]
    inside = centered[index].sum(axis=1)
    outside = float(np.sum(centered)) - inside
    changes: np.ndarray[Any, Any] = inside / count - outside / (len(array) - count)
    return changes


def _all_signs(values: tuple[float, ...]) -> np.ndarray[Any, Any]:
    """The mean difference for every choice of pairs whose sides are exchanged."""
    import numpy as np

    rows = np.arange(2 ** len(values))[:, None]
    signs = 1.0 - 2.0 * ((rows >> np.arange(len(values))) & 1)
    means: np.ndarray[Any, Any] = (signs * np.asarray(values)).mean(axis=1)
    return means


def _drawn_signs(values: tuple[float, ...], resamples: int, seed: int) -> np.ndarray[Any, Any]:
    import numpy as np

    random = np.random.default_rng(seed)
    array = np.asarray(values)
    block = max(1, _BLOCK // len(array))
    parts = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        signs = 1.0 - 2.0 * random.integers(0, 2, size=(rows, len(array)))
        parts.append((signs * array).mean(axis=1))
    return np.concatenate(parts)
