"""Whether a metric call costs the same however many records its run already has.

In each round one process fills runs of several sizes by calls, in workspaces of their own,
lets the sealing of the fills end, and then times short blocks of calls on each in turn.
So whatever slows the machine down hits all sizes alike; the ratios of a round are what counts.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from _harness import Options, call_us, fresh, in_turn, main, percentile, row

BLOCK = 100
BLOCKS = 40
WARMING = 20


def one_round(folder: str, sizes: list[int], turn: int) -> list[float]:
    """Return the p50 in microseconds of a bare write, then of a call at each size."""
    from contexta import Contexta

    with ExitStack() as stack:
        calls = []
        for size in sizes:
            place = Path(folder) / str(size)
            ctx = stack.enter_context(Contexta(workspace=place))
            metric = stack.enter_context(ctx.run("bench")).metric
            for step in range(size):
                metric("loss", 0.5 + step, step=step)
            ctx.flush(seal=True)
            calls.append(lambda step, metric=metric: metric("loss", 0.5 + step, step=step))
        descriptor = os.open(Path(folder) / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        calls.insert(0, lambda step: os.write(descriptor, b"x" * 56))
        spent: list[list[int]] = [[] for _ in calls]
        for block in range(BLOCKS):
            for index in range(len(calls)):
                place = (index + block + turn) % len(calls)
                call_us(calls[place], range(WARMING))
                spent[place] += call_us(calls[place], range(BLOCK))
        os.close(descriptor)
    return [percentile(one, 50) for one in spent]


def measure(options: Options) -> list[dict]:
    """Return the medians of the rounds, and the median of their ratios largest to smallest."""
    sizes = options.pick([1_000, 10_000, 100_000], [1_000, 10_000, 100_000, 1_000_000])
    turns = iter(range(1_000))

    def turn() -> list[float]:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            spent = fresh(one_round, folder, sizes, next(turns))
        return [*spent, spent[-1] / spent[1]]

    repeats = options.pick(1, 7)
    floor, *ours, ratio = in_turn({"ours": turn}, repeats)["ours"]
    note = f"{repeats} round(s) of {BLOCKS * BLOCK:,} calls at each size"
    rows = [
        row("call p50, records in its run", size, "us", one, floor=("os.write", floor), note=note)
        for size, one in zip(sizes, ours, strict=True)
    ]
    name = f"call p50, {sizes[-1]:,} / {sizes[0]:,} records"
    goal = ("<=", 1.02)
    rows.append(row(name, sizes[-1], "x", ratio, goal=goal, note="flat within 2 %"))
    return rows


if __name__ == "__main__":
    main(measure)
