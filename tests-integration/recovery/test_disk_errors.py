"""A disk that is full, refuses or fails is told with our error, and leaves everything whole."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from _forking import copied, forking, points_of
from _strace import is_available
from _works import WORKS, possible

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
ERRORS = ("ENOSPC", "EACCES", "EIO")
REFUSED = 3
# Python opens files of its own: for good, only calls can fail that it does not need.
FOR_GOOD = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "unlink")


@pytest.mark.parametrize("name", WORKS)
def test_disk_error_at_boundaries(tmp_path, name, kills, all_boundaries):
    """Source, target and older backups are whole after the refusal, and again succeeds."""
    work = possible(name)
    base = tmp_path / "base"
    base.mkdir()
    work.prepare(base)
    rng = random.Random(20260103)
    outcomes: Counter[str] = Counter()
    found: list[str] = []
    with forking(tmp_path) as process:
        process.run(name, copied(base, tmp_path / "work"))
        calls = process.calls(name, copied(base, tmp_path / "work"), tmp_path / "trace")
        points = points_of(calls, tmp_path / "work")
        chosen = points if all_boundaries else rng.sample(points, min(kills, len(points)))
        for call, ordinal in chosen:
            error = rng.choice(ERRORS)
            when = f"{ordinal}+" if call in FOR_GOOD and rng.random() < 0.5 else f"{ordinal}"
            folder = copied(base, tmp_path / "work")
            ended = process.fail_at(call, when, error, name, folder)
            outcomes[f"{error} {'refused' if ended.code == REFUSED else ended.code}"] += 1
            place = f"{error} at {call} {when}"
            found += wrong(name, ended.code, ended.said, place)
            found += [f"{place}: {problem}" for problem in work.problems(folder, base)]
            found += [f"{place}, again: {problem}" for problem in work.again(folder, base)]
    print(f"{name}: boundaries={len(points)} {dict(sorted(outcomes.items()))} wrong={len(found)}")

    assert points
    assert [] == found


def wrong(name: str, code: int, said: str, place: str) -> list[str]:
    """Return what is wrong with how a piece of work ended."""
    if code not in (0, REFUSED):
        return [f"{place}: {name} ended with {code}: {said[-2000:]}"]
    known = ("BackupError recovery_", "RestoreError recovery_")
    if code == REFUSED and not said.startswith(known):
        return [f"{place}: {name} said {said[:500]}"]
    return []
