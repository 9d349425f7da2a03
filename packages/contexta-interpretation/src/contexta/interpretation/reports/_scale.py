"""Where data lie in the drawing area of a chart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 360, 218
LEFT, RIGHT, TOP, BOTTOM = 52, 348, 40, 180
_LEAST_SPAN = 1e-300  # below it, dividing by the span is no longer exact
_GREATEST = 1e307  # above it, a span with its margin may overflow
_LOG_FROM_RATIO = 1e3
_LOG_FROM_SKEW = 20  # most values lie far below the highest: a curve that only ends low is not


class Scale:
    """Maps data to the drawing area; y is logarithmic when it spans orders of magnitude.

    ``xs`` are places that the x axis must reach although no point is there; ``pad`` is the share
    of the height that is kept free above and below.
    """

    def __init__(
        self,
        points: Sequence[tuple[float, float]],
        xs: Iterable[float] = (),
        *,
        log: bool = True,
        pad: float = 0.0,
    ) -> None:
        places = [*(x for x, _ in points), *xs]
        ys = [y for _, y in points]
        self.x0, self.x1 = min(places), max(places)
        low, high = min(ys), max(ys)
        median = sorted(ys)[len(ys) // 2]
        # Multiplied, because dividing by a subnormal low would overflow.
        spread = low > 0 and high > low * _LOG_FROM_RATIO and high > median * _LOG_FROM_SKEW
        self.log = log and spread
        if high / 2 - low / 2 < _LEAST_SPAN:
            around = max(abs(low) * 0.05, _LEAST_SPAN) if low else 1.0
            low, high = low - around, high + around
        elif pad and not self.log and abs(low) < _GREATEST > abs(high):
            low, high = low - pad * (high - low), high + pad * (high - low)
        self.y0, self.y1 = low, high

    def x(self, value: float) -> float:
        """Return the horizontal place; a single value lies in the middle."""
        if self.x1 == self.x0:
            return (LEFT + RIGHT) / 2
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        """Return the vertical place."""
        if self.log:
            span = math.log(self.y1) - math.log(self.y0)
            share = (math.log(value) - math.log(self.y0)) / span
        else:
            # Halves keep the difference of the two largest doubles finite.
            share = (value / 2 - self.y0 / 2) / (self.y1 / 2 - self.y0 / 2)
        return BOTTOM - share * (BOTTOM - TOP)

    def y_ticks(self) -> list[float]:
        """Return round values on the axis."""
        if self.log:
            first, last = math.ceil(math.log10(self.y0)), math.floor(math.log10(self.y1))
            step = max(1, math.ceil((last - first + 1) / 5))
            return [10.0**power for power in range(first, last + 1, step)]
        return nice_ticks(self.y0, self.y1, 4)


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Round positions inside [low, high], about ``count`` of them."""
    span = high / 2 - low / 2
    raw = span / count * 2
    if not math.isfinite(raw) or raw <= 0:
        return [low, high]
    magnitude = 10.0 ** math.floor(math.log10(raw))
    if magnitude == 0:
        return [low, high]
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + 12) + 1)]
