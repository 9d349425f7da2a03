"""What is missing is an error on the reads that touch it, and never renumbers what comes."""

import shutil

import pytest

from contexta.contract.errors import RecordError
from contexta.store.records import (
    IntegrityState,
    RecordStore,
    RecordStoreConfig,
    ReplayError,
    ScanFilter,
)


def test_acknowledged_records_cut_from_the_end_are_an_error(segment, root):
    """The mark beside the segment remembers what was synced."""
    segment.write_bytes(segment.read_bytes()[:-56])
    store = RecordStore(RecordStoreConfig(root, read_only=True))
    with pytest.raises(RecordError) as caught:
        list(store.scan())

    assert caught.value.details["path"] == str(segment)
    assert store.check_integrity().state is IntegrityState.CORRUPTED


def test_a_deleted_segment_is_an_error(segment, read_all):
    """A file that is gone is missed."""
    segment.unlink()
    with pytest.raises(RecordError) as caught:
        read_all()

    assert caught.value.details["path"] == str(segment)


def test_a_deleted_writer_folder_is_an_error(store, add_points, root):
    """So is a folder that is gone with the lock in it."""
    add_points(store, 3)
    store.flush()
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    for folder in (copy / "_wal").iterdir():
        shutil.rmtree(folder)
    with RecordStore(RecordStoreConfig(copy, read_only=True)) as other:
        report = other.check_integrity()

    assert report.state is IntegrityState.CORRUPTED


def test_a_deleted_part_is_an_error_on_the_reads_that_touch_it(store, add_points, root):
    """Damage of one run does not stop the reads of another."""
    add_points(store, 3, run="run:demo.a")
    store.seal()
    add_points(store, 3, run="run:demo.b")
    store.seal()
    part = (
        root
        / "metric/project=demo"
        / sorted(path.name for path in root.rglob("part-*-1.parquet"))[0]
    )
    part.unlink()
    with pytest.raises(RecordError) as caught:
        list(store.scan())
    with pytest.raises(ReplayError):
        store.replay(ScanFilter(run_ref="run:demo.a"))
    healthy = store.replay(ScanFilter(run_ref="run:demo.b"))
    points = store.arrow("metric")

    assert caught.value.details["path"] == str(part)
    assert healthy.record_count == 3
    assert healthy.integrity_state is IntegrityState.HEALTHY
    assert points.num_rows == 3
    assert [g.details["path"] for g in store.damage()] == [str(part)]


@pytest.mark.parametrize("change", ["delete", "flip", "cut"])
def test_a_damaged_log_of_parts_is_reported_and_the_records_stay_readable(
    sealed_part, root, change
):
    """Without its line a part cannot be verified: that is said, and it is still read."""
    log = root / "_parts.jsonl"
    raw = bytearray(log.read_bytes())
    raw[len(raw) // 2] ^= 1
    if change == "delete":
        log.unlink()
    else:
        log.write_bytes(raw if change == "flip" else raw[: len(raw) // 2])
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        scanned = list(store.scan())
        report = store.check_integrity()
        with pytest.raises(ReplayError):
            store.replay()

    assert len(scanned) == 3
    assert {issue.code for issue in report.issues} == {"manifest_sequence_mismatch"}


@pytest.mark.parametrize("content", [None, b"", b"{}", b"garbage"])
def test_lost_bookkeeping_never_restarts_the_numbers(sealed_part, root, metric, content):
    """The numbers are found again from the data; none is used twice."""
    path = root / "_sequence.json"
    path.unlink() if content is None else path.write_bytes(content)
    with RecordStore(RecordStoreConfig(root)) as store:
        receipt = store.append(metric()).accepted[0]
        healthy = store.check_integrity().healthy

    assert receipt.sequence == 4
    assert healthy
