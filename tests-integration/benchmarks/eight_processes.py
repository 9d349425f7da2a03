"""Eight processes write to one workspace at once: seconds until all is acknowledged, and loss."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _harness import Options, fresh, has, in_turn, main, row

PROCESSES = 8
FLOOR = "os.write to a file each"
TENSORBOARD = "tensorboardX, an event file each"
TRACKIO = "trackio, one project"


def contexta_writer(folder: str, share: int) -> None:
    """Log a share of the points in a run of its own."""
    from contexta import Contexta

    with Contexta(workspace=folder) as ctx:
        with ctx.run("warm"):  # its end waits until the environment is captured
            pass
        with ctx.run("bench") as run:
            metric = run.metric
            ready()()
            for step in range(share):
                metric("loss", 0.5 + step, step=step)
            ctx.flush()
            finished()


def file_writer(folder: str, share: int) -> None:
    """Write frames of as many bytes, synced once at the end."""
    path = Path(folder) / f"floor-{os.getpid()}"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    ready()()
    for _ in range(share):
        os.write(descriptor, b"x" * 56)
    os.fsync(descriptor)
    finished()
    os.close(descriptor)


def tensorboard_writer(folder: str, share: int) -> None:
    """Write events to a folder of its own."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(Path(folder) / str(os.getpid())))
    ready()()
    for step in range(share):
        writer.add_scalar("loss", 0.5 + step, step)
    writer.close()
    finished()


def trackio_writer(folder: str, share: int) -> None:
    """Log to one project of the peer, and wait until it has written."""
    os.environ["TRACKIO_DIR"] = folder
    import trackio as peer

    sys.stdout = sys.stderr
    peer.init(project="bench", name=f"run-{os.getpid()}")
    ready()()
    for step in range(share):
        peer.log({"loss": 0.5 + step}, step=step)
    peer.finish()
    finished()


def ready() -> Callable[[], Any]:
    """Say that imports and opening are over; return what waits for the others."""
    _SHARED["ready"].put(None)
    return _SHARED["go"].wait


def finished() -> None:
    """Say that all points of this process are acknowledged."""
    _SHARED["done"].put(time.monotonic())


_SHARED: dict[str, Any] = {}


def _work(kind: str, folder: str, share: int, shared: dict[str, Any]) -> None:
    _SHARED.update(shared)
    globals()[f"{kind}_writer"](folder, share)


def together(kind: str, folder: str, count: int) -> list[float]:
    """Start eight writers, let them go at once: seconds until the last one is done, and loss."""
    context = multiprocessing.get_context("spawn")
    shared = {"ready": context.Queue(), "done": context.Queue(), "go": context.Event()}
    share = count // PROCESSES
    workers = [
        context.Process(target=_work, args=(kind, folder, share, shared)) for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        shared["ready"].get(timeout=120)
    started = time.monotonic()
    shared["go"].set()
    ends = [shared["done"].get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    if failed := [worker.exitcode for worker in workers if worker.exitcode]:
        sys.exit(f"writers of {kind} failed: {failed}")
    lost = share * PROCESSES - COUNTERS[kind](Path(folder))
    return [max(ends) - started, lost]


def _contexta_count(folder: Path) -> int:
    from contexta import Contexta

    with Contexta(workspace=folder, read_only=True) as ctx:
        return ctx.record_store.arrow("metric", columns=["value"]).num_rows


def _trackio_count(folder: Path) -> int:
    with sqlite3.connect(folder / "bench.db") as db:
        return db.execute("select count(*) from metrics").fetchone()[0]


def _tensorboard_count(folder: Path) -> int:
    from tensorboardX.proto.event_pb2 import Event

    total = 0
    for path in folder.rglob("events*"):
        data, place = path.read_bytes(), 0
        while place < len(data):  # length, its checksum, the event, its checksum
            length = int.from_bytes(data[place : place + 8], "little")
            event = Event.FromString(data[place + 12 : place + 12 + length])
            total += event.HasField("summary")
            place += 16 + length
    return total


COUNTERS: dict[str, Callable[[Path], int]] = {
    "contexta": _contexta_count,
    "file": lambda folder: sum(p.stat().st_size // 56 for p in folder.glob("floor-*")),
    "tensorboard": _tensorboard_count,
    "trackio": _trackio_count,
}


def measure(options: Options) -> list[dict]:
    """Take turns; the slow peer only at the smaller size."""
    rows: list[dict] = []
    losses: list[dict] = []
    for count in options.pick([16_000], [1_600, 16_000, 160_000]):

        def one(kind: str, count: int = count) -> list[float]:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                return fresh(together, kind, folder, count)

        kinds = ["contexta", "file"]
        kinds += ["tensorboard"] if has("tensorboardX") else []
        slow = 16_000
        kinds += ["trackio"] if has("trackio") and count <= slow else []
        calls = {kind: lambda kind=kind, one=one: one(kind) for kind in kinds}
        found = in_turn(calls, options.pick(1, 5))
        floor = (FLOOR, found["file"][0])
        for kind, name in (("tensorboard", TENSORBOARD), ("trackio", TRACKIO)):
            if kind in found:
                work = f"8 processes, one workspace, beside {kind}"
                given = {"floor": floor, "peer": (name, found[kind][0])}
                goal = ("<=", 0.5) if count == 16_000 else None
                rows.append(row(work, count, "s", found["contexta"][0], goal=goal, **given))
                lost = (name, found[kind][1])
                work = f"8 processes, points lost, beside {kind}"
                goal = ("<=", 0.0)
                losses.append(
                    row(work, count, "points", found["contexta"][1], peer=lost, goal=goal)
                )
    return sorted(rows + losses, key=lambda one: one["work"])


if __name__ == "__main__":
    main(measure)
