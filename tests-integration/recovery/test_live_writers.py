"""A backup beside eight writing processes holds all that was confirmed before it began."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _backup_forms import ALL, CAN_SEAL, NEEDS_CRYPTOGRAPHY, restore, verify
from _rich_workspace import issues, planes, settings

from contexta.store.records import ScanFilter
from contexta.store.workspace import open_workspace

SCRIPT = str(Path(__file__).with_name("_busy_process.py"))
ROLES = ("append", "append", "append", "append", "seal", "seal", "compact", "erase")


class Writers:
    """The processes, and the facts that they have confirmed so far."""

    def __init__(self, root: Path) -> None:
        self.facts: set[tuple[str, ...]] = set()
        self._rest: dict[int, bytes] = {}
        self.processes = [
            subprocess.Popen(
                [sys.executable, SCRIPT, str(root), str(number), role], stdout=subprocess.PIPE
            )
            for number, role in enumerate(ROLES)
        ]
        for process in self.processes:
            os.set_blocking(process.stdout.fileno(), False)

    def listen(self) -> None:
        """Take in what is in the pipes now."""
        for number, process in enumerate(self.processes):
            while True:
                try:
                    more = os.read(process.stdout.fileno(), 1 << 16)
                except BlockingIOError:
                    break
                if not more:
                    break
                *lines, rest = (self._rest.get(number, b"") + more).split(b"\n")
                self._rest[number] = rest
                self.facts.update(tuple(line.decode().split(" ")) for line in lines)

    def listen_for(self, seconds: float) -> None:
        """Take in what comes; pipes that nobody empties would stop the writers."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.listen()
            time.sleep(0.01)

    def assert_alive(self) -> None:
        assert [None] * len(ROLES) == [process.poll() for process in self.processes]


@contextmanager
def writing(root: Path) -> Iterator[Writers]:
    writers = Writers(root)
    try:
        yield writers
    finally:
        for process in writers.processes:
            process.kill()
            process.wait()
            process.stdout.close()


def missing(root: Path, facts: set[tuple[str, ...]], later: set[tuple[str, ...]]) -> Iterator[str]:
    """Name each confirmed fact that a workspace does not hold.

    Args:
        root: The workspace.
        facts: What was confirmed before the backup.
        later: What was confirmed when it was done: what was erased meanwhile may be in it, or not.
    """
    erased = {ref for kind, ref, *_ in facts if kind == "erased"}
    erasing = {ref for kind, ref, *_ in later if kind == "erasing"}
    with planes(root, read_only=True) as stores:
        runs = {run.run_ref.text for run in stores.metadata.runs.list_runs()}
        artifacts = {str(ref) for ref in stores.artifacts.list_refs()}
        stored = [
            (item.run_ref, str(item.record.payload.step))
            for item in stores.records.scan(ScanFilter(record_type="metric"))
        ]
    points = set(stored)
    if len(points) != len(stored):
        yield f"{len(stored) - len(points)} points twice"
    for kind, ref, *step in facts:
        if kind == "run" and ref not in runs:
            yield f"run {ref}"
        if kind == "artifact" and ref not in artifacts:
            yield f"artifact {ref}"
        if kind == "point" and ref not in erasing and (ref, *step) not in points:
            yield f"point {ref} {step}"
    for ref in erased & {run for run, _ in points}:
        yield f"erased, and back again: {ref}"


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_a_backup_beside_writers_restores_whole(tmp_path, form, writing_seconds):
    """Some append, seal, compact and erase while the files are copied, three times."""
    if form.is_sealed and not CAN_SEAL:
        pytest.skip(NEEDS_CRYPTOGRAPHY)
    root = tmp_path / "home" / ".contexta"
    open_workspace(root, create=True)
    config = form.configure(settings(root, backup_root=tmp_path / "backups"), tmp_path)
    taken: list[tuple[str, set[tuple[str, ...]], set[tuple[str, ...]]]] = []
    with writing(root) as writers:
        while len({fact[1] for fact in writers.facts if fact[0] == "artifact"}) < len(ROLES):
            writers.listen_for(0.1)
            writers.assert_alive()
        for _ in range(3):
            writers.listen_for(writing_seconds / 3)
            before = set(writers.facts)
            result = form.back_up(config)
            assert ("SUCCESS", ()) == (result.status, result.warnings)
            writers.listen()
            taken.append((result.backup_ref, before, set(writers.facts)))
        writers.assert_alive()
    found: list[str] = []
    for number, (ref, facts, later) in enumerate(taken):
        target = tmp_path / f"restored-{number}"
        assert verify(config, ref).status == "SUCCESS"
        assert restore(config, ref, target).status == "SUCCESS"
        found += [f"{ref}: {line}" for line in (*missing(target, facts, later), *issues(target))]
    kinds = [dict(sorted(Counter(fact[0] for fact in facts).items())) for _, facts, _ in taken]
    print(f"{form.name}: confirmed before each backup {kinds}, wrong {len(found)}")

    assert [] == found
