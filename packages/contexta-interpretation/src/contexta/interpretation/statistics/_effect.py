"""How large a difference is, and how large one would have to be to be seen."""

from __future__ import annotations

import math
from collections.abc import Iterable

from contexta.interpretation.statistics._distributions import t_quantile
from contexta.interpretation.statistics._samples import (
    check_alpha,
    difference,
    sample,
    too_large,
    varies,
)
from contexta.interpretation.statistics.models import Comparison


def hedges_g(left: Iterable[float], right: Iterable[float]) -> float | None:
    """Standardized difference (right - left): Cohen's d times Hedges' small-sample factor.

    d divides by the pooled standard deviation (Cohen 1988); the factor is the exact
    J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)) of Hedges (1981), m = n1 + n2 - 2. ``None``
    when it is not defined: no variation, too few values, or values beyond 1e150.
    """
    one, two = sample(left), sample(right)
    df = one.n + two.n - 2
    if df < 2 or not one.n or not two.n:
        return None
    if too_large(one, two) or not (varies(one) or varies(two)):
        return None
    weights = math.sqrt((one.n - 1) / df), math.sqrt((two.n - 1) / df)
    pooled = math.hypot(weights[0] * (one.sd or 0.0), weights[1] * (two.sd or 0.0))
    return _hedges_factor(df) * difference(one, two) / pooled


def paired_effect(differences: Iterable[float]) -> float | None:
    """Standardized mean of paired differences: d_z (Cohen 1988) times Hedges' factor.

    ``None`` when it is not defined.
    """
    one = sample(differences)
    if one.n < 3 or one.mean is None or not one.sd or too_large(one) or not varies(one):
        return None
    return _hedges_factor(one.n - 1) * one.mean / one.sd


def relative_change(left: float | None, right: float | None) -> float | None:
    """(right - left) / |left|; ``None`` when a side is unknown or the left is zero."""
    if left is None or right is None or left == 0:
        return None
    change = (right - left) / abs(left)
    return change if math.isfinite(change) else None


def smallest_detectable(
    comparison: Comparison, *, alpha: float | None = None, power: float = 0.8
) -> float | None:
    """The true difference that a repetition of this size would show with probability ``power``.

    (t(1 - alpha/2, df) + t(power, df)) * standard error: the minimum detectable effect of Bloom
    (1995), the usual approximation of the noncentral t. It rests on the spread that was
    observed, so that it is an estimate as well. Given for resampling tests too, whose power is
    near that of t. ``None`` when the comparison has no standard error.
    """
    level, share = check_alpha(comparison.alpha if alpha is None else alpha), check_alpha(power)
    if comparison.standard_error is None or comparison.df is None:
        return None
    quantiles = t_quantile(1.0 - level / 2.0, comparison.df) + t_quantile(share, comparison.df)
    return max(0.0, quantiles) * comparison.standard_error


def _hedges_factor(df: int) -> float:
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2) - 0.5 * math.log(df / 2))
