"""Two processes at one writer's folder: being born, being closed, being recovered."""

import errno
import os
from pathlib import Path

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store.records import AppendError, RecordStore, SeriesContext
from contexta.store.records import _recover as recovering

CONTEXT = SeriesContext("run:demo.run-1", "demo")


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def leave_dead_writer(root_config):
    """Append 20 points in a process that ends without closing."""
    pid = os.fork()
    if pid == 0:
        writer = RecordStore(root_config).writer()
        series = writer.define_series(CONTEXT, "loss")
        for number in range(20):
            writer.append_point(series, number, number)
        os._exit(0)
    os.waitpid(pid, 0)


def test_a_recoverer_that_looks_at_a_closing_writer_does_not_make_its_close_fail(
    store, add_points, monkeypatch
):
    """It may put a lock file back between the two steps of the removal."""
    add_points(store, 3)
    (folder,) = (store.root_path / "_wal").iterdir()
    rmdir = os.rmdir

    def looked_at(path, **more):
        if os.fspath(path) == str(folder):
            (folder / "lock").touch()
        rmdir(path, **more)

    monkeypatch.setattr(os, "rmdir", looked_at)
    store.close()
    monkeypatch.undo()
    with RecordStore(store.config) as again:
        again.recover_dead_writers()

        assert again.check_integrity().issues == ()
        assert [s.sequence for s in again.scan()] == [1, 2, 3]
    assert list((store.root_path / "_wal").iterdir()) == []


def test_a_writer_whose_folder_is_taken_for_a_leftover_while_it_is_made_gets_another(
    store, add_points, monkeypatch
):
    """A recoverer removes an empty folder; the writer being born in it starts anew."""
    chmod, removed = os.chmod, []

    def swept(path, mode, **more):
        if Path(path).parent.name == "_wal" and not removed:
            removed.append(path)
            Path(path).rmdir()
        chmod(path, mode, **more)

    monkeypatch.setattr(os, "chmod", swept)
    sequences = add_points(store, 3)

    assert len(removed) == 1
    assert sequences == [1, 2, 3]


def test_two_recoverers_of_one_dead_writer_seal_it_once(store, open_store, monkeypatch):
    """The second finds the lock taken, and later nothing left to do."""
    leave_dead_writer(store.config)
    other = open_store()
    seal, nested = recovering.seal_segment, []

    def sealing(layout, segment):
        nested.append(other.recover_dead_writers())
        return seal(layout, segment)

    monkeypatch.setattr(recovering, "seal_segment", sealing)
    first = store.recover_dead_writers()

    assert nested == [()]
    assert [dead.record_count for dead in first] == [20]
    assert other.recover_dead_writers() == ()
    assert [s.sequence for s in other.scan()] == list(range(1, 21))


def test_one_writer_that_cannot_be_recovered_does_not_hold_up_the_others(
    store, open_store, monkeypatch
):
    """All are tried; the failure is raised at the end; the next call does the rest."""
    for _ in range(3):
        leave_dead_writer(store.config)
    seal, refused = recovering.seal_segment, []

    def sealing(layout, segment):
        if not refused:
            refused.append(segment)
            raise StoreAccessError("No.", code="store_io_failed")
        return seal(layout, segment)

    monkeypatch.setattr(recovering, "seal_segment", sealing)
    with pytest.raises(StoreAccessError):
        store.recover_dead_writers()
    left = len(list(store.root_path.rglob("*.seg")))
    rest = store.recover_dead_writers()

    assert left == 1
    assert [dead.record_count for dead in rest] == [20]
    assert len(list(store.scan())) == 60
    assert store.check_integrity().issues == ()


def test_a_writer_that_cannot_register_leaves_neither_descriptors_nor_folders(
    store, add_points, monkeypatch
):
    """Each append on a full disk tries anew; a thousand of them cost nothing."""
    replace = os.replace

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    descriptors = open_descriptors()
    monkeypatch.setattr(os, "replace", full)
    codes = set()
    for _ in range(30):
        with pytest.raises(AppendError) as caught:
            add_points(store, 1)
        codes.add((caught.value.code, caught.value.retryable))
    monkeypatch.setattr(os, "replace", replace)

    assert codes == {("record_store_segment_append_failed", True)}
    assert open_descriptors() == descriptors
    assert list((store.root_path / "_wal").iterdir()) == []
    assert add_points(store, 2) == [1, 2]


def test_a_batch_that_needs_a_new_block_on_a_full_disk_says_what_is_stored(
    store, metric, monkeypatch
):
    """The numbers' bookkeeping fails like the log itself: with the exact partial result."""
    store.append_many([metric(1), metric(2)])
    writer = store.writer()
    writer._limit = writer._next  # as if a million records had been written
    replace = os.replace

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AppendError) as caught:
        store.append_many(["bad", metric(3)])
    monkeypatch.setattr(os, "replace", replace)
    store.append(metric(3))

    assert caught.value.partial_result.accepted == ()
    assert [r.index for r in caught.value.partial_result.rejected] == [0]
    assert [s.record_ref[-2:] for s in store.scan()] == ["m1", "m2", "m3"]
    assert store.check_integrity().issues == ()


@pytest.mark.parametrize("indexed", [True, False])
def test_an_answer_during_an_erasure_keeps_what_was_not_erased(
    store, open_store, add_points, monkeypatch, indexed
):
    """A part that went from under the read is no damage: the answer comes from its successor."""
    add_points(store, 5, run="run:demo.kept")
    add_points(store, 5, run="run:demo.gone")
    store.seal()

    def erased_behind(call):
        handle = open_store(enable_indexes=indexed)
        look, looks = handle._reader.snapshot, []

        def snapshot():
            looks.append(look())
            if len(looks) == 1:
                store.apply_erasure(store.plan_erasure(run_refs=["run:demo.gone"]))
                add_points(store, 5, run="run:demo.gone")
                store.seal()
                store.compact(full=True)
            return looks[-1]

        monkeypatch.setattr(handle._reader, "snapshot", snapshot)
        return call(handle), handle.damage()

    table, damage = erased_behind(lambda handle: handle.arrow("metric", columns=["run_ref"]))
    counts, damage_of_counts = erased_behind(lambda handle: handle.record_counts("run:demo.kept"))

    assert table["run_ref"].to_pylist().count("run:demo.kept") == 5
    assert counts["metric"] == 5
    assert (damage, damage_of_counts) == ((), ())
