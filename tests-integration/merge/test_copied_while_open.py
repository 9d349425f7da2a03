"""A workspace that is copied file by file while processes write to it is readable and whole.

The copy takes files one after the other, as `cp -r` and rsync do, in any order: so it has files
of different moments, and whatever vanished in between it does not have.
"""

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from contexta.contract.errors import ContextaError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.merge import merge_workspaces
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.records._layout import Layout
from contexta.store.records._parts_log import read_log
from contexta.store.workspace import open_workspace

WORKER = Path(__file__).with_name("_busy_writer.py")
WRITERS = 4
MOST_PASSES = 40
ROUNDS = int(os.environ.get("COPY_ROUNDS", "1"))


class Busy:
    """Processes at work, and what they have confirmed so far."""

    def __init__(self, root):
        self.facts = set()
        self._lock = threading.Lock()
        self.processes = []
        roles = [(str(number), "write") for number in range(WRITERS)] + [("c", "compact")]
        for number, role in roles:
            command = [sys.executable, str(WORKER), str(root), number, role]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self.processes.append(process)
            threading.Thread(target=self._listen, args=(process,), daemon=True).start()

    def _listen(self, process):
        for line in process.stdout:
            with self._lock:
                self.facts.add(line.strip())

    def confirmed(self):
        with self._lock:
            return set(self.facts)

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            process.stdout.close()


def copy(source, target, order):
    """Copy until nothing vanishes meanwhile and the copy has every part that its log names.

    A tool that lists first and copies then cannot have what appears in between. It tells when a
    file vanishes (rsync ends with 24, cp with 1); then, or when `damage()` of the copy names a
    missing part, it is to be run again.
    """
    for _ in range(MOST_PASSES):
        if one_pass(source, target, order) and has_all_parts(target):
            return
    raise AssertionError("the copy never became complete")


def has_all_parts(root):
    layout = Layout(root / "records")
    return all((layout.root / path).exists() for path in read_log(layout).parts)


def one_pass(source, target, order):
    """Copy file by file; return whether everything that was listed was there."""
    if order == "cp":
        target.mkdir(exist_ok=True)
        command = ["cp", "-r", f"{source}/.", target]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    names = []
    for folder, folders, files in os.walk(source):
        folders.sort()
        (target / os.path.relpath(folder, source)).mkdir(parents=True, exist_ok=True)
        names += [os.path.relpath(os.path.join(folder, name), source) for name in sorted(files)]
    if order == "reversed":
        names.reverse()
    elif order == "random":
        random.Random(1).shuffle(names)
    all_there = True
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, place)
        except FileNotFoundError:
            place.unlink(missing_ok=True)
            all_there = False
    return all_there


def points(root, *, read_only):
    with RecordStore(RecordStoreConfig(root / "records", read_only=read_only)) as store:
        if not read_only:
            store.seal()
        table = store.arrow("metric", columns=["run_ref", "step"])
        found = Counter((row["run_ref"], row["step"]) for row in table.to_pylist())
        return found, [gap.code for gap in store.damage()]


def lost_of(facts, root):
    """What was confirmed before the copy began and is not in it, and what is there twice."""
    wanted = {(words[1], int(words[2])) for words in map(str.split, facts) if words[0] == "point"}
    lost, twice, problems = [], [], []
    for read_only in (True, False):
        try:
            found, codes = points(root, read_only=read_only)
        except ContextaError as error:
            problems.append(str(error))
            continue
        lost += sorted(wanted - found.keys())
        twice += [key for key, count in found.items() if count > 1]
        problems += sorted({*codes} - {"truncated_line"})
    runs = {fact.split()[1] for fact in facts if fact.startswith("run ")}
    for read_only in (True, False):
        path = root / "metadata" / "ledger.sqlite"
        try:
            with MetadataStore(
                MetadataStoreConfig(database_path=path, read_only=read_only)
            ) as store:
                known = {run.run_ref.text for run in store.runs.list_runs()}
                problems += [str(row) for row in store.damage()]
        except ContextaError as error:
            problems.append(str(error))
            continue
        lost += sorted(runs - known)
    artifacts = ArtifactStore(VaultConfig(root_path=root / "artifacts", read_only=True))
    for fact in facts:
        if fact.startswith("artifact "):
            artifacts.read_artifact_bytes(fact.split()[1])
    artifacts.close()
    return lost, twice, problems


@pytest.mark.parametrize("order", ["alphabetical", "reversed", "random", "cp"])
def test_a_copy_of_a_busy_workspace_has_what_was_confirmed(tmp_path, order):
    """Everything confirmed before the copy began is there once; at most tails are torn."""
    root = tmp_path / "busy"
    open_workspace(root, create=True)
    busy = Busy(root)
    wrong = {}
    try:
        while len(busy.confirmed()) < 400:
            time.sleep(0.05)
        for number in range(ROUNDS):
            facts = busy.confirmed()
            target = tmp_path / f"copy-{number}"
            copy(root, target, order)
            outcome = lost_of(facts, target)
            if any(outcome):
                wrong[number] = [part[:5] for part in outcome]
            shutil.rmtree(target)
            time.sleep(0.1)
    finally:
        busy.stop()

    assert {} == wrong


def test_copies_of_a_busy_workspace_merge(tmp_path):
    """Copies taken one after the other merge into one home, each bringing what is new."""
    root, home = tmp_path / "busy", tmp_path / "home"
    open_workspace(root, create=True)
    busy = Busy(root)
    try:
        while len(busy.confirmed()) < 400:
            time.sleep(0.05)
        for number in range(3):
            one_pass(root, tmp_path / str(number), "alphabetical")
            merge_workspaces(tmp_path / str(number), home)
    finally:
        busy.stop()
    merge_workspaces(root, home)
    wanted, _ = points(root, read_only=True)
    found, codes = points(home, read_only=True)

    assert wanted == found
    assert [] == codes
    assert max(found.values()) == 1
