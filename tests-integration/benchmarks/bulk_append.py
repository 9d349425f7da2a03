"""Many points of one series at once, from NumPy arrays: speed, bytes on disk, memory."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _harness import Options, fresh, has, in_turn, main, peak_rss_mib, row, tree_bytes

FLOOR_FILE = "numpy.save and fsync"
FLOOR_PARQUET = "one Parquet write and fsync"
PEER = "tensorboardX add_scalar"


def points(count: int) -> tuple[Any, Any, Any]:
    """Return values, steps and times of a series."""
    import numpy as np

    steps = np.arange(count)
    values = np.random.default_rng(0).standard_normal(count)
    return values, steps, steps * 1_000 + 1_767_225_600_000_000


def ours(folder: str, count: int) -> list[float]:
    """Append, which returns when the points are on disk; then seal into Parquet."""
    from contexta.store.records import RecordStore, RecordStoreConfig

    values, steps, times = points(count)
    with RecordStore(RecordStoreConfig(folder)) as store:
        store.append_metrics("run:bench.r", "warm", [1.0])
        store.seal()  # imports are not part of the figure
        before = tree_bytes(Path(folder), "*.parquet")
        started = time.perf_counter()
        receipt = store.append_metrics(
            "run:bench.r", "loss", values, steps=steps, observed_at=times
        )
        acknowledged = time.perf_counter()
        store.seal()
        sealed = time.perf_counter()
    if receipt.accepted_count != count:
        sys.exit(f"{receipt.accepted_count} of {count} points were accepted")
    size = tree_bytes(Path(folder), "*.parquet") - before
    rates = [count / (end - started) for end in (acknowledged, sealed)]
    return [*rates, size / count, peak_rss_mib()]


def numpy_file(folder: str, count: int) -> list[float]:
    """Write the three arrays as one file."""
    import numpy as np

    arrays = np.rec.fromarrays(points(count))
    path = Path(folder) / "floor.npy"
    started = time.perf_counter()
    with path.open("wb") as file:
        np.save(file, arrays)
        file.flush()
        os.fsync(file.fileno())
    return [count / (time.perf_counter() - started), path.stat().st_size / count, peak_rss_mib()]


def parquet_file(folder: str, count: int) -> list[float]:
    """Write the three columns with the encodings that the store uses."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    values, steps, times = points(count)
    path = Path(folder) / "floor.parquet"
    encodings = {"value": "PLAIN", "step": "DELTA_BINARY_PACKED", "at": "DELTA_BINARY_PACKED"}
    started = time.perf_counter()
    instants = pa.array(times).cast(pa.timestamp("us", tz="UTC"))
    table = pa.table({"value": values, "step": steps, "at": instants})
    options = {"compression": "zstd", "use_dictionary": False, "column_encoding": encodings}
    with path.open("wb") as file:
        pq.write_table(table, file, **options)
        file.flush()
        os.fsync(file.fileno())
    return [count / (time.perf_counter() - started), path.stat().st_size / count, peak_rss_mib()]


def tensorboard(folder: str, count: int) -> list[float]:
    """Write one event a point; there is no bulk call."""
    from tensorboardX import SummaryWriter

    values, _, _ = points(count)
    started = time.perf_counter()
    writer = SummaryWriter(folder)
    for step, number in enumerate(values.tolist()):
        writer.add_scalar("loss", number, step)
    writer.close()
    spent = time.perf_counter() - started
    return [count / spent, tree_bytes(Path(folder)) / count, peak_rss_mib()]


def measure(options: Options) -> list[dict]:
    """Take turns at each size; the peer not beyond 100,000 points."""
    works: dict[str, list[dict]] = {}
    for size in options.pick([10_000, 100_000], [10_000, 100_000, 1_000_000]):

        def one(function: object, size: int = size) -> list[float]:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                return fresh(function, folder, size)

        calls = {f.__name__: lambda f=f, one=one: one(f) for f in (ours, numpy_file, parquet_file)}
        if has("tensorboardX") and size <= options.pick(10_000, 100_000):
            calls["peer"] = lambda one=one: one(tensorboard)
        found = in_turn(calls, options.pick(1, 5))
        rate, sealed, disk, memory = found["ours"]
        plain, parquet = found["numpy_file"], found["parquet_file"]
        peer = found.get("peer")

        def beside(index: int, peer: list[float] | None = peer) -> tuple[str, float] | None:
            return None if peer is None else (PEER, peer[index])

        large = size == 1_000_000
        for name, unit, number, floor, index, goal in (
            ("acknowledged", "points/s", rate, (FLOOR_FILE, plain[0]), 0, (">=", 1e6)),
            ("sealed", "points/s", sealed, (FLOOR_PARQUET, parquet[0]), 0, None),
            ("on disk", "bytes/point", disk, (FLOOR_PARQUET, parquet[1]), 1, ("<=", 9.0)),
            ("peak RSS", "MiB", memory, (FLOOR_PARQUET, parquet[2]), 2, ("<=", 250.0)),
        ):
            work = f"bulk append of points, {name}"
            given = {"floor": floor, "peer": beside(index), "goal": goal if large else None}
            works.setdefault(name, []).append(row(work, size, unit, number, **given))
    return [one for same in works.values() for one in same]


if __name__ == "__main__":
    main(measure)
