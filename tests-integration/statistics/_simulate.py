"""Many small experiments whose truth is known, put to the functions that users call."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from contexta.interpretation.statistics import (
    Comparison,
    bootstrap_mean,
    bootstrap_test,
    paired_t_test,
    permutation_test,
    prediction_test,
    welch_test,
)

SIZES = (3, 5, 10, 30)
SHAPES = ("normal", "skewed", "tied")
#: Enough resamples for a rate over many trials; users get 9,999.
RESAMPLES = 999
MEANS = {"normal": 0.0, "skewed": math.exp(0.5), "tied": 0.0}

# Each trial resamples with a seed of its own: one set of rearrangements for all would make the
# rate that of this set.
Test = Callable[[np.ndarray, np.ndarray, float, int], Comparison]

UNPAIRED: dict[str, Test] = {
    "welch": lambda a, b, alpha, _: welch_test(a, b, alpha=alpha),
    "permutation": lambda a, b, alpha, seed: permutation_test(
        a, b, alpha=alpha, resamples=RESAMPLES, exact_limit=1_000, seed=seed
    ),
    "bootstrap": lambda a, b, alpha, seed: bootstrap_test(
        a, b, alpha=alpha, resamples=RESAMPLES, seed=seed
    ),
}
PAIRED: dict[str, Test] = {
    "paired t": lambda a, b, alpha, _: paired_t_test(a, b, alpha=alpha),
    "paired permutation": lambda a, b, alpha, seed: permutation_test(
        a, b, paired=True, alpha=alpha, resamples=RESAMPLES, exact_limit=1_024, seed=seed
    ),
    "paired bootstrap": lambda a, b, alpha, seed: bootstrap_test(
        a, b, paired=True, alpha=alpha, resamples=RESAMPLES, seed=seed
    ),
}


@dataclass
class Rates:
    """What became of the trials of one cell of a table."""

    trials: int = 0
    undecided: int = 0
    covered: int = 0
    intervals: int = 0
    alarms: int = 0
    alarms_higher: int = 0
    alarms_lower: int = 0

    @property
    def coverage(self) -> float:
        """Share of the intervals that hold the truth."""
        return self.covered / self.intervals if self.intervals else math.nan

    @property
    def alarm_rate(self) -> float:
        """Share of all trials that raise an alarm; one that cannot be judged raises none."""
        return self.alarms / self.trials

    def add(self, result: Comparison, truth: float, alpha: float) -> None:
        """Count one trial."""
        self.trials += 1
        if result.low is not None and result.high is not None:
            self.intervals += 1
            self.covered += result.low <= truth <= result.high
        if result.p_value is None:
            self.undecided += 1
            return
        self.alarms += result.p_value <= alpha
        self.alarms_higher += result.p_greater <= alpha
        self.alarms_lower += result.p_less <= alpha


def draw(random: np.random.Generator, shape: str, size: int) -> np.ndarray:
    """Draw values of spread about 1: normal, lognormal, or rounded to whole numbers."""
    if shape == "skewed":
        return random.lognormal(0.0, 1.0, size)
    values = random.normal(0.0, 1.0, size)
    return np.round(values) if shape == "tied" else values


def generator(*names: object) -> np.random.Generator:
    """A generator of its own for each cell, the same in every process."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def unpaired(
    method: str,
    shape: str,
    n: int,
    trials: int,
    *,
    n_right: int | None = None,
    scale: float = 1.0,
    alpha: float = 0.05,
) -> Rates:
    """Compare two groups of which the right is the left's distribution times ``scale``."""
    random, rates = generator(method, shape, n, n_right, scale), Rates()
    truth = (scale - 1.0) * MEANS[shape]
    for trial in range(trials):
        left = draw(random, shape, n)
        right = scale * draw(random, shape, n if n_right is None else n_right)
        rates.add(UNPAIRED[method](left, right, alpha, trial), truth, alpha)
    return rates


def paired(
    method: str, shape: str, n: int, trials: int, *, scale: float = 1.0, alpha: float = 0.05
) -> Rates:
    """Compare pairs that share a part as large as their own noise."""
    random, rates = generator(method, shape, n, scale), Rates()
    truth = (scale - 1.0) * MEANS[shape]
    for trial in range(trials):
        shared = draw(random, "tied" if shape == "tied" else "normal", n)
        left = shared + draw(random, shape, n)
        right = shared + scale * draw(random, shape, n)
        rates.add(PAIRED[method](left, right, alpha, trial), truth, alpha)
    return rates


def single(shape: str, n: int, trials: int, alpha: float = 0.05) -> Rates:
    """Hold one new value against a baseline of ``n``, both from one distribution."""
    random, rates = generator("single", shape, n), Rates()
    for _ in range(trials):
        baseline, candidate = draw(random, shape, n), draw(random, shape, 1)[0]
        result = prediction_test(baseline, candidate, alpha=alpha)
        rates.add(result, 0.0, alpha)
    return rates


def one_sample(shape: str, n: int, trials: int, *, expand: bool) -> Rates:
    """Form the BCa interval of a mean."""
    random, rates = generator("mean", shape, n), Rates()
    for trial in range(trials):
        values = draw(random, shape, n)
        found = bootstrap_mean(values, resamples=RESAMPLES, expand=expand, seed=trial)
        rates.trials += 1
        if found.low is None or found.high is None:
            rates.undecided += 1
            continue
        rates.intervals += 1
        rates.covered += found.low <= MEANS[shape] <= found.high
    return rates
