"""Three processes append and seal while another compacts and readers read."""

import os

import pyarrow.parquet as pq  # loaded once, so that forked processes start at once
import pytest

from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

# Python 3.12 warns about every fork beside threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

ROUNDS = 4
POINTS = 40
WRITERS = 3


def write(root, name):
    """Open, append, seal and close, again and again; closing may compact, too."""
    for number in range(ROUNDS):
        with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
            context = SeriesContext(f"run:demo.w{name}", "demo")
            series = store.writer().define_series(context, "loss")
            for step in range(POINTS):
                store.writer().append_point(series, step, step, number * POINTS + step)
                if step == POINTS // 2:
                    store.seal()


def in_child(work, *arguments):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(*arguments)
            status = 0
        finally:
            os._exit(status)
    return pid


def by_glob(root):
    """Read as a stranger does; None when a file was replaced between listing and opening."""
    try:
        return [
            sequence
            for path in sorted(root.glob("metric/*/*.parquet"))
            for sequence in pq.read_table(path, columns=["sequence"])["sequence"].to_pylist()
        ]
    except FileNotFoundError:
        return None


def test_no_reader_ever_sees_a_record_twice_or_misses_one(root):
    """Ours never fails; a plain glob at most misses a file and succeeds when repeated."""
    RecordStore(RecordStoreConfig(root)).close()
    running = {in_child(write, root, name) for name in range(WRITERS)}
    looks, doubled, shrunk, statuses, last = 0, 0, 0, [], [0, 0]
    with RecordStore(RecordStoreConfig(root)) as store:
        while running:
            store.compact(full=looks % 2 == 0)
            ours = store.arrow("metric", columns=["sequence"])["sequence"].to_pylist()
            globbed = by_glob(root)
            for index, found in enumerate((ours, globbed)):
                if found is None:
                    continue
                doubled += len(found) - len(set(found))
                shrunk += len(found) < last[index]
                last[index] = len(found)
            looks += 1
            for pid in tuple(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    running.discard(pid)
                    statuses.append(status)
        store.compact(full=True)
        scanned = [one.sequence for one in store.scan()]
        issues = store.check_integrity().issues

    assert (doubled, shrunk, statuses) == (0, 0, [0] * WRITERS)
    assert len(scanned) == len(set(scanned)) == WRITERS * ROUNDS * POINTS
    assert sorted(by_glob(root)) == scanned
    assert issues == ()
    assert looks > 0
