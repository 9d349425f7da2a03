"""kill -9 before each changing system call of opening, sealing, rolling, closing, recovering."""

import os

import pyarrow.parquet  # noqa: F401 - loaded once, so that forked processes start at once
import pytest

from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

CONTEXTS = [SeriesContext("run:demo.run-1", "demo"), SeriesContext("run:other.run-1", "other")]


def write_and_close(root, confirm):
    """Two projects, a roll, a seal on the way, a close."""
    store = RecordStore(RecordStoreConfig(root, durability_mode="flush", max_segment_bytes=800))
    writer = store.writer()
    for number in range(8):
        series = writer.define_series(CONTEXTS[number % 2], "loss")
        confirm(writer.append_point(series, number, number), number)
        if number == 3:
            store.seal()
    store.close()


def write_in_bulk(root, confirm):
    """Bulk appends of three points, all-or-nothing appends of three records, a seal between."""
    store = RecordStore(RecordStoreConfig(root, durability_mode="fsync", max_segment_bytes=3000))
    for number in range(0, 12, 3):
        values = [number, number + 1, number + 2]
        if number % 2:
            first = store.append_metrics("run:demo.run-1", "loss", values).first_sequence
        else:
            records = [
                builders.metric_record(
                    envelope=builders.record_envelope(record_ref=f"record:demo.run-1.m{value}"),
                    payload=builders.metric_payload(value=value),
                )
                for value in values
            ]
            result = store.append_many(records, atomic=True, skip_existing=True)
            first = result.accepted[0].sequence
        for position, value in enumerate(values):
            confirm(first + position, value)
        if number == 6:
            store.seal()
    store.close()


def write_and_die(root, confirm):
    """Leave a dead writer whose last record was cut."""
    store = RecordStore(RecordStoreConfig(root, durability_mode="flush"))
    writer = store.writer()
    for number in range(4):
        series = writer.define_series(CONTEXTS[number % 2], "loss")
        confirm(writer.append_point(series, number, number), number)
    (segment,) = store.root_path.rglob("*.seg")
    with segment.open("ab") as file:
        file.write(b"\xc7\xa1\x01")
    os._exit(0)


def recover(root, confirm):
    """Seal what the dead writer left."""
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        store.recover_dead_writers()


def noting(confirmed):
    """Return what writes a number and its value down, by calls that do not count."""

    def confirm(sequence, value):
        with confirmed.open("a") as file:
            file.write(f"{sequence} {value}\n")

    return confirm


def stored(store):
    table = store.arrow("metric", columns=["sequence", "value"])
    return list(zip(table["sequence"].to_pylist(), table["value"].to_pylist(), strict=True))


def judge(root, confirmed, whole=1):
    """Return what is wrong with the store after a kill; nothing, if all is well.

    `whole` records come together or not at all.
    """
    lines = confirmed.read_text().splitlines() if confirmed.exists() else []
    expected = {tuple(map(int, line.split())) for line in lines}
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        before = stored(store)
        store.recover_dead_writers()
        after = stored(store)
        issues = store.check_integrity().issues
        writer = store.writer()
        following = writer.append_point(writer.define_series(CONTEXTS[0], "loss"), 1, 99)
    left = list((root / "_wal").iterdir())
    fine = (
        expected <= set(after)
        and before == after
        and len(after) <= len(expected) + whole
        and len(after) % whole == 0
        and len({sequence for sequence, _ in after}) == len(after)
        and following > max((sequence for sequence, _ in after), default=0)
    )
    return () if fine and not issues and not left else (expected, before, after, issues, left)


@pytest.mark.parametrize(
    ("prepare", "work", "least", "whole"),
    [
        (None, write_and_close, 80, 1),
        (None, write_in_bulk, 40, 3),
        (write_and_die, recover, 30, 1),
    ],
)
def test_a_kill_between_two_steps_loses_doubles_and_breaks_nothing(
    tmp_path, killed_before, kill_numbers, prepare, work, least, whole
):
    """Each confirmed record is read once, before and after recovery, and the check is clean."""
    wrong = {}
    for number in kill_numbers(17):
        folder = tmp_path / str(number)
        folder.mkdir()
        root, confirmed = folder / "records", folder / "confirmed"
        if prepare is not None:
            killed_before(0, prepare, root, noting(confirmed))
        killed = killed_before(number, work, root, noting(confirmed))
        problem = judge(root, confirmed, whole)
        if problem:
            wrong[number] = problem
        if not killed:
            break

    assert wrong == {}
    assert number > least


@pytest.mark.parametrize("size", [0, 10, 63])
def test_a_segment_whose_beginning_was_cut_held_nothing_and_leaves_no_trace(store, size):
    """A kill between the creation of a segment and its header is no damage."""
    folder = store.root_path / "_wal" / ("ab" * 16)
    folder.mkdir(parents=True)
    (folder / "1.seg").write_bytes(b"CTXWAL\r\n".ljust(64, b"\0")[:size])
    store.recover_dead_writers()

    assert store.check_integrity().issues == ()
    assert list((store.root_path / "_wal").iterdir()) == []
    assert not (store.root_path / "_quarantine").exists()
