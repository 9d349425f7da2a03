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
from contexta.store.workspace import open_workspace

WORKER = Path(__file__).with_name("_busy_writer.py")
WRITERS = 4
ROUNDS = int(os.environ.get("CONTEXTA_COPY_ROUNDS", "1"))


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
    """Copy file by file; what vanished is left out."""
    if order == "cp":
        subprocess.run(["cp", "-r", source, target], stderr=subprocess.DEVNULL, check=False)
        return
    names = []
    for folder, folders, files in os.walk(source):
        folders.sort()
        names += [os.path.relpath(os.path.join(folder, name), source) for name in sorted(files)]
        (target / os.path.relpath(folder, source)).mkdir(parents=True, exist_ok=True)
    if order == "reversed":
        names.reverse()
    elif order == "random":
        random.Random(1).shuffle(names)
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(source / name, place)
        except FileNotFoundError:
            place.unlink(missing_ok=True)


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
        while len(busy.confirmed()) < 1000:
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
        while len(busy.confirmed()) < 1000:
            time.sleep(0.05)
        for number in range(3):
            facts = busy.confirmed()
            copy(root, tmp_path / str(number), "alphabetical")
            merge_workspaces(tmp_path / str(number), home)
    finally:
        busy.stop()
    merge_workspaces(root, home)
    wanted, _ = points(root, read_only=True)
    found, _ = points(home, read_only=True)

    assert wanted == found
    assert facts <= busy.confirmed()
