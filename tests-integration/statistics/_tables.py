"""Tables of rates, and how far a rate may lie from what it should be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from _simulate import SHAPES, SIZES, Rates

Cells = dict[tuple[str, int], Rates]


def cells(
    experiment: Callable[[str, int], Rates],
    sizes: Sequence[int] = SIZES,
    shapes: Sequence[str] = SHAPES,
) -> Cells:
    """Run an experiment for every shape and size."""
    return {(shape, n): experiment(shape, n) for shape in shapes for n in sizes}


def show(title: str, found: Cells, rate: Callable[[Rates], float]) -> None:
    """Print one line per shape; pytest shows it with -s, and beside a failure."""
    sizes = list(dict.fromkeys(n for _, n in found))
    trials = next(iter(found.values())).trials
    print(f"\n{title} ({trials} trials a cell)")
    print(f"{'':8}" + "".join(f"{f'n={n}':>8}" for n in sizes))
    for shape in dict.fromkeys(shape for shape, _ in found):
        print(f"{shape:8}" + "".join(f"{rate(found[shape, n]):8.3f}" for n in sizes))


def slack(rate: float, trials: int) -> float:
    """Four standard errors of a share, so that one cell in 16,000 is out by chance."""
    return 4.0 * math.sqrt(max(rate * (1.0 - rate), 1e-4) / max(trials, 1))


def above(found: Cells, rate: Callable[[Rates], float], limit: Callable[[str, int], float]) -> dict:
    """The cells whose rate is higher than its limit by more than chance explains."""
    return {
        cell: (round(rate(rates), 3), limit(*cell))
        for cell, rates in found.items()
        if rate(rates) > limit(*cell) + slack(limit(*cell), rates.trials)
    }


def below(found: Cells, rate: Callable[[Rates], float], limit: Callable[[str, int], float]) -> dict:
    """The cells whose rate is lower than its limit by more than chance explains."""
    return {
        cell: (round(rate(rates), 3), limit(*cell))
        for cell, rates in found.items()
        if rate(rates) < limit(*cell) - slack(limit(*cell), rates.intervals or rates.trials)
    }
