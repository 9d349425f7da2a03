"""Distribution functions of the normal and of Student's t, without scipy.

They agree with ``scipy.stats`` to 1e-9 (absolute for probabilities, relative for quantiles);
the tests say so.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
# From here on the normal approximation of t is better than the continued fraction is fast.
_DF_LARGE = 1e7


def normal_cdf(z: float) -> float:
    """P(Z <= z) of the standard normal; accurate in the lower tail too."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """The z with P(Z <= z) = p (Wichura 1988, AS 241, as the standard library has it).

    0 and 1 give the infinities; anything outside gives NaN.
    """
    if 0.0 < p < 1.0:
        return _NORMAL.inv_cdf(p)
    return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)


def regularized_beta(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function I_x(a, b) for a, b > 0 and x in 0 to 1.

    The continued fraction of DLMF 8.17.22 by the modified Lentz method (Lentz 1976; Thompson
    and Barnett 1986), on the side of the mean where it converges fast; NaN outside the domain.
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        return math.nan
    return _beta_ratio(a, b, x, 1.0 - x)


def t_cdf(t: float, df: float) -> float:
    """P(T <= t) of Student's t with ``df`` > 0 degrees of freedom, which need not be whole."""
    return t_sf(-t, df)


def t_sf(t: float, df: float) -> float:
    """P(T > t): the upper tail, without the cancellation of 1 - cdf.

    For t >= 0 it is I_x(df/2, 1/2) / 2 at x = df / (df + t^2) (Abramowitz and Stegun 26.7.1).
    NaN for a NaN t and for df <= 0.
    """
    if math.isnan(t) or not df > 0:
        return math.nan
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    if df >= _DF_LARGE:  # Abramowitz and Stegun 26.7.8; its error is of order 1 / df^2
        return normal_cdf(-t * (1.0 - 0.25 / df) / math.hypot(1.0, t * math.sqrt(0.5 / df)))
    square = t * t
    upper = 0.5 * _beta_ratio(0.5 * df, 0.5, df / (df + square), square / (df + square))
    return upper if t >= 0 else 1.0 - upper


def t_quantile(p: float, df: float) -> float:
    """The t with P(T <= t) = p, by bisection between doubled bounds and Newton's steps."""
    if not (0.0 <= p <= 1.0 and df > 0):
        return math.nan
    if p in (0.0, 1.0) or math.isinf(df):
        return normal_quantile(p)
    if p == 0.5:
        return 0.0
    tail = min(p, 1.0 - p)
    root = _solve_tail(tail, df)
    return root if p > 0.5 else -root


def _solve_tail(tail: float, df: float) -> float:
    """The t > 0 whose upper tail is ``tail``."""
    high = 1.0
    while t_sf(high, df) > tail and high < 1e300:
        high *= 2.0
    low = high / 2.0 if high > 1.0 else 0.0
    scale = math.exp(-_log_beta(0.5 * df, 0.5)) / math.sqrt(df)
    z = -normal_quantile(tail)
    start = z + (z**3 + z) / (4.0 * df)  # Abramowitz and Stegun 26.7.5
    t = start if low < start < high else 0.5 * (low + high)
    for _ in range(200):
        excess = t_sf(t, df) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        density = scale * math.exp(-0.5 * (df + 1.0) * math.log1p(t * t / df))
        step = t + excess / density if density > _TINY else math.inf
        new = step if low < step < high else 0.5 * (low + high)
        if abs(new - t) <= 1e-15 * abs(new) or high - low <= 1e-15 * high:
            return new
        t = new
    return t


def _beta_ratio(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b) with y = 1 - x given, so that neither is rounded when it is small."""
    if x <= 0.0:
        return 0.0
    if y <= 0.0:
        return 1.0
    log_x = math.log(x) if x < 0.5 else math.log1p(-y)
    log_y = math.log(y) if y < 0.5 else math.log1p(-x)
    front = math.exp(a * log_x + b * log_y - _log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, y) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    value = d
    # The fraction needs about sqrt(max(a, b)) terms (Press et al., Numerical Recipes, 6.4).
    for m in range(1, 200 + int(10.0 * math.sqrt(max(a, b)))):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away(1.0 + term * d)
            c = _away(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 4e-16:  # two units in the last place
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _log_beta(a: float, b: float) -> float:
    """Return log B(a, b); by Stirling's series where lgamma would lose digits."""
    small, large = min(a, b), max(a, b)
    if large < 10.0:
        return math.lgamma(small) + math.lgamma(large) - math.lgamma(small + large)
    rest = _stirling(large) - _stirling(small + large)
    common = -(large - 0.5) * math.log1p(small / large)
    if small < 10.0:
        return math.lgamma(small) + rest + common - small * math.log(small + large) + small
    half = 0.5 * math.log(2.0 * math.pi / small)
    return half + small * math.log(small / (small + large)) + common + _stirling(small) + rest


def _stirling(a: float) -> float:
    """Return log Gamma(a) less its leading terms (DLMF 5.11.1), for a >= 10 to 1e-16."""
    square = 1.0 / (a * a)
    series = 0.0
    for coefficient in (691 / 360360, 1 / 1188, 1 / 1680, 1 / 1260, 1 / 360, 1 / 12):
        series = coefficient - square * series
    return series / a
