"""A power cut leaves what a kill may leave, and keeps what was done when the call returned."""

from __future__ import annotations

import random
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from _disk import Disk, states
from _forking import copied, forking
from _strace import Call, changes, is_available
from _works import WORKS, possible

pytestmark = pytest.mark.skipif(not is_available(), reason="strace is missing or may not trace")
WHOLE_TEXTS = 1 << 24
DRAWS = 12  # of what a disk may have lost: a name that was not synced is there in half of them
# What a restore begins is told by inodes, which a disk that is computed does not keep.
NAMES = [name for name in WORKS if not name.startswith("restore")]


class SharedDisk(Disk):
    """A disk that several threads of the program use at once.

    A number is free for the next thread before the call that closed it returns.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._places: dict[int, str] = {}

    def end_process(self) -> None:
        super().end_process()
        self._places.clear()

    def follow(self, call: Call) -> None:
        if call.name == "close":
            if call.places and self._places.get(call.descriptor) != call.places[0]:
                return
            self._places.pop(call.descriptor, None)
        super().follow(call)
        if call.name == "openat":
            self._places[call.result] = call.places[-1]


@pytest.mark.parametrize("kind", ["ext4", "posix"])
@pytest.mark.parametrize("name", NAMES)
def test_power_cut(tmp_path, name, kind, cuts):
    """At any call, on a disk that commits names in order and on one that need not."""
    work = possible(name)
    base = tmp_path / "base"
    base.mkdir()
    work.prepare(base)
    with forking(tmp_path) as process:
        process.run(name, copied(base, tmp_path / "work"))
        folder = copied(base, tmp_path / "work")
        disk = SharedDisk(folder)
        calls = process.calls(name, folder, tmp_path / "trace", texts=WHOLE_TEXTS)
    rng = random.Random(20260104)
    points = changes(calls, folder)
    last = len(calls) - 1
    wanted = {*rng.sample(points, min(cuts, len(points))), last}
    found: list[str] = []
    left = folder  # at the place of the work: what it noted by absolute paths stays true
    for position, call in states(calls, disk, wanted):
        shutil.rmtree(left)
        disk.after_cut(rng, kind, left)
        keep_times(base, left)
        if position == last and not work.is_done(left, base):
            found.append("what was done is not there")
        found += [f"{position} {call.name}: {problem}" for problem in work.problems(left, base)]
        found += [f"{position} {call.name}, again: {line}" for line in work.again(left, base)]
    print(f"{name} {kind}: changes={len(points)} states={len(wanted)} problems={len(found)}")

    assert [] == found


@pytest.mark.parametrize("name", ["push", "pull", "salvage"])
def test_power_cut_behind_a_second_call(tmp_path, name, cuts):
    """Killed before a new name was on disk, and called again: then what it found there is, too."""
    work = possible(name)
    base = tmp_path / "base"
    base.mkdir()
    work.prepare(base)
    rng = random.Random(20260105)
    folder, trace = tmp_path / "work", tmp_path / "trace"
    found: list[str] = []
    with forking(tmp_path) as process:
        process.run(name, copied(base, folder))
        points = syncs_of_names(process.calls(name, copied(base, folder), trace), folder)
        for point in points[-cuts:]:
            disk = SharedDisk(copied(base, folder))
            for call in process.calls(name, folder, trace, texts=WHOLE_TEXTS, killed_at=point):
                disk.follow(call)
            disk.end_process()
            for call in process.calls(name, folder, trace, texts=WHOLE_TEXTS):
                disk.follow(call)
            for _ in range(DRAWS):
                shutil.rmtree(folder)
                disk.after_cut(rng, "posix", folder)
                if not work.is_done(folder, base):
                    found.append(f"{point}: what was done is not there")
            keep_times(base, folder)
            found += [f"{point}: {problem}" for problem in work.problems(folder, base)]
    print(f"{name}: syncs of names={len(points)} problems={len(found)}")

    assert points
    assert [] == found


def syncs_of_names(calls: list[Call], root: Path) -> list[tuple[str, int]]:
    """Return the syncs that follow a rename at once."""
    own = [calls[position] for position in changes(calls, root)]
    return [
        (call.name, call.ordinal)
        for before, call in pairwise(own)
        if call.name == "fsync" and before.name.startswith("rename")
    ]


def keep_times(base: Path, left: Path) -> None:
    """Give what nobody wrote the times that it had; a disk that is computed has none."""
    for path in base.rglob("*"):
        same = left / path.relative_to(base)
        if path.is_file() and same.is_file() and same.read_bytes() == path.read_bytes():
            shutil.copystat(path, same)
