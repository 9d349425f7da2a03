"""A power cut at any moment keeps what was confirmed to be on disk."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from _disk import Disk, states
from _scenarios import SCENARIOS, UNSYNCED
from _strace import Call, changes, is_available, record
from _work_records import opened, values_in

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
WORKER = str(Path(__file__).with_name("_worker.py"))


def said_until(calls: list[Call], position: int) -> list[tuple[float, str]]:
    """Return what was confirmed, and when, before a call."""
    return [
        (call.at, call.texts[0].decode().rstrip("\n"))
        for call in calls[: position + 1]
        if call.name == "writev" and call.descriptor == 1
    ]


@pytest.mark.parametrize("kind", ["ext4", "posix"])
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in UNSYNCED])
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


@pytest.mark.parametrize("kind", ["ext4", "posix"])
def test_power_cut_takes_only_the_last_moments(tmp_path, kind, cuts):
    """Without fsync what was confirmed since the last sync may be gone, and nothing before it."""
    scenario = SCENARIOS["append-long"]()
    base = tmp_path / "base"
    base.mkdir()
    scenario.prepare(base)
    work = tmp_path / "work"
    shutil.copytree(base, work)
    disk = Disk(work)
    program = [WORKER, "append-long", str(work)]
    calls = list(record(program, tmp_path / "trace", stdout=subprocess.PIPE))
    rng = random.Random(13)
    points = changes(calls, work)
    early, ages = [], [0.0]
    for position, call in states(calls, disk, set(rng.sample(points, min(cuts, len(points))))):
        folder = tmp_path / f"cut-{position}"
        disk.after_cut(rng, kind, folder)
        with opened(folder) as store:
            store.recover_dead_writers()
            present = set(values_in(store))
        lost = [(at, text) for at, text in said_until(calls, position) if int(text) not in present]
        ages += [call.at - at for at, _ in lost]
        synced = last_sync_but_one(calls, position)
        early += [f"after {position} {call.name}: {text}" for at, text in lost if at < synced]
        shutil.rmtree(folder)
    print(f"flushed {kind}: oldest lost {max(ages) * 1000:.0f} ms before the cut")

    assert [] == early


def last_sync_but_one(calls: list[Call], position: int) -> float:
    """Return when the last sync but one of a segment ended: the last one began after that."""
    synced = [
        call.at
        for call in calls[: position + 1]
        if call.name == "fdatasync" and call.places[0].endswith(".seg")
    ]
    return synced[-2] if len(synced) > 1 else 0.0
