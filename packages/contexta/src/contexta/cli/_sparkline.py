"""A curve in one line of text."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.cli._draw import Pen

_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", "_.,-=+*#"


def sparkline(values: Sequence[float | None], pen: "Pen", width: int = 40) -> str:
    """A curve as bars, at most ``width``; what is missing or not finite shows as a mark.

    A longer series is cut into equal parts: each shows its mean, or the mark if it has a gap.
    """
    bars, gap = (_BARS, "✗") if pen.fancy else (_ASCII_BARS, "x")
    known = [_known(value) for value in values]
    finite = [value for value in known if math.isfinite(value)]
    if not finite:
        return gap * min(len(known), width)
    parts = min(len(known), width)
    edges = [index * len(known) // parts for index in range(parts + 1)]
    low, high = min(finite), max(finite)
    return "".join(_bar(known[a:b], low, high, bars, gap) for a, b in pairwise(edges))


def _bar(part: Sequence[float], low: float, high: float, bars: str, gap: str) -> str:
    if not all(map(math.isfinite, part)):
        return gap
    # Halves keep the difference of the two largest doubles finite.
    span = high / 2 - low / 2
    if span == 0:
        return bars[3]
    mean = math.fsum(value / 2 - low / 2 for value in part) / len(part)
    return bars[min(int(mean / span * len(bars)), len(bars) - 1)]


def _known(value: float | None) -> float:
    return math.nan if value is None else value
