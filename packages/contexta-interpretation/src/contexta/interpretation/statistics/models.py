"""Results of statistics."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.interpretation._base import Result

#: ``ok``, or why a comparison has no test: too few values, values that do not vary, or values
#: whose squares no double holds.
STATUSES = ("ok", "not_enough", "no_variance", "identical", "too_large")


@dataclass(frozen=True, slots=True)
class Sample(Result):
    """Finite values and what describes them.

    ``excluded`` counts values that were left out because they are NaN or infinite. ``sd`` has
    the divisor n - 1 and is ``None`` below two values; everything is ``None`` without values.
    """

    values: tuple[float, ...]
    excluded: int = 0
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    _sequences = ("values",)

    @property
    def n(self) -> int:
        """How many finite values there are."""
        return len(self.values)

    @property
    def constant(self) -> bool:
        """Whether there are values and all are equal."""
        return self.n > 0 and self.minimum == self.maximum


@dataclass(frozen=True, slots=True)
class Comparison(Result):
    """What a test says about ``difference`` = mean(right) - mean(left).

    ``status`` is ``ok``, or says why the fields of the test are ``None``: ``not_enough`` (too few
    values), ``no_variance`` (no variation, but different means: no test can judge them),
    ``identical`` (no variation and no difference: ``p_value`` is 1), ``too_large`` (beyond
    1e150). ``reason`` says it in words.

    ``low`` and ``high`` bound the difference at level ``1 - alpha``, two-sided;
    ``interval_method`` says how. ``p_value`` is two-sided; ``p_greater`` and ``p_less`` are
    one-sided, small when the right side is higher, or lower. ``smallest_p`` and
    ``smallest_p_one_sided`` are the least that the method can give at these sizes (0 where there
    is no such bound).
    ``standard_error`` and ``df`` are Welch's (paired: of the differences). ``exact`` is ``None``
    unless resampling was used; ``resamples`` and ``seed`` then tell how to repeat it.
    """

    method: str
    status: str
    alpha: float
    n_left: int
    n_right: int
    excluded: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    interval_method: str | None = None
    statistic: float | None = None
    df: float | None = None
    standard_error: float | None = None
    p_value: float | None = None
    p_greater: float | None = None
    p_less: float | None = None
    smallest_p: float = 0.0
    smallest_p_one_sided: float = 0.0
    exact: bool | None = None
    resamples: int | None = None
    seed: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Interval(Result):
    """A two-sided interval at level ``1 - alpha``; without one, ``reason`` says why.

    ``bias`` and ``acceleration`` are the z0 and a of Efron (1987).
    """

    method: str
    alpha: float
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    excluded: int = 0
    resamples: int | None = None
    seed: int | None = None
    bias: float | None = None
    acceleration: float | None = None
    reason: str = ""


__all__ = ["STATUSES", "Comparison", "Interval", "Sample"]
