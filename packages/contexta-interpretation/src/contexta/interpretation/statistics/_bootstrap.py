"""Bias-corrected and accelerated bootstrap intervals of means and their differences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contexta.interpretation.statistics._distributions import (
    normal_cdf,
    normal_quantile,
    t_cdf,
    t_quantile,
)
from contexta.interpretation.statistics._samples import (
    TOO_LARGE,
    check_alpha,
    check_count,
    difference,
    pairs,
    sample,
    too_large,
    undecided,
    varies,
)
from contexta.interpretation.statistics._t_tests import undecided_pairs, welch_error
from contexta.interpretation.statistics.models import Comparison, Interval, Sample

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

RESAMPLES = 9_999
#: With fewer values a resample is too often constant for the interval to mean anything.
MINIMUM_BOOTSTRAP = 3
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class BcaTerms:
    """What BCa needs: the estimate, sorted resampled estimates, z0 and a (Efron 1987)."""

    estimate: float
    resampled: Array
    bias: float
    acceleration: float

    def quantile(self, share: float) -> float:
        """The bound whose nominal one-sided level is ``share``."""
        import numpy as np

        z = self.bias + normal_quantile(share)
        adjusted = normal_cdf(self.bias + _bent(z, self.acceleration))
        return float(np.quantile(self.resampled, adjusted))

    def level_of(self, value: float) -> float:
        """The one-sided level whose bound is ``value``: the inverse of :meth:`quantile`.

        Kept at least 1 / (resamples + 1) away from 0 and 1, which no resampling can show.
        """
        share = _midrank(self.resampled, value)
        least = 1.0 / (len(self.resampled) + 1.0)
        w = normal_quantile(min(max(share, least), 1.0 - least)) - self.bias
        level = normal_cdf(_bent(w, -self.acceleration) - self.bias)
        return min(max(level, least), 1.0 - least)


def bca_terms(
    estimate: float, resampled: Iterable[float], jackknife: Sequence[Iterable[float]]
) -> BcaTerms | None:
    """Return z0 and a from resampled estimates and leave-one-out estimates of each sample.

    z0 = quantile of the share of resampled estimates below the estimate (ties count half);
    a = 1/6 sum(U^3)/n^3 / (sum(U^2)/n^2)^(3/2) over the samples, U = (n - 1)(mean - leave-one-out)
    (Efron 1987; several samples: Efron and Tibshirani 1993, eq. 14.15 and 22.36). ``None`` when
    nothing varies, or the estimate lies outside all that was resampled.
    """
    import numpy as np

    values = np.sort(np.asarray(resampled, dtype=float))
    share = _midrank(values, estimate)
    if not 0.0 < share < 1.0 or values[0] == values[-1]:
        return None
    acceleration = _acceleration([np.asarray(one, dtype=float) for one in jackknife])
    if acceleration is None:
        return None
    return BcaTerms(estimate, values, normal_quantile(share), acceleration)


def _acceleration(jackknife: Sequence[Array]) -> float | None:
    import numpy as np

    influences = [(len(one) - 1) * (one.mean() - one) for one in jackknife]
    # The ratio has no unit; scaled, its cubes neither overflow nor vanish.
    scale = max((float(np.max(np.abs(one))) for one in influences), default=0.0)
    if not 0.0 < scale < math.inf:
        return None
    cubes = math.fsum(float(np.sum((one / scale) ** 3)) / len(one) ** 3 for one in influences)
    squares = math.fsum(float(np.sum((one / scale) ** 2)) / len(one) ** 2 for one in influences)
    return float(cubes / (6.0 * squares**1.5))


def bootstrap_mean(
    values: Iterable[float],
    *,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    expand: bool = True,
    seed: int = 0,
) -> Interval:
    """BCa interval of a mean (Efron 1987).

    ``expand`` widens the percentiles so that the interval of normal values is as wide as that of
    Student's t (Hesterberg 2015, section 5.3): a plain bootstrap is sqrt((n-1)/n) too narrow and
    uses z for t. Fewer than three values, or values that do not vary, give no interval.

    Raises:
        ValidationError: a value is no number, ``alpha`` outside 0 to 1, a faulty count.
    """
    level = _check(alpha, resamples, seed)
    one = sample(values)
    base = Interval("bca", level, one.mean, None, None, one.n, one.excluded, resamples, seed)
    if one.n < MINIMUM_BOOTSTRAP:
        text = f"not enough values: {one.n}, a bootstrap needs at least {MINIMUM_BOOTSTRAP}"
        return replace(base, reason=text)
    if too_large(one):
        return replace(base, reason=TOO_LARGE)
    if not varies(one):
        return replace(base, reason="the values do not vary, so that there is nothing to resample")
    terms = _one_sample(one, resamples, seed)
    if terms is None:
        return replace(base, reason="the resamples do not vary")
    share = _expanded(level / 2, 1.0 / math.sqrt(1.0 - 1.0 / one.n), one.n - 1.0, expand)
    return replace(
        base,
        low=terms.quantile(share),
        high=terms.quantile(1.0 - share),
        bias=terms.bias,
        acceleration=terms.acceleration,
    )


def bootstrap_test(
    left: Iterable[float],
    right: Iterable[float],
    *,
    paired: bool = False,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    expand: bool = True,
    seed: int = 0,
) -> Comparison:
    """Compare two means by the BCa interval of their difference (Efron 1987).

    Each side is resampled by itself; ``paired`` resamples pairs. The p-value is the level at
    which the interval would end at zero. ``expand`` as in :func:`bootstrap_mean`, with the
    standard error and degrees of freedom of Welch. The standard error of the result is Welch's
    too (paired: Student's).

    Raises:
        ValidationError: a value is no number, sides that cannot be paired, ``alpha`` outside 0
            to 1, a faulty count.
    """
    level = _check(alpha, resamples, seed)
    if paired:
        one, two, change = pairs(left, right)
        base = Comparison("paired_bootstrap", "ok", level, one.n, two.n, change.excluded)
        answer = undecided_pairs(base, one, two, change, MINIMUM_BOOTSTRAP)
        if answer is not None:
            return answer
        error, df = (change.sd or 0.0) / math.sqrt(change.n), change.n - 1.0
        ratio = 1.0 / math.sqrt(1.0 - 1.0 / change.n)
        terms = _one_sample(change, resamples, seed)
    else:
        one, two = sample(left), sample(right)
        base = Comparison("bootstrap", "ok", level, one.n, two.n, one.excluded + two.excluded)
        answer = undecided("bootstrap", level, one, two, MINIMUM_BOOTSTRAP)
        if answer is not None:
            return answer
        error, df = welch_error(one, two)
        ratio = error / _plug_in_error(one, two)
        terms = _two_samples(one, two, resamples, seed)
    if terms is None:
        text = "the resamples do not vary enough to form an interval"
        return replace(base, status="not_enough", reason=text)
    return _filled(base, terms, (error, df, ratio if expand else None), seed)


def _filled(
    base: Comparison, terms: BcaTerms, spread: tuple[float, float, float | None], seed: int
) -> Comparison:
    error, df, ratio = spread
    share = _expanded(base.alpha / 2, ratio or 1.0, df, ratio is not None)
    level = terms.level_of(0.0)  # small: zero lies low, the right side is higher
    greater = _shrunk(level, ratio or 1.0, df, ratio is not None)
    less = _shrunk(1.0 - level, ratio or 1.0, df, ratio is not None)
    least = _shrunk(1.0 / (len(terms.resampled) + 1.0), ratio or 1.0, df, ratio is not None)
    return replace(
        base,
        difference=terms.estimate,
        low=terms.quantile(share),
        high=terms.quantile(1.0 - share),
        interval_method="bca",
        df=df,
        standard_error=error,
        p_value=min(1.0, 2.0 * min(greater, less)),
        p_greater=greater,
        p_less=less,
        smallest_p=2.0 * least,
        smallest_p_one_sided=least,
        exact=False,
        resamples=len(terms.resampled),
        seed=seed,
    )


def _expanded(share: float, ratio: float, df: float, expand: bool) -> float:
    """The normal share whose quantile is ``ratio`` times that of t."""
    return normal_cdf(ratio * t_quantile(share, df)) if expand else share


def _shrunk(share: float, ratio: float, df: float, expand: bool) -> float:
    """The inverse of :func:`_expanded`."""
    return t_cdf(normal_quantile(share) / ratio, df) if expand else share


def _one_sample(one: Sample, resamples: int, seed: int) -> BcaTerms | None:
    import numpy as np

    # Away from zero, sums lose the digits that tell the resamples apart.
    origin = one.values[0]
    values = np.asarray(one.values) - origin
    random = np.random.default_rng(seed)
    means = _resampled_means(values, resamples, random)
    terms = bca_terms(float(values.mean()), means, [_left_out(values)])
    if terms is None:
        return None
    return replace(terms, estimate=one.mean or 0.0, resampled=terms.resampled + origin)


def _two_samples(one: Sample, two: Sample, resamples: int, seed: int) -> BcaTerms | None:
    import numpy as np

    origin = one.values[0]
    left, right = np.asarray(one.values) - origin, np.asarray(two.values) - origin
    random = np.random.default_rng(seed)
    changes = -_resampled_means(left, resamples, random)
    changes += _resampled_means(right, resamples, random)
    jackknife = [right.mean() - _left_out(left), _left_out(right) - left.mean()]
    return bca_terms(difference(one, two), changes, jackknife)


def _resampled_means(values: Array, resamples: int, random: Any) -> Array:
    import numpy as np

    block = max(1, _BLOCK // len(values))
    parts = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        index = random.integers(0, len(values), size=(rows, len(values)))
        parts.append(values[index].mean(axis=1))
    means: Array = np.concatenate(parts)
    return means


def _left_out(values: Array) -> Array:
    means: Array = (values.sum() - values) / (len(values) - 1)
    return means


def _plug_in_error(one: Sample, two: Sample) -> float:
    """The standard error as a bootstrap sees it, with divisor n."""
    a, b = (one.sd or 0.0), (two.sd or 0.0)
    return math.hypot(a * math.sqrt(one.n - 1.0) / one.n, b * math.sqrt(two.n - 1.0) / two.n)


def _bent(z: float, acceleration: float) -> float:
    """Return z / (1 - a z); beyond its pole, which tiny samples can reach, the limit there."""
    below = 1.0 - acceleration * z
    return z / below if below > 0.0 else math.copysign(math.inf, z)


def _midrank(ordered: Array, value: float) -> float:
    """Share of the values below ``value``, ties counting half."""
    import numpy as np

    below = int(np.searchsorted(ordered, value, side="left"))
    upto = int(np.searchsorted(ordered, value, side="right"))
    return (below + upto) / (2.0 * len(ordered))


def _check(alpha: float, resamples: int, seed: int) -> float:
    check_count(resamples, "resamples", 99)
    check_count(seed, "seed", 0)
    return check_alpha(alpha)
