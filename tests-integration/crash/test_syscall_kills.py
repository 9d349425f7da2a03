"""A kill at any call that changes a file leaves the store as it was before or after that call."""

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from _scenarios import SCENARIOS
from _strace import boundaries, is_available, kill_at, record

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
WORKER = str(Path(__file__).with_name("_worker.py"))


def lines_of(path: Path) -> list[str]:
    """Return the whole lines that a killed process printed."""
    return path.read_text().split("\n")[:-1]


@pytest.mark.parametrize("name", SCENARIOS)
def test_kill_at_each_boundary(tmp_path, name, kills):
    """What was confirmed is there once, nothing was invented, the check is silent."""
    scenario = SCENARIOS[name]()
    base = tmp_path / "base"
    base.mkdir()
    scenario.prepare(base)
    traced = tmp_path / "traced"
    shutil.copytree(base, traced)
    calls = list(record([WORKER, name, str(traced)], tmp_path / "trace", stdout=subprocess.PIPE))
    points = boundaries(calls, traced)
    chosen = random.Random(7).sample(points, min(kills, len(points)))
    found, slowest = [], 0.0
    for number, (call, ordinal) in enumerate(chosen):
        folder, printed = tmp_path / f"kill-{number}", tmp_path / f"kill-{number}.out"
        shutil.copytree(base, folder)
        with printed.open("wb") as out:
            kill_at(call, ordinal, [WORKER, name, str(folder)], stdout=out)
        started = time.perf_counter()
        problems = list(scenario.problems(folder, lines_of(printed)))
        slowest = max(slowest, time.perf_counter() - started)
        found += [f"{call} {ordinal}: {problem}" for problem in problems]
        shutil.rmtree(folder)
    print(f"{name}: boundaries={len(points)} kills={len(chosen)} problems={len(found)}")

    assert points
    assert [] == found
