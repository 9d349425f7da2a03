"""How different the two sides of each split of a series are: the energy distance of E-divisive.

In one dimension the energy distance of two samples is twice the integral of (F - G)^2 dx of their
distribution functions (Szekely and Rizzo 2013, "Energy statistics", J. Stat. Plan. Inference 143),
so that the divergence of E-divisive (Matteson and James 2014, "A nonparametric approach for
multiple change point analysis of multivariate data", JASA 109) needs n steps for each point of the
axis instead of n^2 distances. Two things differ from that paper, each for a measured reason:

- Values are clipped at three scaled median deviations from the median. Unclipped, 5 % outliers
  hide a step of one standard deviation in 36 % of series of 200; on ranks, three runs after a step
  of six standard deviations are found in 8 % of series of 50, clipped in all.
- Splits are compared inside windows of many lengths, not only of the whole series: the seeded
  intervals of Kovacs, Buehlmann, Li and Munk 2023 ("Seeded binary segmentation", Biometrika 110),
  with a penalty for shorter ones, of which there are more (Duembgen and Spokoiny 2001, Annals of
  Statistics 29). A regression that was mended ten runs later is found in 95 % of series, without
  them in 5 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CUTS = 16
_CLIP = 3.0
_SPLITS = 32  # looked at in one window; the place is made exact afterwards
_SHORTEST = 12
_PENALTY = 1.2  # twice the largest eigenvalue of the limit, 6 / pi^2 of its sum


@dataclass(frozen=True, slots=True)
class Axis:
    """Where distribution functions are compared.

    ``cuts`` are points of the axis, ``weights`` the stretches that they stand for (in units that
    make the divergence of a stationary series 1 on average), ``below`` how many values of the
    series are at most each cut.
    """

    cuts: Any
    weights: Any
    below: Any


@dataclass(frozen=True, slots=True)
class Windows:
    """Splits to look at: first place, place after the split, place after the end; one each."""

    start: Any
    split: Any
    end: Any


def axis_of(values: Floats) -> Axis | None:
    """Return the axis of a series; ``None`` when all values are equal."""
    import numpy as np

    distinct = np.unique(values)
    if len(distinct) < 2:
        return None
    center = np.median(values)
    away = np.abs(values - center)
    # Where more than half of the values are equal, the median deviation is 0.
    spread = 1.4826 * np.median(away) or 1.2533 * away.mean()
    low = max(distinct[0], center - _CLIP * spread)
    high = min(distinct[-1], center + _CLIP * spread)
    kept = np.unique(np.clip(distinct, low, high))
    if len(kept) <= _CUTS + 1:
        cuts, stretches = kept[:-1], np.diff(kept)
    else:
        step = (high - low) / _CUTS
        cuts, stretches = low + step * (np.arange(_CUTS) + 0.5), np.full(_CUTS, step)
    below = np.searchsorted(np.sort(values), cuts, side="right")
    share = below / len(values)
    usual = float((stretches * share * (1 - share)).sum())
    if not usual > 0:  # the values differ by less than arithmetic can tell
        return None
    return Axis(cuts, (stretches / usual).astype(np.float32), below)


def whole(count: int, least: int) -> Windows:
    """Return every split of the whole series with ``least`` values on each side."""
    import numpy as np

    splits = np.arange(least, count - least + 1)
    return Windows(np.zeros_like(splits), splits, np.full_like(splits, count))


def seeded(count: int, least: int) -> Windows:
    """Return splits of windows of count, count / 2, count / 4 ... values that overlap by half."""
    import numpy as np

    start: list[int] = []
    split: list[int] = []
    end: list[int] = []
    length = count
    shortest = max(_SHORTEST, 2 * least, count // 40)  # in long histories the rest costs time
    while length == count or length >= shortest:
        many = 2 * math.ceil(count / length) - 1
        for number in range(many):
            first = round(number * (count - length) / max(1, many - 1))
            places = np.linspace(first + least, first + length - least, _SPLITS)
            found = np.unique(places.round().astype(int)).tolist()
            start += [first] * len(found)
            split += found
            end += [first + length] * len(found)
        length //= 2
    return Windows(np.array(start), np.array(split), np.array(end))


def divergence(at_most: NDArray[np.bool_], axis: Axis, windows: Windows) -> NDArray[np.float32]:
    """Return the divergence of each split, of one series or of many.

    Args:
        at_most: shape (..., n, cuts): whether a value is at most a cut.
        axis: of the series.
        windows: the splits.

    Returns:
        Shape (..., splits), less the penalty of short windows.
    """
    import numpy as np

    shape = (*at_most.shape[:-2], 1, at_most.shape[-1])
    running = np.concatenate(
        [np.zeros(shape, np.float32), np.cumsum(at_most, axis=-2, dtype=np.float32)], axis=-2
    )
    left, length = windows.split - windows.start, windows.end - windows.start
    before = running[..., windows.start, :]
    gap = running[..., windows.split, :] - before
    gap -= (running[..., windows.end, :] - before) * (left / length).astype(np.float32)[:, None]
    summed = np.einsum("...k,...k,k->...", gap, gap, axis.weights)
    scale = (length / (left * (length - left))).astype(np.float32)
    penalty = (_PENALTY * np.log(at_most.shape[-2] / length)).astype(np.float32)
    result: NDArray[np.float32] = summed * scale - penalty
    return result


def best_split(values: Floats, axis: Axis, windows: Windows) -> tuple[int, int, int, float]:
    """Return where the clearest split is, its window's start and end, and its divergence."""
    found = divergence(values[:, None] <= axis.cuts, axis, windows)
    place = int(found.argmax())
    start, split, end = (int(of[place]) for of in (windows.start, windows.split, windows.end))
    return split, start, end, float(found[place])


def exact_split(values: Floats, least: int) -> int | None:
    """Return the clearest of all splits of a series; ``None`` for a constant."""
    axis = axis_of(values)
    return None if axis is None else best_split(values, axis, whole(len(values), least))[0]
