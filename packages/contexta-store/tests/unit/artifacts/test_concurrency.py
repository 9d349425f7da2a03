"""Races and killed writers."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from contexta.contract.errors import ConflictError

REF = "artifact:p.r.m"

# Two forked writers put different bytes under one ref, forty times.
RACE = """
import os, sys
from contexta.contract import ArtifactManifest
from contexta.contract.errors import ConflictError
from contexta.store.artifacts import ArtifactStore, VaultConfig

def put(n, who):
    store = ArtifactStore(VaultConfig(root_path=sys.argv[1]))
    source = os.path.join(sys.argv[2], f"{n}-{who}")
    with open(source, "w") as file:
        file.write(f"{n}-{who}")
    manifest = ArtifactManifest(
        artifact_ref=f"artifact:p.r.n{n}", artifact_kind="checkpoint", run_ref="run:p.r",
        created_at="2026-01-01T00:00:00Z", producer_ref="sdk", location_ref="x")
    try:
        store.put_artifact(manifest, source)
    except ConflictError:
        os._exit(3)
    os._exit(0)

for n in range(40):
    children = []
    for who in "ab":
        child = os.fork()
        if child == 0:
            put(n, who)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(*codes)
"""

# Forks a writer, reads what it confirms, kills it at a random moment; twenty times.
KILLER = """
import json, os, random, signal, sys, time
from contexta.contract import ArtifactManifest
from contexta.store.artifacts import ArtifactStore, VaultConfig

def write(out, turn):
    store = ArtifactStore(VaultConfig(root_path=sys.argv[1]))
    for n in range(10_000):
        source = os.path.join(sys.argv[2], "source")
        with open(source, "wb") as file:
            file.write(os.urandom(10) * 20_000)
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:p.r.t{turn}-{n}", artifact_kind="checkpoint",
            run_ref="run:p.r", created_at="2026-01-01T00:00:00Z", producer_ref="sdk",
            location_ref="x")
        store.put_artifact(manifest, source)
        os.write(out, manifest.artifact_ref.text.encode() + b"\\n")

dice, confirmed = random.Random(5), []
for turn in range(20):
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        write(out, turn)
    os.close(out)
    with os.fdopen(source) as lines:
        confirmed.append(lines.readline().strip())
        time.sleep(dice.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        confirmed += [line.strip() for line in lines]
    os.waitpid(child, 0)
print(json.dumps(confirmed))
"""


def test_of_two_racing_puts_exactly_one_wins(root, tmp_path, opened):
    """40 races of two processes with different bytes: one is bound, the other refused."""
    result = subprocess.run(
        [sys.executable, "-c", RACE, str(root), str(tmp_path)], stdout=subprocess.PIPE, check=True
    )
    outcomes = [sorted(line.split()) for line in result.stdout.decode().splitlines()]
    sweep = opened().verify_all()

    assert outcomes == [["0", "3"]] * 40
    assert {record.status.value for record in sweep.verification_records} == {"verified"}
    assert sweep.orphan_paths == ()


def test_twenty_killed_writers_lose_nothing_confirmed(root, tmp_path, opened):
    """After each kill -9 all confirmed artifacts verify, and nothing is left in staging."""
    result = subprocess.run(
        [sys.executable, "-c", KILLER, str(root), str(tmp_path)], stdout=subprocess.PIPE, check=True
    )
    confirmed = json.loads(result.stdout)
    store = opened()
    sweep = store.verify_all()

    assert set(confirmed) <= set(store.list_refs())
    assert (sweep.missing_refs, sweep.drifted_refs, sweep.damaged_bindings) == ((), (), ())
    assert list((root / "staging").iterdir()) == []


def test_threads_share_a_store(store, manifest, tmp_path):
    """4 threads x 10 puts, half of the same ref and bytes: all stored."""
    (tmp_path / "same").write_bytes(b"same")

    def work(thread):
        for i in range(10):
            path = tmp_path / f"{thread}-{i}"
            path.write_bytes(f"{thread}-{i}".encode())
            store.put_artifact(manifest(f"t{thread}-{i}"), path)
            store.put_artifact(manifest("same"), tmp_path / "same")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert len(store.list_refs()) == 41
    assert store.inspect_store().verified_count == 41


def test_a_put_works_on_both_sides_of_a_fork(store, manifest, source, fork):
    """Parent and child of a fork use the store that was open before."""
    child = fork()
    if child == 0:
        code = 1
        try:
            store.put_artifact(manifest("child"), source)
            code = 0
        finally:
            os._exit(code)
    store.put_artifact(manifest("parent"), source)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.list_refs() == ["artifact:p.r.child", "artifact:p.r.parent"]


def test_an_interrupted_put_can_be_repeated(store, manifest, source, monkeypatch):
    """When the binding cannot be written, the ref stays free and the next put works."""
    from contexta.store.artifacts import _commit

    def refuse(layout, binding, history=()):
        raise ConflictError("interrupted", code="test")

    real = _commit.write_binding
    monkeypatch.setattr(_commit, "write_binding", refuse)
    with pytest.raises(ConflictError):
        store.put_artifact(manifest(), source, mode="move")
    monkeypatch.setattr(_commit, "write_binding", real)
    kept, refs = source.exists(), store.list_refs()
    store.put_artifact(manifest(), source, mode="move")

    assert (kept, refs) == (True, [])
    assert store.verify_artifact(REF).verified
