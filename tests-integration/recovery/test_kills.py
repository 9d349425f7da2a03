"""A kill leaves source, target and older backups each as before or complete; again succeeds."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from _forking import Forking, copied, forking, points_of
from _strace import is_available
from _works import WORKS, possible

NEEDS_STRACE = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")


@pytest.fixture(params=WORKS, scope="module")
def name(request):
    possible(request.param)
    return request.param


@pytest.fixture(scope="module")
def base(name, tmp_path_factory) -> Path:
    """What the work begins from; never changed."""
    folder = tmp_path_factory.mktemp("base")
    WORKS[name].prepare(folder)
    return folder


def judged(name: str, folder: Path, base: Path, when: str) -> list[str]:
    """Return what is wrong with what a kill left, and with the call after it."""
    work = WORKS[name]
    found = [f"{when}: {problem}" for problem in work.problems(folder, base)]
    return found + [f"{when}, again: {problem}" for problem in work.again(folder, base)]


def test_kill_at_random_instants(tmp_path, name, base, kills):
    """The moment is drawn from the whole time that the work takes."""
    rng = random.Random(20260102)
    outcomes: Counter[str] = Counter()
    found: list[str] = []
    with forking(tmp_path) as process:
        process.run(name, copied(base, tmp_path / "work"))  # imports what comes late
        runs = [process.run(name, copied(base, tmp_path / "work")) for _ in range(2)]
        assert [(0, "")] * 2 == [ended for ended, _ in runs]
        seconds = min(spent for _, spent in runs)
        assert [] == judged(name, tmp_path / "work", base, "without a kill")
        for _ in range(4 * kills):  # some are done before the kill comes
            moment = rng.uniform(0, seconds)
            folder = copied(base, tmp_path / "work")
            ended = process.kill_after(moment, name, folder)
            outcomes["killed" if ended.code == -9 else f"done {ended.code}"] += 1
            if ended.code:
                found += judged(name, folder, base, f"{moment:.4f} s of {seconds:.4f}")
            if outcomes["killed"] == kills:
                break
    print(f"{name}: random kills in {seconds:.3f} s {dict(outcomes)} problems={len(found)}")

    assert [] == found


@NEEDS_STRACE
def test_kill_at_boundaries(tmp_path, name, base, kills, all_boundaries):
    """The kill comes when the work enters a call that changes a file."""
    outcomes: Counter[str] = Counter()
    found: list[str] = []
    with forking(tmp_path) as process:
        points = boundaries_of(process, name, base, tmp_path)
        chosen = points if all_boundaries else _spread(points, kills)
        for point in chosen:
            folder = copied(base, tmp_path / "work")
            ended = process.kill_at(point, name, folder)
            outcomes["killed" if ended.code == -9 else f"done {ended.code}"] += 1
            found += judged(name, folder, base, f"{point[0]} {point[1]}")
    print(f"{name}: boundaries={len(points)} kills={dict(outcomes)} problems={len(found)}")

    assert [] == found
    assert outcomes["killed"] >= len(chosen) // 2


def boundaries_of(process: Forking, name: str, base: Path, scratch: Path) -> list[tuple[str, int]]:
    """Return each changing call of the work, as it goes once everything is imported."""
    process.run(name, copied(base, scratch / "work"))
    calls = process.calls(name, copied(base, scratch / "work"), scratch / "trace")
    points = points_of(calls, scratch / "work")
    assert points
    return points


def _spread(points: list[tuple[str, int]], count: int) -> list[tuple[str, int]]:
    chosen = random.Random(7).sample(range(len(points)), min(count, len(points)))
    return [points[position] for position in sorted(chosen)]
