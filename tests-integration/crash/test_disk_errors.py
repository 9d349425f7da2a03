"""A disk that refuses, once or for good, is told with our error; what was confirmed stays."""

import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from _scenarios import SCENARIOS
from _strace import boundaries, fail_at, is_available, record
from _worker import REFUSED

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
WORKER = str(Path(__file__).with_name("_worker.py"))
# Python opens files of its own: for good, only calls can fail that it does not need.
FOR_GOOD = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "unlink")


@pytest.mark.parametrize("name", SCENARIOS)
def test_disk_error_at_each_boundary(tmp_path, name, faults, errors):
    """No foreign exception, no hang, nothing confirmed is lost, and work goes on afterwards."""
    scenario = SCENARIOS[name]()
    base = tmp_path / "base"
    base.mkdir()
    scenario.prepare(base)
    traced = tmp_path / "traced"
    shutil.copytree(base, traced)
    calls = list(record([WORKER, name, str(traced)], tmp_path / "trace", stdout=subprocess.PIPE))
    rng = random.Random(5)
    points = boundaries(calls, traced)
    found: list[str] = []
    delivered: Counter[str] = Counter()
    assert points
    for number in range(faults):
        call, ordinal = rng.choice(points)
        error = rng.choice(errors)
        when = f"{ordinal}+" if call in FOR_GOOD and rng.random() < 0.5 else f"{ordinal}"
        folder, out = tmp_path / f"fault-{number}", tmp_path / f"fault-{number}.out"
        shutil.copytree(base, folder)
        with out.open("wb") as stdout, out.with_suffix(".err").open("wb") as stderr:
            program = [WORKER, name, str(folder)]
            code = fail_at(call, when, error, program, stdout=stdout, stderr=stderr, timeout=600)
        delivered[f"{error} {'refused' if code == REFUSED else 'withstood'}"] += 1
        place = f"{error} at {call} {when}"
        if code not in (0, REFUSED):
            found.append(f"{place}: exit {code}: {out.with_suffix('.err').read_text()[-2000:]}")
        problems = list(scenario.problems(folder, out.read_text().split("\n")[:-1]))
        found += [f"{place}: {problem}" for problem in problems]
        shutil.rmtree(folder)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(delivered.items()))
    print(f"{name}: boundaries={len(points)} faults={faults} ({counts}) problems={len(found)}")

    assert [] == found
