"""What the clearest split of a series without a change looks like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from contexta.interpretation.changes._divergence import Axis, Windows, divergence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BATCH = 50
_CELLS = 300_000  # looked at at once, about 5 MB; larger ones are not faster
_NOTICED = 1.3  # a correlation below this many standard errors is taken for none
_HIGHEST = 0.95


def autocorrelation(values: Floats, split: int) -> float:
    """Return the correlation of neighbors that is not made by changes of level; 0.0 for none.

    The smaller of two estimates, each corrected for its bias in short series (Marriott and Pope
    1954, Biometrika 41). One is that of what is left when the level of each side of ``split`` is
    taken off: too high where the level changed more than once. The other compares differences at
    distance two with neighboring ones (Chakar, Lebarbier, Levy-Leduc and Robin 2017, "A robust
    approach for estimating change-points in the mean of an AR(1) process", Bernoulli 23): a
    change touches three of them, but it varies more. Below 1.3 standard errors the result is 0.0,
    for then plain permutation is exact.
    """
    count = len(values)
    of_rest = _of_rest(values, split)
    if of_rest + (2 + 4 * of_rest) / count < _NOTICED / math.sqrt(count):
        return 0.0
    of_differences = _of_differences(values)
    return max(
        0.0,
        min(
            of_rest + (2 + 4 * of_rest) / count,
            of_differences + (1 + 3 * of_differences) / count,
            _HIGHEST,
        ),
    )


def _of_rest(values: Floats, split: int) -> float:
    import numpy as np

    sides = (values[:split], values[split:])
    rest = np.concatenate([side - np.median(side) for side in sides])
    limit = 3 * 1.4826 * float(np.median(np.abs(rest)))
    if limit > 0:
        rest = np.clip(rest, -limit, limit)
    rest = rest - rest.mean()
    total = float(rest @ rest)
    return 0.0 if total == 0 else float(rest[1:] @ rest[:-1]) / total


def _of_differences(values: Floats) -> float:
    import numpy as np

    squares = []
    for distance in (1, 2):
        away = np.abs(values[distance:] - values[:-distance])
        limit = 3 * 1.4826 * float(np.median(away))
        squares.append(float(np.mean(np.minimum(away, limit) ** 2)))
    return 0.0 if squares[0] == 0 else squares[1] / squares[0] - 1


def p_value(
    values: Floats,
    axis: Axis,
    observed: float,
    *,
    windows: Windows,
    correlation: float,
    permutations: int,
    significance: float,
    seed: int,
) -> float:
    """Return the share of rearranged series whose clearest split is at least as clear.

    Without correlation the values are permuted, which is exact for exchangeable values
    (Matteson and James 2014, section 3.2). With it, what is new in each value over its
    predecessor is permuted and put together to a series of that correlation again. It stops as
    soon as the result is certain to be above ``significance``.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    count = len(values)
    chunk = max(1, _CELLS // (max(count, len(windows.split)) * len(axis.cuts)))
    flags = values[:, None] <= axis.cuts
    news = None if correlation == 0 else _news(values, correlation)
    limit = observed - 1e-4 * (1 + abs(observed))  # sums of the same numbers in another order
    clearer = done = 0
    while done < permutations and clearer + 1 <= significance * (permutations + 1):
        size = min(_BATCH, permutations - done)
        order = generator.permuted(np.tile(np.arange(count), (size, 1)), axis=1)
        if news is not None:
            order = _series(news[order], correlation).argsort(axis=1).argsort(axis=1)
        for start in range(0, size, chunk):
            part = order[start : start + chunk]
            drawn = flags[part] if news is None else part[:, :, None] < axis.below
            clearest = divergence(drawn, axis, windows).max(axis=-1)
            clearer += int((clearest >= limit).sum())
        done += size
    return (clearer + 1) / (done + 1)


def _news(values: Floats, correlation: float) -> Floats:
    import numpy as np

    news = values[1:] - correlation * values[:-1]
    center = np.median(news)
    return np.concatenate([[0.0], news - center])


def _series(news: Floats, correlation: float) -> Floats:
    """Put innovations together to stationary series, one per row."""
    import numpy as np

    series = np.empty_like(news)
    series[:, 0] = news[:, 0] / math.sqrt(1 - correlation**2)
    for place in range(1, news.shape[1]):
        series[:, place] = correlation * series[:, place - 1] + news[:, place]
    return series
