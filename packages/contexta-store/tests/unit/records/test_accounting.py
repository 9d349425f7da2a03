"""Processes, threads and forks append to one run in every way there is; the account is exact."""

import json
import os
import subprocess
import sys
import time

import pytest

from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter, SeriesContext

RUN = "run:demo.run-1"
PROCESSES = int(os.environ.get("ACCOUNT_PROCESSES", "2"))
COUNT = int(os.environ.get("ACCOUNT_COUNT", "25"))

WRITER = """
import json, os, sys, threading, warnings
from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

root, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = RecordStore(RecordStoreConfig(root, durability_mode="flush", max_segment_bytes=200_000))
writer = store.writer()
series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")


def record(ref):
    envelope = builders.record_envelope(
        run_ref="run:demo.run-1", record_ref="record:demo.run-1." + ref, stage_execution_ref=None
    )
    return builders.metric_record(envelope=envelope)


def work(own, offset):
    # Which number each value got, as the calls said.
    said = {}
    for number in range(count):
        value = offset + number
        said[writer.append_point(series, value, float(value))] = value
    values = [float(offset + count + number) for number in range(count)]
    first = store.append_metrics("run:demo.run-1", "loss", values).first_sequence
    said.update((first + position, value) for position, value in enumerate(values))
    records = [record(f"{own}-{number}") for number in range(10)]
    for receipt in store.append_many(records[:5], atomic=True).accepted:
        said[receipt.sequence] = receipt.record_ref
    for item in records[5:7] + records[:1]:
        for receipt in store.append(item, skip_existing=True).accepted:
            said[receipt.sequence] = receipt.record_ref
    with open(os.path.join(os.path.dirname(root), own + ".said"), "w") as file:
        json.dump(sorted(said.items()), file)


place = int(name) * 1_000_000
writer.append_point(series, 0, -1.0)  # children inherit an open segment and let go of it
children = []
warnings.simplefilter("ignore", DeprecationWarning)
for number in (5, 6):
    pid = os.fork()
    if pid == 0:
        try:
            work(f"p{name}-f{number}", place + 10_000 * number)
            store.close()
        finally:
            os._exit(0)
    children.append(pid)
# After the forks: a child of a process whose threads work in pyarrow may hang in it.
threads = [
    threading.Thread(target=work, args=(f"p{name}-t{number}", place + 10_000 * number))
    for number in range(4)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for pid in children:
    os.waitpid(pid, 0)
store.close()
"""


def test_what_every_call_said_is_what_is_stored(tmp_path):
    """Each acknowledged record is there once under the number that its call returned."""
    root = tmp_path / "records"
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(root), str(number), str(COUNT)])
        for number in range(PROCESSES)
    ]
    codes = [child.wait() for child in children]
    said = [
        tuple(item) for path in tmp_path.glob("*.said") for item in json.loads(path.read_text())
    ]
    with RecordStore(RecordStoreConfig(root)) as store:
        dead = store.recover_dead_writers()
        stored = [
            (s.sequence, s.record_ref if "-00" not in s.record_ref else s.record.payload.value)
            for s in store.scan(ScanFilter(run_ref=RUN))
        ]
        opened = [number for number, value in stored if value == -1.0]
        stored = [item for item in stored if item[1] != -1.0]
        issues = store.check_integrity().issues

    assert codes == [0] * PROCESSES
    assert len(opened) == PROCESSES
    assert len(stored) == PROCESSES * 6 * (2 * COUNT + 7)
    assert stored == sorted(said)
    assert (dead, issues) == ((), ())


@pytest.mark.parametrize("step_us", [0, -3_600_000_000, -1])
def test_a_clock_that_stands_or_goes_back_changes_no_order(
    open_store, metric, monkeypatch, step_us
):
    """The number orders, not the time: live, sealed, over a roll and in every kind of append."""
    store = open_store(max_segment_age_seconds=1000.0)
    writer = store.writer()
    series = writer.define_series(SeriesContext(RUN, "demo"), "loss")
    now = [time.time_ns()]

    def stepping():
        now[0] += step_us * 1000
        return now[0]

    monkeypatch.setattr(time, "time_ns", stepping)
    for number in range(4):
        writer.append_point(series, stepping() // 1000, number)
        store.append_metrics(RUN, "loss", [number + 0.25])
        store.append(metric(number))
        writer.roll()
    writer.append_point(series, stepping() // 1000, 9)
    left = writer.seconds_until_roll()
    live = [(s.sequence, s.record.payload.value) for s in store.scan()]
    store.seal()
    sealed = [(s.sequence, s.record.payload.value) for s in store.scan()]

    assert [value for _, value in live] == [
        v for n in range(4) for v in (n, n + 0.25, float(n))
    ] + [9]
    assert [sequence for sequence, _ in live] == list(range(1, 14))
    assert sealed == live
    assert 0 < left <= 1000
    assert store.check_integrity().issues == ()


def test_a_segment_rolls_by_a_clock_that_nobody_sets(open_store, add_points, monkeypatch):
    """The wall clock an hour ahead changes nothing; the monotonic one decides."""
    store = open_store(max_segment_age_seconds=1000.0)
    add_points(store, 1)
    monotonic, wall = time.monotonic, time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: wall() + 3600 * 10**9)
    monkeypatch.setattr(time, "time", lambda: wall() / 1e9 + 3600)
    before = store.writer().seconds_until_roll()
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 3600)
    after = store.writer().seconds_until_roll()
    monkeypatch.setattr(time, "monotonic", monotonic)

    assert before > 0
    assert after == 0
