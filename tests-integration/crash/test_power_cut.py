"""A power cut at any moment keeps what was confirmed to be on disk."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from _disk import Disk, states
from _scenarios import SCENARIOS
from _strace import Call, changes, is_available, record

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
WORKER = str(Path(__file__).with_name("_worker.py"))
GROUP_SYNC_SECONDS = 0.05


def said_until(calls: list[Call], position: int) -> list[tuple[float, str]]:
    """Return what was confirmed, and when, before a call."""
    return [
        (call.at, call.texts[0].decode().rstrip("\n"))
        for call in calls[: position + 1]
        if call.name == "writev" and call.descriptor == 1
    ]


@pytest.mark.parametrize("kind", ["ext4", "posix"])
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "append-flushed"])
def test_power_cut(tmp_path, name, kind, cuts):
    """With fsync nothing confirmed is lost, and the check is silent after recovery."""
    scenario = SCENARIOS[name]()
    base = tmp_path / "base"
    base.mkdir()
    scenario.prepare(base)
    work = tmp_path / "work"
    shutil.copytree(base, work)
    disk = Disk(work)
    calls = list(record([WORKER, name, str(work)], tmp_path / "trace", stdout=subprocess.PIPE))
    rng = random.Random(11)
    points = changes(calls, work)
    wanted = set(rng.sample(points, min(cuts, len(points))))
    found = []
    for position, call in states(calls, disk, wanted):
        folder = tmp_path / f"cut-{position}"
        disk.after_cut(rng, kind, folder)
        said = [text for _, text in said_until(calls, position)]
        problems = scenario.problems(folder, said)
        found += [f"after {position} {call.name}: {problem}" for problem in problems]
        shutil.rmtree(folder)
    print(f"{name} {kind}: changes={len(points)} states={len(wanted)} problems={len(found)}")

    assert [] == found
