"""Timing shared by the measuring scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable


def per_call_us(call: Callable[[int], object], count: int) -> tuple[float, float, float]:
    """Return (p50, p99, mean) of single calls in microseconds, the clock's own cost included."""
    clock = time.perf_counter_ns
    spent = [0] * count
    for index in range(count):
        before = clock()
        call(index)
        spent[index] = clock() - before
    spent.sort()
    return spent[count // 2] / 1e3, spent[count * 99 // 100] / 1e3, sum(spent) / count / 1e3


def best_us(call: Callable[[], object], count: int, repeats: int = 7) -> float:
    """Return the best mean of several loops, in microseconds a call."""
    best = float("inf")
    for _ in range(repeats):
        before = time.perf_counter_ns()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter_ns() - before) / count / 1e3)
    return best


def emit(rows: list[dict]) -> None:
    """Print the rows as the last line of the output, for run.py."""
    print(json.dumps(rows))
