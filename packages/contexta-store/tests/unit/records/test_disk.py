"""A full or failing disk: a clear error, nothing lost, and the same handle works on."""

import errno
import os
import stat
from pathlib import Path

import pytest

from contexta.contract.errors import ReadOnlyStoreError, StoreAccessError
from contexta.store.records import (
    AppendError,
    DurabilityStatus,
    RecordStore,
    RecordStoreConfig,
    SeriesContext,
)

CONTEXT = SeriesContext("run:demo.run-1", "demo")


def test_a_full_disk_is_a_retryable_error_and_the_handle_works_again(store, small_files):
    """Nothing of the failed append is stored; the next one gets the same number."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    confirmed = [writer.append_point(series, n, n) for n in range(20)]
    (segment,) = store.root_path.rglob("*.seg")
    small_files(segment.stat().st_size + 30)  # room for half a point
    errors = []
    for _ in range(3):
        with pytest.raises(AppendError) as caught:
            writer.append_point(series, 99, 99)
        errors.append((caught.value.code, caught.value.retryable))
    readable = [s.sequence for s in store.scan()]
    small_files(None)
    confirmed += [writer.append_point(series, n, n) for n in range(20, 40)]
    found = [(s.sequence, s.record.payload.value) for s in store.scan()]

    assert errors == [("record_store_segment_append_failed", True)] * 3
    assert readable == list(range(1, 21))
    assert confirmed == list(range(1, 41))
    assert found == [(n + 1, n) for n in range(40)]
    assert store.check_integrity().issues == ()


def test_a_batch_that_fails_says_exactly_what_is_stored(open_store, metric, small_files):
    """The partial result lists receipts and rejections; a retry of the rest loses nothing."""
    store = open_store()
    store.append(metric(0))
    (segment,) = store.root_path.rglob("*.seg")
    records = ["bad", *(metric(n) for n in range(1, 6000))]
    small_files(segment.stat().st_size + 4_000_000)
    with pytest.raises(AppendError) as caught:
        store.append_many(records)
    small_files(None)
    partial = caught.value.partial_result
    rest = records[1 + partial.accepted_count :]
    store.append_many(rest)

    assert 0 < partial.accepted_count < 5999
    assert [(r.index, r.code) for r in partial.rejected] == [(0, "unsupported_record_type")]
    assert [s.record.payload.value for s in store.scan()] == list(range(6000))


def test_nothing_behind_a_failed_sync_is_confirmed_as_durable(open_store, metric, monkeypatch):
    """The log is closed, never synced again and believed; later records go to a new file."""
    store = open_store(durability_mode="fsync")
    store.append(metric(1))
    fdatasync = os.fdatasync

    def failing(fd):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(AppendError) as caught:
        store.append(metric(2))
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    later = store.append(metric(3))
    (first, second) = sorted(store.root_path.rglob("*.seg"), key=lambda p: int(p.stem))[-2:]

    assert caught.value.code == "record_store_sync_failed"
    assert caught.value.partial_result.accepted[0].durability_status is DurabilityStatus.FLUSHED
    assert later.durability_status is DurabilityStatus.FSYNCED
    assert first != second
    assert [s.record_ref[-2:] for s in store.scan()] == ["m1", "m2", "m3"]


def test_sealing_that_fails_leaves_the_records_readable_in_the_log(store, add_points, monkeypatch):
    """A part that cannot be written costs nothing; the next seal does it."""
    from contexta.store.records import _part_file

    add_points(store, 10)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    replace = os.replace
    monkeypatch.setattr(_part_file.os, "replace", full)
    with pytest.raises(StoreAccessError) as caught:
        store.seal()
    monkeypatch.setattr(_part_file.os, "replace", replace)
    before = [s.sequence for s in store.scan()]
    store.seal()

    assert caught.value.code == "store_disk_full"
    assert before == [s.sequence for s in store.scan()] == list(range(1, 11))
    assert not list(store.root_path.rglob("*.seg"))
    assert not list(store.root_path.rglob("_*.tmp"))


def test_a_read_only_store_writes_nothing_at_all(root, store, add_points, monkeypatch):
    """Not even a lock file; repairs are refused."""
    add_points(store, 5)
    store.seal()
    add_points(store, 5)
    store.flush()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    opened = os.open

    def reading(path, flags, *rest, **more):
        assert not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return opened(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", reading)
    with RecordStore(RecordStoreConfig(root, read_only=True)) as other:
        assert len(list(other.scan())) == 10
        assert other.check_integrity().healthy
        assert other.replay().record_count == 10
        for refused in (
            other.rebuild_indexes,
            other.repair_truncated_tails,
            other.recover_dead_writers,
        ):
            with pytest.raises(ReadOnlyStoreError):
                refused()
    monkeypatch.undo()

    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_read_only_store_rejects_bad_items_and_refuses_the_first_good_one(
    root, store, open_store, metric
):
    """A call with only invalid items returns rejections."""
    other = open_store(read_only=True)
    only_bad = other.append_many(["x"])
    with pytest.raises(ReadOnlyStoreError) as caught:
        other.append_many(["x", metric()])

    assert only_bad.rejected_count == 1
    assert caught.value.code == "record_store_read_only"
    assert caught.value.details["rejected"] == [[0, "unsupported_record_type"]]


@pytest.mark.parametrize("kind", ["absent", "empty"])
def test_a_read_only_store_that_is_not_there_is_named(tmp_path, kind):
    """An absent root fails at once, a folder that is no store on first use."""
    folder = tmp_path / "nothing"
    if kind == "empty":
        folder.mkdir()
    with pytest.raises(ReadOnlyStoreError) as caught:
        list(RecordStore(RecordStoreConfig(folder, read_only=True)).scan())

    codes = {"absent": "record_store_missing_root", "empty": "record_store_manifest_missing"}
    assert caught.value.code == codes[kind]


def test_a_planted_link_is_not_followed(root, store, add_points, tmp_path):
    """A link in the place of a type's folder does not send parts elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "metric").symlink_to(elsewhere)
    add_points(store, 3)
    with pytest.raises(StoreAccessError):
        store.seal()
    (root / "metric").unlink()
    store.seal()

    assert list(elsewhere.iterdir()) == []
    assert stat.S_ISDIR((root / "metric").lstat().st_mode)
    assert len(list(store.scan())) == 3


