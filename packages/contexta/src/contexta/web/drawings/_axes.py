"""Where data lie on an axis, and which round numbers stand beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAST_SPAN = 1e-300  # below it a division by the span is no longer exact
_LOG_FROM_RATIO = 1e3
_FAR_APART = 1e3  # ticks of a linear axis never are
_MOST_DIGITS = 17


class Axis1D:
    """Maps numbers from `low` to `high` onto the pixels from `start` to `end`.

    Args:
        values: finite numbers that must be seen; empty is the span 0 to 1.
        start: pixel of the lowest.
        end: pixel of the highest.
        log: logarithmic; heeded only where all values are positive.
        pad: share of the span kept free on both sides.
    """

    __slots__ = ("end", "high", "log", "low", "start")

    def __init__(
        self,
        values: Sequence[float],
        start: float,
        end: float,
        *,
        log: bool = False,
        pad: float = 0.0,
    ) -> None:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        self.log = log and low > 0
        self.start, self.end = start, end
        if high / 2 - low / 2 < _LEAST_SPAN:
            around = abs(low) * 0.05 or 1.0
            low, high = low - around, high + around
        elif pad and not self.log and max(abs(low), abs(high)) < 1e307:
            low, high = low - pad * (high - low), high + pad * (high - low)
        self.low, self.high = low, high

    def place(self, value: float) -> float:
        """Return the pixel of a value; what lies outside the span is put on its edge."""
        if self.log:
            span = math.log(self.high) - math.log(self.low)
            share = (math.log(value) - math.log(self.low)) / span
        else:
            # Halves keep the difference of the two largest doubles finite.
            share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        """Return about `count` round values on the axis, in order."""
        if not self.log:
            return nice_ticks(self.low, self.high, count)
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        step = max(1, math.ceil((last - first + 1) / count))
        powers = [10.0**power for power in range(first, last + 1, step)]
        return powers if len(powers) > 1 else [self.low, self.high]


def spans_magnitudes(values: Sequence[float]) -> bool:
    """Whether values are positive and so far apart that most would lie on the floor."""
    if not values or min(values) <= 0:
        return False
    middle = sorted(values)[len(values) // 2]
    return max(values) > min(values) * _LOG_FROM_RATIO and max(values) > middle * 20


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round numbers inside `low` to `high`, about `count` of them, in order."""
    raw = (high / 2 - low / 2) / count * 2
    if not math.isfinite(raw) or raw <= 0:
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(raw))
    if magnitude == 0:
        return [low, high]
    step = next((m * magnitude for m in _STEPS if m * magnitude >= raw * 0.999), 10 * magnitude)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + 3 * count) + 1)]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Return the labels of ticks: as many digits as tell neighbors apart, for all alike.

    Ticks of a logarithmic axis, which lie magnitudes apart, have each what they need.
    """
    finite = sorted(abs(value) for value in values if math.isfinite(value) and value)
    if not finite or finite[-1] > finite[0] * _FAR_APART:
        return [_short_power(f"{value:.3g}") for value in values]
    if finite[-1] >= 1e6 or finite[-1] < 1e-3:
        return _precise(values, lambda value, digits: _short_power(f"{value:.{digits}g}"), 3)
    return _precise(values, lambda value, digits: f"{value:.{digits}f}", 0)


def _precise(values: Sequence[float], write: Callable[[float, int], str], least: int) -> list[str]:
    """With the fewest digits that are right to a hundredth of the way to the next tick."""
    steps = [abs(after - before) for before, after in pairwise(values)]
    within = min((step for step in steps if step), default=abs(values[0]) * 1e-3) / 100
    labels = [write(value, least) for value in values]
    for digits in range(least, _MOST_DIGITS):
        labels = [write(value, digits) for value in values]
        if all(abs(float(t) - v) <= within for t, v in zip(labels, values, strict=True)):
            break
    return ["0" if float(text) == 0 else text for text in labels]


def _short_power(text: str) -> str:
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
