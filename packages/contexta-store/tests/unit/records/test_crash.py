"""kill -9 at random moments: nothing confirmed is lost, doubled or invented."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from contexta.store.records import RecordStore, RecordStoreConfig

CHILD = Path(__file__).with_name("crash_child.py")
ROUNDS = int(os.environ.get("CONTEXTA_CRASH_ROUNDS", "30"))


def start(root, confirmed, name):
    arguments = [str(root), str(confirmed), name, "40000"]
    return subprocess.Popen([sys.executable, str(CHILD), *arguments])


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
    expected = []
    for number in range(0, ROUNDS, 2):
        pair = [f"r{number}", f"r{number + 1}"]
        files = {name: tmp_path / f"{name}.confirmed" for name in pair}
        children = [start(root, files[name], name) for name in pair]
        for child, name in zip(children, pair, strict=True):
            while not files[name].exists():  # the moments of interest lie behind the start
                assert child.poll() is None
                time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.15))
        for child in children:
            child.send_signal(signal.SIGKILL)
        for child in children:
            child.wait()
        expected.extend((name, confirmed_in(files[name])) for name in pair)

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
