"""How often changes are found, where, and how often a stationary history is said to change.

Each history costs as much as ten comparisons of two groups, so one is made for every fifteen of
``--trials``.
"""

import math
import statistics

import numpy as np
import pytest
from _simulate import generator

from contexta.interpretation.changes._assemble import is_drift, smallest_detectable
from contexta.interpretation.changes._search import find_splits

SIZES = (20, 50, 200)
LEAST = 3


@pytest.fixture(scope="module")
def rounds(trials):
    return max(20, trials // 15)


def noise(random, shape, size):
    """Draw stationary values of spread about 1."""
    if shape == "skewed":
        return random.lognormal(0.0, 1.0, size)
    if shape == "tied":
        return random.integers(0, 4, size).astype(float)
    values = random.normal(size=size + 50)
    if shape == "outliers":
        values[random.random(size + 50) < 0.05] *= 10.0
    if shape.startswith("ar"):
        for place in range(1, size + 50):
            values[place] += float(shape[2:]) * values[place - 1]
    return values[50:]


def step(random, size, height, shape="normal"):
    """Draw values that rise by ``height`` at five eighths of their length."""
    values = noise(random, shape, size)
    values[size * 5 // 8 :] += height
    return values


def search(values, significance=0.01, seed=0):
    return find_splits(list(values), least=LEAST, significance=significance, seed=seed).splits


def share(items):
    items = list(items)
    return sum(items) / len(items)


def at_most(rate, rounds):
    """The share that a rate exceeds in one of some 30,000 simulations (four deviations)."""
    return rate + 4.0 * math.sqrt(rate * (1.0 - rate) / rounds)


def show(title, rows):
    print(f"\n{title}")
    for name, cells in rows.items():
        print(f"  {name:<28}" + "  ".join(f"{key} {value:.3f}" for key, value in cells.items()))


@pytest.mark.parametrize("shape", ["normal", "skewed", "tied", "outliers"])
def test_stationary_histories_are_silent(rounds, shape):
    """Independent values are said to change at the nominal rate, whatever their distribution."""
    found = {}
    for size in SIZES:
        random = generator("calm", shape, size)
        alarms = (bool(search(noise(random, shape, size), 0.05, i)) for i in range(rounds))
        found[size] = share(alarms)
    show("false alarms at 0.05", {shape: found})

    assert {n: rate for n, rate in found.items() if rate > at_most(0.05, rounds)} == {}


# What correlated runs cost, measured with 200 rounds; without allowing for it 0.2 to 0.8.
CORRELATED = {("ar0.3", 20): 0.16, ("ar0.3", 50): 0.13, ("ar0.3", 200): 0.1}
CORRELATED |= {("ar0.6", 20): 0.24, ("ar0.6", 50): 0.18, ("ar0.6", 200): 0.13}


@pytest.mark.parametrize("shape", ["ar0.3", "ar0.6"])
def test_correlated_histories_are_mostly_silent(rounds, shape):
    """Runs that resemble their neighbors raise more alarms than nominal, far fewer than naively."""
    found = {}
    for size in SIZES:
        random = generator("calm", shape, size)
        alarms = (bool(search(noise(random, shape, size), 0.05, i)) for i in range(rounds))
        found[size] = share(alarms)
    show("false alarms at 0.05", {shape: found})
    limits = {size: at_most(CORRELATED[shape, size], rounds) for size in SIZES}

    assert {n: rate for n, rate in found.items() if rate > limits[n]} == {}


# Shares of steps found at 0.01, measured with 200 rounds, less a margin.
FOUND = {
    "normal": {(20, 2): 0.55, (20, 3): 0.9, (50, 2): 0.93, (50, 3): 0.97, (200, 1): 0.93},
    "outliers": {(20, 3): 0.7, (50, 2): 0.85, (50, 3): 0.95, (200, 1): 0.9},
}


@pytest.mark.parametrize("shape", ["normal", "outliers"])
def test_steps_are_found(rounds, shape):
    """Steps of one, two and three deviations are found, their places inside their intervals."""
    rows, found, covered = {}, {}, []
    for size in SIZES:
        for height in (1, 2, 3):
            random = generator("step", shape, size, height)
            answers = [search(step(random, size, height, shape), seed=i) for i in range(rounds)]
            place = size * 5 // 8
            single = [splits[0] for splits in answers if len(splits) == 1]
            inside = [split.earliest <= place <= split.latest for split in single]
            covered += inside
            found[size, height] = share(bool(splits) for splits in answers)
            rows[f"{shape}, {size} runs, {height} sd"] = {
                "found": found[size, height],
                "more than one": share(len(splits) > 1 for splits in answers),
                "exact": share(split.index == place for split in single) if single else math.nan,
                "within 1": (
                    share(abs(split.index - place) <= 1 for split in single) if single else math.nan
                ),
                "in interval": share(inside) if inside else math.nan,
            }
    show("steps at 0.01", rows)
    missed = {
        cell: found[cell]
        for cell, least in FOUND[shape].items()
        if found[cell] < 1 - at_most(1 - least, rounds)
    }

    assert missed == {}
    assert share(covered) > 0.88


def test_episodes_and_recent_changes_are_found(rounds):
    """A regression that was mended, and one of the last runs, are found."""

    def episode(random):
        values = noise(random, "normal", 200)
        values[95:105] += 4.0
        return values

    def recent(random):
        values = noise(random, "normal", 50)
        values[46:] += 5.0
        return values

    rows = {}
    for name, draw in (("10 of 200 runs, 4 sd", episode), ("last 4 of 50, 5 sd", recent)):
        random = generator(name)
        rows[name] = {"found": share(bool(search(draw(random), seed=i)) for i in range(rounds))}
    show("episodes and recent changes at 0.01", rows)

    assert all(cells["found"] > 0.8 for cells in rows.values())


def test_slopes_are_called_drifts(rounds):
    """A slope that is split is called a drift, a step hardly ever."""
    random = generator("drift")
    slopes = [noise(random, "normal", 50) + np.linspace(0, 3, 50) for _ in range(rounds)]
    steps = [step(random, 50, 2) for _ in range(rounds)]
    called = {}
    for name, series in (("slope of 3 sd over 50 runs", slopes), ("step of 2 sd", steps)):
        places = [[split.index for split in search(values, seed=1)] for values in series]
        pairs = [(list(v), at) for v, at in zip(series, places, strict=True) if at]
        called[name] = {
            "split": len(pairs) / rounds,
            "called drift": share(is_drift(values, at) for values, at in pairs),
        }
    show("drifts", called)

    assert called["slope of 3 sd over 50 runs"]["called drift"] > 0.6
    assert called["step of 2 sd"]["called drift"] < 0.2


def test_spread_alone_is_noticed_at_times(rounds):
    """A change of spread is a change of distribution: found when large, and never promised."""
    random = generator("spread")
    widening = np.where(np.arange(100) < 50, 1.0, 3.0)
    rate = share(
        bool(search(noise(random, "normal", 100) * widening, seed=i)) for i in range(rounds)
    )
    show("spread", {"3 times from run 50 of 100": {"found": rate}})

    assert 0.05 < rate < 0.9


def test_smallest_detectable_shift_is_found_as_often_as_said(rounds):
    """The shift that is called detectable is found about four times in five."""
    rows = {}
    for size in (20, 50, 100):
        random, hits = generator("detectable", size), []
        for i in range(rounds):
            least = smallest_detectable(
                list(noise(random, "normal", size)),
                least=LEAST,
                significance=0.01,
                correlation=0.0,
            )
            values = noise(random, "normal", size)
            values[size // 2 :] += least
            hits.append(bool(search(values, seed=i)))
        rows[f"{size} runs"] = {"found": share(hits)}
    show("shifts of the smallest detectable size", rows)

    assert all(0.5 < cells["found"] < 0.98 for cells in rows.values())
    assert 0.65 < statistics.mean(cells["found"] for cells in rows.values()) < 0.95
