"""Values made ready for a test: finite, counted, described; and the checks of arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from contexta.contract.errors import ValidationError
from contexta.interpretation.statistics.models import Comparison, Sample

# Relative to the values themselves: less variation than this is rounding, not variation.
_ROUNDING = 4e-16
_LARGEST = 1e150
_SMALLEST = 1e-305  # below, a standard error has too few digits left, or becomes zero
TOO_LARGE = "values beyond 1e150 are too large for the arithmetic of doubles"


def sample(values: Iterable[float]) -> Sample:
    """Describe values; NaN and infinities are left out and counted.

    Raises:
        ValidationError: a value is no number (``statistics_invalid_value``).
    """
    given = [_number(value) for value in values]
    finite = tuple(value for value in given if math.isfinite(value))
    if not finite:
        return Sample((), len(given))
    return Sample(
        values=finite,
        excluded=len(given) - len(finite),
        mean=_mean(finite),
        sd=_sd(finite),
        median=float(median(finite)),
        minimum=min(finite),
        maximum=max(finite),
    )


def pairs(left: Iterable[float], right: Iterable[float]) -> tuple[Sample, Sample, Sample]:
    """Return left, right and right - left of the pairs of which both values are finite.

    ``excluded`` of each counts the pairs that were left out.

    Raises:
        ValidationError: the sides differ in length (``statistics_unequal_pairs``), or a value is
            no number.
    """
    one, two = [_number(value) for value in left], [_number(value) for value in right]
    if len(one) != len(two):
        raise ValidationError(
            f"{len(one)} values on the left and {len(two)} on the right cannot be paired; give "
            "one value of each side per pair",
            code="statistics_unequal_pairs",
            details={"left": len(one), "right": len(two)},
        )
    kept = [(a, b) for a, b in zip(one, two, strict=True) if math.isfinite(a) and math.isfinite(b)]
    out = len(one) - len(kept)
    sides = ([a for a, _ in kept], [b for _, b in kept], [b - a for a, b in kept])
    first, second, change = (_with_excluded(sample(side), out) for side in sides)
    return first, second, change


def check_alpha(alpha: float) -> float:
    """Return a level strictly between 0 and 1.

    Raises:
        ValidationError: ``statistics_invalid_alpha``.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < 1:
        raise ValidationError(
            f"alpha is {alpha!r}; it must be a number between 0 and 1, such as 0.05",
            code="statistics_invalid_alpha",
            details={"alpha": str(alpha)},
        )
    return float(alpha)


def check_count(value: int, name: str, least: int) -> int:
    """Return a whole number of at least ``least``.

    Raises:
        ValidationError: ``statistics_invalid_count``.
    """
    if type(value) is not int or value < least:
        raise ValidationError(
            f"{name} is {value!r}; it must be a whole number of at least {least}",
            code="statistics_invalid_count",
            details={"field": name, "value": str(value)},
        )
    return value


def undecided(
    method: str, alpha: float, left: Sample, right: Sample, minimum: int
) -> Comparison | None:
    """The answer where no test can be made: too few values, or none that vary; else ``None``."""
    base = Comparison(method, "ok", alpha, left.n, right.n, left.excluded + right.excluded)
    if min(left.n, right.n) < minimum:
        text = (
            f"not enough values: {left.n} and {right.n}, {method} needs at least {minimum} a side"
        )
        return _answer(base, "not_enough", None, text)
    if too_large(left, right):
        return _answer(base, "too_large", None, TOO_LARGE)
    if not (varies(left) or varies(right)):
        return unvaried(base, difference(left, right))
    return None


def too_large(*samples: Sample) -> bool:
    """Whether squares of the values may overflow."""
    return any(max(abs(one.minimum or 0.0), abs(one.maximum or 0.0)) > _LARGEST for one in samples)


def unvaried(base: Comparison, change: float) -> Comparison:
    """The answer for values without any variation."""
    if change == 0:
        return _answer(base, "identical", change, "all values are the same on both sides")
    text = (
        "the values do not vary, so that there is nothing to measure the difference with; "
        "no test can judge it"
    )
    return _answer(base, "no_variance", change, text)


def varies(one: Sample) -> bool:
    """Whether the values vary beyond the rounding of doubles."""
    if one.sd is None or one.mean is None:
        return False
    return one.sd > max(_ROUNDING * abs(one.mean), _SMALLEST) and not one.constant


def difference(left: Sample, right: Sample) -> float:
    """mean(right) - mean(left) of samples that have values.

    Taken from what the values are away from the least of them: the means of large values that lie
    close together are rounded by more than they differ.
    """
    if left.mean is None or right.mean is None:
        return math.nan
    if too_large(left, right):
        return right.mean - left.mean
    origin = min(*left.values, *right.values)
    one, two = (_mean([value - origin for value in side.values]) for side in (left, right))
    return two - one


def _answer(base: Comparison, status: str, change: float | None, reason: str) -> Comparison:
    same = status == "identical"
    return Comparison(
        method=base.method,
        status=status,
        alpha=base.alpha,
        n_left=base.n_left,
        n_right=base.n_right,
        excluded=base.excluded,
        difference=change,
        p_value=1.0 if same else None,
        p_greater=1.0 if same else None,
        p_less=1.0 if same else None,
        reason=reason,
    )


def _with_excluded(one: Sample, excluded: int) -> Sample:
    return Sample(one.values, excluded, one.mean, one.sd, one.median, one.minimum, one.maximum)


def _mean(values: Sequence[float]) -> float:
    """Exact to the last digit; divided first when the sum would overflow."""
    if min(values) == max(values):
        return values[0]
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def _sd(values: Sequence[float]) -> float | None:
    """Two passes; scaled, so that squares of large or tiny deviations stay within doubles."""
    if len(values) < 2:
        return None
    center = _mean(values)
    scale = max(abs(value - center) for value in values)
    if scale == 0 or not math.isfinite(scale):
        return scale
    away = [(value - center) / scale for value in values]
    # The center is rounded; what it is off by is taken out again.
    total = math.fsum(item * item for item in away) - math.fsum(away) ** 2 / len(away)
    return scale * math.sqrt(max(0.0, total) / (len(values) - 1))


def _number(value: object) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValidationError(
            f"{value!r} is no number; give floats or ints",
            code="statistics_invalid_value",
            details={"value": str(value)},
        )
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValidationError(
            f"{value!r} cannot be read as a double",
            code="statistics_invalid_value",
            details={"value": str(value)},
        ) from error
