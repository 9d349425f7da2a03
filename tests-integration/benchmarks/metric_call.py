"""One acknowledged metric call, beside a bare os.write of as many bytes and a peer."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from _harness import Options, call_us, fresh, has, in_turn, main, percentile, row

FRAME_BYTES = 56
BLOCK = 1_000
FLOOR = f"os.write of {FRAME_BYTES} bytes"
PEER = "trackio.log, not yet written"
LABELS = ("p50", "p99", "mean")


def summary(spent: list[int]) -> list[float]:
    """Return p50, p99 and mean in microseconds."""
    return [percentile(spent, 50), percentile(spent, 99), statistics.fmean(spent) / 1e3]


def ours_and_floor(folder: str, count: int) -> list[float]:
    """Alternate blocks of run.metric, run.log of two values and os.write in one process."""
    from contexta import Contexta

    frame = b"x" * FRAME_BYTES
    with Contexta(workspace=Path(folder) / ".contexta") as ctx, ctx.run("bench") as run:
        metric, log = run.metric, run.log
        descriptor = os.open(Path(folder) / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        calls = (
            lambda step: os.write(descriptor, frame),
            lambda step: metric("loss", 0.5 + step, step=step),
            lambda step: log({"loss": 0.5 + step, "accuracy": 0.1}, step=step),
        )
        spent: tuple[list[int], ...] = ([], [], [])
        for call in calls:
            call_us(call, range(BLOCK))
        for start in range(0, count, BLOCK):
            for call, kept in zip(calls, spent, strict=True):
                kept += call_us(call, range(start, start + BLOCK))
        os.close(descriptor)
    return [number for kept in spent for number in summary(kept)]


def trackio(folder: str, count: int) -> list[float]:
    """Call trackio.log, which acknowledges before anything is written."""
    os.environ["TRACKIO_DIR"] = folder
    import trackio as peer

    peer.init(project="bench", name="bench")
    call_us(lambda step: peer.log({"loss": 0.5 + step}, step=step), range(BLOCK))
    spent = call_us(lambda step: peer.log({"loss": 0.5 + step}, step=step), range(count))
    peer.finish()
    return summary(spent)


def measure(options: Options) -> list[dict]:
    """Alternate processes of ours, which hold the floor, with processes of the peer."""
    count = options.pick(20_000, 100_000)

    def one(function: object, calls: int) -> list[float]:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            return fresh(function, folder, calls)

    calls = {"ours": lambda: one(ours_and_floor, count)}
    if has("trackio"):
        calls["peer"] = lambda: one(trackio, count // 4)
    found = in_turn(calls, options.pick(1, 5))
    floor, single, double = (found["ours"][i : i + 3] for i in (0, 3, 6))
    goals = {"p50": ("<=", 8.0), "p99": ("<=", 30.0)}
    rows = []
    for index, label in enumerate(LABELS):
        base = (FLOOR, floor[index])
        peer = (PEER, found["peer"][index]) if "peer" in found else None
        name, goal = f"run.metric(key, value, step) {label}", goals.get(label)
        rows.append(row(name, count, "us", single[index], floor=base, peer=peer, goal=goal))
        name = f"run.log of 2 values {label}"
        rows.append(row(name, count, "us", double[index], floor=base))
    return rows


if __name__ == "__main__":
    main(measure)
