"""Processes, threads and forks write to one store and one run; readers see everything once."""

import os
import subprocess
import sys
import threading
import time
import traceback

import pytest

from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

# Python 3.12 warns about every fork beside threads; surviving exactly that is what is shown here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

CONTEXT = SeriesContext("run:demo.run-1", "demo")

PROCESS = """
import sys
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
root, name = sys.argv[1:]
with RecordStore(RecordStoreConfig(root, max_segment_bytes=8_000)) as store:
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), name)
    for number in range(800):
        writer.append_point(series, number, number, number)
"""


def steps_by_key(store):
    found = {}
    for stored in store.scan():
        payload = stored.record.payload
        found.setdefault(payload.metric_key, []).append(payload.step)
    return found


def in_child(work):
    """Run `work` in a forked child and return its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_processes_writing_one_run_lose_nothing_while_others_read(root, open_store):
    """Sequences are unique, every record is there once, and readers meet no error."""
    store = open_store()
    names = ["a", "b", "c"]
    children = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(root), name]) for name in names
    ]
    counts = [0]
    while any(child.poll() is None for child in children):
        counts.append(len(list(store.scan())))
        time.sleep(0.02)  # leaves the processor to the writers
    codes = [child.returncode for child in children]
    found = steps_by_key(store)
    sequences = store.arrow("metric", columns=["sequence"])["sequence"].to_pylist()

    assert codes == [0, 0, 0]
    assert counts == sorted(counts)
    assert found == {name: list(range(800)) for name in names}
    assert len(set(sequences)) == 2400
    assert store.check_integrity().issues == ()


def test_threads_share_one_writer(open_store):
    """Four threads with one store lose nothing and share one sequence."""
    store = open_store(max_segment_bytes=20_000)
    writer = store.writer()

    def work(key):
        series = writer.define_series(CONTEXT, key)
        for number in range(500):
            writer.append_point(series, number, number, number)

    threads = [threading.Thread(target=work, args=(f"k{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert steps_by_key(store) == {f"k{n}": list(range(500)) for n in range(4)}
    assert [s.sequence for s in store.scan()] == list(range(1, 2001))


def test_a_forked_child_writes_with_the_series_ids_of_its_parent(open_store):
    """The child becomes a writer of its own; nothing is written twice or mixed."""
    store = open_store()
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    writer.append_point(series, 1, 1.0, 1)
    parent_id = writer.writer_id

    def work():
        assert writer.writer_id != parent_id
        writer.append_point(series, 2, 2.0, 2)
        store.append_many([])
        assert len(list(store.scan())) == 2

    code = in_child(work)
    writer.append_point(series, 3, 3.0, 3)
    table = store.arrow("metric", columns=["writer_id", "step"])

    assert code == 0
    assert sorted(table["step"].to_pylist()) == [1, 2, 3]
    assert len(set(table["writer_id"].to_pylist())) == 2
    assert writer.writer_id == parent_id


def test_a_living_writer_is_never_declared_dead_and_a_child_keeps_no_dead_parent_alive(
    root, open_store
):
    """Aliveness is the lock of the process itself, not of a copy of its descriptors."""
    read_end, write_end = os.pipe()
    release_end, hold_end = os.pipe()
    forked_end, child_end = os.pipe()

    def parent():
        store = RecordStore(RecordStoreConfig(root, durability_mode="flush"))
        writer = store.writer()
        writer.append_point(writer.define_series(CONTEXT, "loss"), 1, 1.0)
        if os.fork() == 0:  # outlives its parent, holding what it inherited
            os.close(hold_end)
            os.write(child_end, b".")  # what a child gives up at once, it has given up
            os.read(release_end, 1)
            os._exit(0)
        os.read(forked_end, 1)
        os.write(write_end, writer.writer_id.encode())
        os._exit(0)

    in_child(parent)
    dead_id = os.read(read_end, 64).decode()
    store = open_store()
    living_id = store.writer().writer_id
    alive = [store.writer_alive(dead_id), store.writer_alive(living_id)]
    recovered = store.recover_dead_writers()
    for descriptor in (hold_end, release_end, read_end, write_end, forked_end, child_end):
        os.close(descriptor)

    assert alive == [False, True]
    assert [(dead.writer_id, dead.record_count) for dead in recovered] == [(dead_id, 1)]
    assert recovered[0].last_record_at_us == 1
    assert recovered[0].torn_bytes == 0
    assert store.writer_alive("no-writer-id") is False


def test_a_reader_sees_each_record_once_while_segments_are_sealed(open_store):
    """Nothing is seen twice and nothing vanishes while a seal runs."""
    store, reading = open_store(max_segment_bytes=5000), open_store(read_only=True)
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    confirmed = [0]
    problems = []
    done = threading.Event()

    def read():
        while not done.is_set():
            floor = confirmed[0]
            seen = reading.arrow("metric", columns=["sequence"])["sequence"].to_pylist()
            if seen != list(range(1, len(seen) + 1)) or len(seen) < floor:
                problems.append((floor, len(seen)))

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(600):
        confirmed[0] = writer.append_point(series, number, number)
        if number % 50 == 49:
            store.seal()
    done.set()
    thread.join()

    assert problems == []
    assert reading.damage() == ()


def test_an_interrupt_inside_an_append_never_uses_a_number_twice(open_store, monkeypatch):
    """Ctrl-C right behind the write keeps the record and its number."""
    store = open_store()
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    writer.append_point(series, 1, 1.0)
    write = os.write

    def interrupted(fd, data):
        write(fd, data)
        monkeypatch.setattr(os, "write", write)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    try:
        writer.append_point(series, 2, 2.0)
    except KeyboardInterrupt:
        caught = True
    following = writer.append_point(series, 3, 3.0)

    assert caught
    assert following == 3
    assert [s.sequence for s in store.scan()] == [1, 2, 3]
