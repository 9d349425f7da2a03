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

from _harness import Options, clean_environment, fresh, has, in_turn, main, row

FLOOR = "buffered JSON lines, written and parsed"
PEER = "trackio, until its database holds all"
READER = """
import sys
from contexta import Contexta
for line in sys.stdin:
    with Contexta(workspace=line.strip(), read_only=True) as ctx:
        table = ctx.record_store.arrow("metric", columns=["value"])
        print(table.num_rows, flush=True)
"""


def contexta(folder: str, count: int) -> float:
    """Log ``count`` points; a reader that is already running reads them while the run is open."""
    from contexta import Contexta

    workspace = Path(folder) / ".contexta"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )

    def read() -> int:
        reader.stdin.write(f"{workspace}\n")
        reader.stdin.flush()
        return int(reader.stdout.readline())

    with Contexta(workspace=workspace) as ctx, ctx.run("bench") as run:
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


def trackio(folder: str, count: int) -> float:
    """Log ``count`` points and wait until the peer's database holds them all."""
    os.environ["TRACKIO_DIR"] = folder
    import trackio as peer

    peer.init(project="bench", name="bench")
    started = time.perf_counter()
    for step in range(count):
        peer.log({"loss": 1 / (step + 1)}, step=step)
    peer.finish()
    spent = time.perf_counter() - started
    with sqlite3.connect(Path(folder) / "bench.db") as db:
        (seen,) = db.execute("select count(*) from metrics").fetchone()
    if seen != count:
        sys.exit(f"expected {count} rows of the peer, found {seen}")
    return count / spent


def text_floor(folder: str, count: int) -> float:
    """Write one JSON line a point through one open file, then parse them: the simplest log."""
    path = Path(folder) / "floor.jsonl"
    started = time.perf_counter()
    with path.open("w") as file:
        for step in range(count):
            file.write(json.dumps({"loss": 1 / (step + 1), "step": step}) + "\n")
    with path.open() as file:
        points = [json.loads(line) for line in file]
    return len(points) / (time.perf_counter() - started)


def measure(options: Options) -> list[dict]:
    """Measure the floor, ours and the peer at each size; the peer not beyond 100,000."""

    def one(function: object, count: int) -> float:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            return fresh(function, folder, count)

    rows = []
    for size in options.pick([10_000, 100_000], [10_000, 100_000, 1_000_000]):
        calls = {
            "ours": lambda size=size: one(contexta, size),
            FLOOR: lambda size=size: one(text_floor, size),
        }
        if has("trackio") and size <= options.pick(10_000, 100_000):
            calls[PEER] = lambda size=size: one(trackio, size)
        found = in_turn(calls, options.pick(1, 5))
        floor, goal = (FLOOR, found[FLOOR]), (">=", 100_000)
        peer = (PEER, found[PEER]) if PEER in found else None
        name = "points until another process has read all"
        rows.append(row(name, size, "points/s", found["ours"], floor=floor, peer=peer, goal=goal))
    return rows


if __name__ == "__main__":
    main(measure)
