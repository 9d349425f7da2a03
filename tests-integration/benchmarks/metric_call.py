"""One acknowledged metric call, beside a bare os.write of the same bytes and a peer."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from _timing import emit, per_call_us

COUNT = 200_000
FRAME_BYTES = 56


def bare_write(folder: Path) -> tuple[float, float, float]:
    """Write as many bytes as one point takes in a segment, unsynced."""
    descriptor = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    frame = b"x" * FRAME_BYTES
    result = per_call_us(lambda index: os.write(descriptor, frame), COUNT)
    os.close(descriptor)
    return result


def contexta(folder: Path) -> tuple[float, float, float]:
    """Call run.metric in a run; each call returns after its bytes are in the file."""
    from contexta import Contexta

    with Contexta(workspace=folder / ".contexta") as ctx, ctx.run("bench") as run:
        metric = run.metric
        metric("loss", 0.5, step=0)
        return per_call_us(lambda index: metric("loss", 0.5 + index, step=index), COUNT)


def log_two(folder: Path) -> tuple[float, float, float]:
    """Call run.log with two values."""
    from contexta import Contexta

    with Contexta(workspace=folder / ".contexta") as ctx, ctx.run("bench") as run:
        log = run.log
        return per_call_us(
            lambda index: log({"loss": 0.5 + index, "accuracy": 0.1}, step=index), COUNT // 2
        )


def trackio(folder: Path) -> tuple[float, float, float]:
    """Call trackio.log, which acknowledges before anything is written."""
    os.environ.update(
        TRACKIO_DIR=str(folder / "trackio"),
        GRADIO_ANALYTICS_ENABLED="False",
        HF_HUB_OFFLINE="1",
    )
    import trackio as peer

    sys.stdout = sys.stderr
    peer.init(project="bench", name="bench")
    result = per_call_us(lambda index: peer.log({"loss": 0.5 + index}, step=index), COUNT // 4)
    peer.finish()
    sys.stdout = sys.__stdout__
    return result


def main() -> None:
    """Measure all four in one process, floor first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = bare_write(folder)
        measured = {
            f"os.write of {FRAME_BYTES} bytes (floor)": floor,
            "run.metric(key, value, step)": contexta(folder),
            "run.log({2 values}, step)": log_two(folder),
            "trackio.log({1 value}, step), not yet written": trackio(folder),
        }
    rows = []
    for what, numbers in measured.items():
        for label, value, base in zip(("p50", "p99", "mean"), numbers, floor, strict=True):
            row = {"what": f"{what} {label}", "value": value, "unit": "us"}
            rows.append(row | {"ratio": value / base, "to": "floor"})
    emit(rows)


if __name__ == "__main__":
    main()
