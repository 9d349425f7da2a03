"""kill -9 at random moments: nothing confirmed is lost, doubled or invented."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

from contexta.store.records import RecordStore, RecordStoreConfig

CHILD = Path(__file__).with_name("crash_child.py")
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "30"))


def kill(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.002)


def confirmed_in(path):
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return dict(tuple(map(int, line.split())) for line in lines)


def stored_by_run(store):
    found = {}
    for stored in store.scan():
        value = stored.record.payload.value
        found.setdefault(stored.run_ref, []).append((stored.sequence, value))
    return found


def test_one_store_survives_kill_9_at_random_moments(tmp_path):
    """Each confirmed append is read once with its value, in order, and the check is clean.

    A process that dies may have stored one record that it did not live to confirm: it was
    asked for, so it may be there, but only as the last one.
    """
    root = tmp_path / "records"
    chance = random.Random(20260)
    names = [f"r{number}" for number in range(ROUNDS)]
    command = [sys.executable, str(CHILD), str(root), str(tmp_path), "40000"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as server:
        for pair in zip(names[::2], names[1::2], strict=True):
            pids = []
            for name in pair:
                server.stdin.write(f"{name}\n")
                pids.append(int(server.stdout.readline()))
            while not all((tmp_path / name).exists() for name in pair):
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.15))
            kill(pids)
    expected = [(name, confirmed_in(tmp_path / name)) for name in names]
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        before = stored_by_run(store)
    with RecordStore(RecordStoreConfig(root)) as store:
        store.recover_dead_writers()
        after = stored_by_run(store)
        report = store.check_integrity()

    assert after == before
    assert report.issues == ()
    for name, confirmed in expected:
        found = after.get(f"run:demo.{name}", [])
        extra = found[len(confirmed) :]

        assert found[: len(confirmed)] == list(confirmed.items())
        assert [value for _, value in extra] in ([], [len(confirmed) + 1])
