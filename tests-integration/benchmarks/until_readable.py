"""Points per second from the first call until another process has read them all."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _timing import emit

COUNT = 200_000
READER = """
import sys
from contexta import Contexta
for line in sys.stdin:
    with Contexta(workspace=line.strip(), read_only=True) as ctx:
        table = ctx.record_store.arrow("metric", columns=["value"])
        print(table.num_rows, flush=True)
"""


def contexta(folder: Path, count: int) -> float:
    """Log ``count`` points; a reader that is already running reads them while the run is open."""
    from contexta import Contexta

    reader = subprocess.Popen(
        [sys.executable, "-c", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def read() -> int:
        reader.stdin.write(f"{folder / '.contexta'}\n")
        reader.stdin.flush()
        return int(reader.stdout.readline())

    with Contexta(workspace=folder / ".contexta") as ctx, ctx.run("bench") as run:
        run.metric("loss", 0.0, step=0)
        read()  # imports are not part of the figure
        started = time.perf_counter()
        for step in range(1, count):
            run.metric("loss", 1 / step, step=step)
        seen = read()
        spent = time.perf_counter() - started
    reader.stdin.close()
    reader.wait()
    if seen != count:
        sys.exit(f"expected {count} readable points, found {seen}")
    return count / spent


def trackio(folder: Path, count: int) -> float:
    """Log ``count`` points and wait until the peer's database holds them all."""
    os.environ.update(
        TRACKIO_DIR=str(folder / "trackio"), GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1"
    )
    import trackio as peer

    sys.stdout = sys.stderr
    peer.init(project="bench", name="bench")
    started = time.perf_counter()
    for step in range(count):
        peer.log({"loss": 1 / (step + 1)}, step=step)
    peer.finish()
    spent = time.perf_counter() - started
    sys.stdout = sys.__stdout__
    with sqlite3.connect(folder / "trackio" / "bench.db") as db:
        (seen,) = db.execute("select count(*) from metrics").fetchone()
    if seen != count:
        sys.exit(f"expected {count} rows of the peer, found {seen}")
    return count / spent


def text_floor(folder: Path, count: int) -> float:
    """Write one JSON line a point through one open file, then parse them: the simplest log."""
    path = folder / "floor.jsonl"
    started = time.perf_counter()
    with path.open("w") as file:
        for step in range(count):
            file.write(json.dumps({"loss": 1 / (step + 1), "step": step}) + "\n")
    points = [json.loads(line) for line in path.open()]
    return len(points) / (time.perf_counter() - started)


def main() -> None:
    """Measure the floor, ours and the peer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = text_floor(folder, COUNT)
        measured = {
            "buffered JSON lines, written and parsed (floor)": floor,
            "run.metric until another process has read all": contexta(folder, COUNT),
            "trackio.log until its database holds all": trackio(folder, COUNT // 4),
        }
    emit(
        [
            {"what": what, "value": v, "unit": "points/s", "ratio": v / floor, "to": "floor"}
            for what, v in measured.items()
        ]
    )


if __name__ == "__main__":
    main()
