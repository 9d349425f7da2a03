"""What the measuring scripts share: options, repeats in turn, fresh processes, rows.

A script defines ``measure(options)`` and ends with ``main(measure)``. It can be run alone:
``python one_series.py --quick``. Rows are plain dictionaries, see `row`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "BENCH_FOLDER"
#: A peer must not phone home, and must not start what a measurement does not ask for.
PEER_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "TRACKIO_SHOW_DASHBOARD": "0",
}


@dataclass(frozen=True)
class Options:
    """How much to measure, and where; stores built in `folder` serve all scripts of one run."""

    quick: bool
    folder: Path

    def pick(self, quick: Any, full: Any) -> Any:
        """Return the value for the chosen mode."""
        return quick if self.quick else full

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder that is removed afterwards."""
        path = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.folder))
        try:
            yield path
        finally:
            shutil.rmtree(path)


def row(
    work: str,
    size: int,
    unit: str,
    ours: float,
    *,
    floor: tuple[str, float] | None = None,
    peer: tuple[str, float] | None = None,
    goal: tuple[str, float] | None = None,
    note: str = "",
) -> dict:
    """Return one figure beside its floor, its peer and its goal, all in `unit`.

    `goal` is ("<=", limit) or (">=", limit). Sizes of one work give its slope later.
    """
    return {
        "work": work,
        "size": size,
        "unit": unit,
        "ours": ours,
        "floor": None if floor is None else {"name": floor[0], "value": floor[1]},
        "peer": None if peer is None else {"name": peer[0], "value": peer[1]},
        "goal": None if goal is None else {"sign": goal[0], "limit": goal[1]},
        "note": note,
    }


def in_turn(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, Any]:
    """Call each in turn, `repeats` rounds, and return the median of what each returned.

    The order rotates, so that noise of the machine and the place in the round hit all alike.
    A call returns a number, or a list of numbers of which each gets its median.
    """
    names = list(calls)
    found: dict[str, list[Any]] = {name: [] for name in names}
    for turn in range(repeats):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            found[name].append(calls[name]())
    return {name: _median(values) for name, values in found.items()}


def _median(values: list[Any]) -> Any:
    if isinstance(values[0], list):
        return [statistics.median(column) for column in zip(*values, strict=True)]
    return statistics.median(values)


def seconds(call: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def median_ms(call: Callable[[], object], count: int) -> float:
    """Return the median of `count` calls in milliseconds, after one that warms."""
    call()
    return statistics.median(seconds(call) for _ in range(count)) * 1e3


def call_us(call: Callable[[int], object], steps: range) -> list[int]:
    """Return the nanoseconds of each single call, the clock's own cost included."""
    clock = time.perf_counter_ns
    spent = [0] * len(steps)
    for index, step in enumerate(steps):
        before = clock()
        call(step)
        spent[index] = clock() - before
    return spent


def percentile(values: list[int], percent: float) -> float:
    """Return a percentile of nanoseconds, in microseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / 1e3


def clean_environment() -> dict[str, str]:
    """Return the environment of a measured process: bytecode is cached as on any machine."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **PEER_ENVIRONMENT}


def fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function of a script in a new interpreter and return its JSON-ready result.

    What it prints is dropped, unless it fails.
    """
    module = Path(function.__code__.co_filename).stem
    done = subprocess.run(
        [sys.executable, __file__, module, function.__name__, json.dumps(arguments, default=str)],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    if done.returncode:
        sys.exit(f"{function.__name__}{arguments} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _called(module: str, function: str, arguments: str) -> None:
    """Be the new interpreter of `fresh`."""
    result = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    print("\n" + json.dumps(result), flush=True)


def peak_rss_mib() -> float:
    """Return the largest resident size of this process so far.

    Not `ru_maxrss`: a child inherits that of the parent that it was started by.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM; memory can be measured on Linux only")


def tree_bytes(folder: Path, pattern: str = "*") -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def drop_from_cache(folder: Path) -> None:
    """Ask the system to forget the cached pages of a file, or of all files below a folder."""
    for path in (folder, *folder.rglob("*")):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def has(module: str) -> bool:
    """Tell whether a peer is installed."""
    return importlib.util.find_spec(module) is not None


def main(measure: Callable[[Options], list[dict]]) -> None:
    """Run a script: alone it prints a table, under run.py its rows."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, seconds")
    parser.add_argument("--json", action="store_true", help="print rows as JSON on one line")
    given = parser.parse_args()
    os.environ.update(PEER_ENVIRONMENT)
    folder = os.environ.get(FOLDER_VARIABLE)
    own = Path(folder or tempfile.mkdtemp(prefix="contexta-bench-"))
    try:
        rows = measure(Options(given.quick, own))
    finally:
        if folder is None:
            shutil.rmtree(own)
    if given.json:
        print("\n" + json.dumps(rows))
        return
    from _report import as_table

    print(as_table(rows))


if __name__ == "__main__":
    _called(*sys.argv[1:])