@pytest.mark.parametrize("rolling", [False, True])
def test_what_was_appended_while_a_sync_failed_is_not_confirmed_by_the_next_one(
    open_store, monkeypatch, rolling
):
    """The log closes behind a failure, also when it rolled meanwhile; nothing in it is believed."""
    store = open_store()
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    first = writer.append_point(series, 1, 1.0)
    fdatasync, meanwhile, synced = os.fdatasync, [], []

    def failing_once(fd):
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if not meanwhile:
            meanwhile.append(writer.append_point(series, 2, 2.0))
            if rolling:
                writer.roll()
                meanwhile.append(writer.append_point(series, 3, 3.0))
            raise OSError(errno.EIO, "Input/output error")
        synced.append(path)
        fdatasync(fd)

    monkeypatch.setattr(os, "fdatasync", failing_once)
    refused = []
    for number in (first, None, None):
        asked = meanwhile[-1] if number is None else number
        with pytest.raises(AppendError) as caught:
            writer.wait_durable(first, asked)
        refused.append(caught.value.code)
    later = writer.append_point(series, 4, 4.0)
    writer.wait_durable(later, later)
    (segment,) = {path for path in synced if path.suffix == ".seg"}

    assert refused == ["record_store_sync_failed"] * 3
    assert segment.name == f"{len(meanwhile) + 1}.seg"
    assert [s.sequence for s in store.scan()] == list(range(1, later + 1))
