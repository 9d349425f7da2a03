"""Turns splits of a series into change points and segments with their evidence."""

from __future__ import annotations

import math
import statistics as plain
from collections.abc import Sequence
from itertools import pairwise

from contexta.interpretation._statistics import percentile
from contexta.interpretation.changes._search import Split, power_of_two
from contexta.interpretation.changes.models import ChangePoint, HistoryPoint, Segment
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.statistics import welch_test

# Shift, in units of sigma * 2 / sqrt(n), that is found in the middle of n normal values with a
# probability of 80 % at a significance of 0.01: 4.8 to 5.2 by simulation for n = 16
# to 100, and 6.4 for 12.
_FOUND = 5.0


def segments_of(points: Sequence[HistoryPoint], places: Sequence[int]) -> tuple[Segment, ...]:
    """Return the stretches between changes; none without points."""
    bounds = [0, *places, len(points)]
    pairs = pairwise(bounds)
    return tuple(_segment(points[low:high]) for low, high in pairs if high > low)


def _segment(points: Sequence[HistoryPoint]) -> Segment:
    values = [point.value for point in points]
    # Sums of what a double can hold need not fit into one.
    size = power_of_two(max(map(abs, values)))
    small = [value / size for value in values]
    median = _median(small)
    return Segment(
        first_index=points[0].index,
        last_index=points[-1].index,
        first_run=points[0].run_id,
        last_run=points[-1].run_id,
        count=len(values),
        mean=math.fsum(small) / len(values) * size,
        median=median * size,
        std=plain.stdev(small) * size if len(values) > 1 else None,
        mad=_median([abs(value - median) for value in small]) * size,
    )


def change_point(
    points: Sequence[HistoryPoint],
    low: int,
    split: Split,
    high: int,
    *,
    higher_is_better: bool,
) -> ChangePoint:
    """Describe the change at ``split`` between the places ``low`` and ``high``."""
    before = [point.value for point in points[low : split.index]]
    after = [point.value for point in points[split.index : high]]
    test = welch_test(before, after)
    interval = None if test.low is None or test.high is None else (test.low, test.high)
    one, two = _segment(points[low : split.index]), _segment(points[split.index : high])
    delta = two.mean - one.mean
    last, first = points[split.index - 1], points[split.index]
    return ChangePoint(
        index=split.index,
        first_run_after=first.run_id,
        first_run_after_name=first.run_name,
        last_run_before=last.run_id,
        last_run_before_name=last.run_name,
        earliest_index=split.earliest,
        latest_index=split.latest,
        count_before=one.count,
        count_after=two.count,
        mean_before=one.mean,
        mean_after=two.mean,
        median_before=one.median,
        median_after=two.median,
        delta=delta,
        interval=interval,
        relative_change=delta / abs(one.mean) if one.mean else None,
        p_value=split.p_value,
        direction=_direction(one, two, interval, higher_is_better),
        evidence_links=tuple(link for point in (last, first) for link in links_of(point)),
    )


def links_of(point: HistoryPoint) -> tuple[EvidenceLink, ...]:
    """The run of a point, and the record that its value is."""
    run = EvidenceLink("run", point.run_id, point.run_name)
    if not point.record_id:
        return (run,)
    return run, EvidenceLink("record", point.record_id, point.run_name)


def _direction(
    before: Segment, after: Segment, interval: tuple[float, float] | None, higher: bool
) -> str:
    """Judge by medians; where only the spread changed, the means tell no direction either."""
    move = after.median - before.median
    if interval is not None and interval[0] <= 0 <= interval[1]:
        return "unclear"
    if move == 0:
        move = after.mean - before.mean
    if move == 0:
        return "unclear"
    return "better" if (move > 0) == higher else "worse"


def smallest_detectable(
    values: Sequence[float], *, least: int, significance: float, correlation: float
) -> float | None:
    """Return the shift in the middle that would be found with about 80 % probability.

    The noise is taken from differences of neighbors, which changes of level hardly touch. With
    correlated runs it is what their mean varies by. ``None`` when even a step without noise
    could not be significant.
    """
    count = len(values)
    if count < 2 * least or 2 / math.comb(count, count // 2) >= significance:
        return None
    if len(set(values)) == 1:
        return 0.0
    size = power_of_two(max(map(abs, values)))
    away = [abs(b / size - a / size) for a, b in pairwise(values)]
    spread = _median(away) * 1.4826 or 1.2533 * math.fsum(away) / len(away)
    noise = spread / math.sqrt(2 * (1 - correlation))
    noise *= math.sqrt((1 + correlation) / (1 - correlation))
    stricter = math.sqrt(max(1.0, math.log(1 / significance) / math.log(100)))
    return float(noise) * size * _FOUND * stricter * 2 / math.sqrt(count)


def is_drift(values: Sequence[float], places: Sequence[int]) -> bool:
    """Tell whether a straight line describes a series better than steps at ``places``.

    By the information criterion of Schwarz (1978, Annals of Statistics 6), with two parameters
    for the line and, for each step, its place and its height. Outliers are clipped.
    """
    import numpy as np

    if not places:
        return False
    series = np.asarray(values, dtype=float) / power_of_two(max(map(abs, values)))
    bounds = [0, *places, len(series)]
    fitted = np.empty_like(series)
    for low, high in pairwise(bounds):
        fitted[low:high] = np.median(series[low:high])
    limit = 3 * 1.4826 * float(np.median(np.abs(series - fitted)))
    if limit == 0:
        return False
    clipped = np.clip(series, fitted - limit, fitted + limit)
    for low, high in pairwise(bounds):
        fitted[low:high] = clipped[low:high].mean()
    steps = float(((clipped - fitted) ** 2).sum())
    place = np.arange(len(series)) - (len(series) - 1) / 2
    slope = float(place @ clipped) / float(place @ place)
    line = float(((clipped - clipped.mean() - slope * place) ** 2).sum())
    count = len(series)
    of_steps = count * math.log(max(steps, 1e-300)) + (2 * len(places) + 1) * math.log(count)
    return count * math.log(max(line, 1e-300)) + 2 * math.log(count) < of_steps


def _median(values: Sequence[float]) -> float:
    found = percentile(values, 0.5)
    return math.nan if found is None else found
