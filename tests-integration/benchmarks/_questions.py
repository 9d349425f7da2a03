"""What is asked of stores of many runs, and how: each question cold, then warm.

Cold: opened anew for this one question in a process that has the modules loaded. Warm: the
median of many, with one handle open for all questions.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from _harness import seconds

KEY = "metric-3"
LR = 0.3
FILTER = 6.5
TOP = 20
NEWEST = 50
COLD_REPEATS = 3
WORKS = {
    "filter": "newest 20 runs with a metric above x",
    "top": "top 20 runs by final metric where lr = x",
    "last": "last value of a metric over all runs",
    "trend": "trend of a metric over the newest 50 runs",
    "baseline": "baseline of a metric over all runs",
    "compare": "two runs compared",
    "snapshot": "all of one run, its 100 points included",
    "series": "one series of 10 points",
    "page": "first page of 20 runs",
}
Questions = dict[str, Callable[[], Any]]


def pair(runs: int) -> tuple[str, str]:
    """Return the names of the two runs that are compared."""
    return f"run-{runs // 2}", f"run-{runs // 3}"


def looked_at(runs: int) -> str:
    """Return the name of the run that is looked at."""
    return f"run-{runs // 2}"


def asked(
    opened: Callable[[], tuple[Questions, Callable[[], None]]], count: int
) -> dict[str, list[float]]:
    """Return for each question the cold and the warm milliseconds, and how much was found.

    Args:
        opened: Opens the store; returns the questions and what closes it.
        count: How many warm repeats; cold ones are fewer.
    """
    questions, close = opened()
    names = list(questions)
    close()
    repeats = min(count, COLD_REPEATS)
    cold = {name: statistics.median(_cold(opened, name) for _ in range(repeats)) for name in names}
    questions, close = opened()
    found = {}
    for name, question in questions.items():
        answer = question()
        warm = statistics.median(seconds(question) for _ in range(count))
        found[name] = [cold[name] * 1e3, warm * 1e3, answer]
    close()
    return found


def _cold(opened: Callable[[], tuple[Questions, Callable[[], None]]], name: str) -> float:
    def once() -> None:
        questions, close = opened()
        questions[name]()
        close()

    return seconds(once)
