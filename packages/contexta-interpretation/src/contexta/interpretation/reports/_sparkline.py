"""A curve as one line of text, for Markdown and terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_BARS = "▁▂▃▄▅▆▇█"
_GAP = "✗"
_WIDTH = 60


def sparkline(values: Sequence[float]) -> str:
    """Return bars from lowest to highest, at most 60; a value that is not finite shows as ``✗``.

    A longer series is cut into equal parts: each shows its mean, or ``✗`` when it has any gap.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return _GAP if values else ""
    low, high = min(finite), max(finite)
    parts = min(len(values), _WIDTH)
    edges = [index * len(values) // parts for index in range(parts + 1)]
    return "".join(_bar(values[a:b], low, high) for a, b in pairwise(edges))


def _bar(part: Sequence[float], low: float, high: float) -> str:
    if not all(map(math.isfinite, part)):
        return _GAP
    # Halves keep the difference of the two largest doubles finite.
    span = high / 2 - low / 2
    if span == 0:
        return _BARS[3]
    mean = math.fsum(value / 2 - low / 2 for value in part) / len(part)
    return _BARS[min(int(mean / span * len(_BARS)), len(_BARS) - 1)]
