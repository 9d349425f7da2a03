"""Appends that skip what the store has, and appends of all or nothing."""

import errno
import os
import signal

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.records import AppendError, RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.records import _append as append_module

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def refs(store):
    return [s.record_ref[-2:] for s in store.scan()]


@pytest.mark.parametrize("place", ["live", "sealed", "reopened", "derived", "derived and sealed"])
def test_a_record_that_the_store_has_is_skipped_and_named(root, open_store, metric, place):
    """Appending the same references again stores nothing twice, wherever they are."""
    store = open_store()
    if place.startswith("derived"):
        writer = store.writer()
        series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")
        writer.append_point(series, 1, 1.0)
        writer.append_point(series, 2, 2.0)
        records = [stored.record for stored in store.scan()]
    else:
        records = [metric(1), metric(2)]
        store.append_many(records)
    if place.endswith("sealed"):
        store.seal()
    if place == "reopened":
        store.close()
        store = open_store(durability_mode="fsync")
    result = store.append_many([*records, metric(3), metric(3)], skip_existing=True)
    again = store.append(metric(3), skip_existing=True)

    assert [(s.index, s.record_type) for s in result.skipped] == [
        (0, "metric"),
        (1, "metric"),
        (3, "metric"),
    ]
    assert [r.record_ref[-2:] for r in result.accepted] == ["m3"]
    assert (result.success, result.skipped_count, again.skipped_count) == (True, 3, 1)
    assert (again.accepted, again.success) == ((), True)
    assert len(list(store.scan())) == 3


def test_the_same_reference_of_another_type_or_run_is_no_duplicate(store, metric):
    """A derived number of another run is not taken for the record looked for."""
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.run-2", "demo"), "loss")
    writer.append_point(series, 1, 1.0)
    envelope = metric(1).envelope.model_copy(
        update={"record_ref": "record:demo.run-1.metric-000000000001"}
    )
    result = store.append(metric(1).model_copy(update={"envelope": envelope}), skip_existing=True)

    assert (len(result.accepted), result.skipped) == (1, ())


def test_without_skipping_a_reference_may_be_stored_again(store, metric):
    """As before: twice the same record, two numbers."""
    result = store.append_many([metric(1), metric(1)])

    assert [r.sequence for r in result.accepted] == [1, 2]
    assert result.skipped == ()


def test_of_processes_that_append_one_reference_at_once_one_stores_it(root, store, metric):
    """Eight processes, twenty references each, every reference once."""
    records = [metric(number) for number in range(20)]
    children = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            try:
                with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as own:
                    for record in records:
                        own.append(record, skip_existing=True)
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    found = [s.record_ref for s in store.scan()]

    assert sorted(found) == sorted(str(record.envelope.record_ref) for record in records)


def test_damage_that_may_hide_a_record_stops_an_append_that_skips(store, metric):
    """Nothing is guessed; an append without skipping still works."""
    store.append(metric(1))
    store.seal()
    (part,) = store.root_path.rglob("part-*.parquet")
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.write_bytes(raw)
    with pytest.raises(AppendError) as caught:
        store.append(metric(1), skip_existing=True)
    result = store.append(metric(1))

    assert caught.value.code == "record_store_existing_unreadable"
    assert len(result.accepted) == 1


def test_all_or_nothing_stores_all_in_one_piece(open_store, metric):
    """Live and sealed, with numbers in order, beside other records."""
    store = open_store(durability_mode="fsync")
    store.append(metric(1))
    result = store.append_many([metric(n) for n in range(2, 5)], atomic=True)
    store.append(metric(5))
    live = refs(store)
    store.seal()

    assert [r.sequence for r in result.accepted] == [2, 3, 4]
    assert live == refs(store) == ["m1", "m2", "m3", "m4", "m5"]
    assert store.check_integrity().issues == ()


def test_all_or_nothing_stores_nothing_when_an_item_is_bad(store, metric):
    """The bad items are listed; the good ones are not stored."""
    result = store.append_many([metric(1), "bad", metric(2)], atomic=True)

    def failing():
        yield metric(3)
        raise KeyError("source")

    with pytest.raises(AppendError) as caught:
        store.append_many(failing(), atomic=True)

    assert [(r.index, r.code) for r in result.rejected] == [(1, "unsupported_record_type")]
    assert (result.accepted, refs(store)) == ((), [])
    assert caught.value.partial_result.accepted == ()


def test_all_or_nothing_has_a_limit(store, metric, monkeypatch):
    """A batch that no frame can take is refused before anything is stored."""
    monkeypatch.setattr(append_module, "_GROUP_BYTES", 2000)
    with pytest.raises(ValidationError) as caught:
        store.append_many([metric(n) for n in range(10)], atomic=True)

    assert caught.value.code == "record_store_atomic_too_large"
    assert refs(store) == []


def test_all_or_nothing_together_with_skipping(store, metric):
    """What is there is skipped, the rest is one piece."""
    store.append(metric(1))
    result = store.append_many([metric(1), metric(2)], atomic=True, skip_existing=True)

    assert (len(result.accepted), result.skipped_count) == (1, 1)
    assert refs(store) == ["m1", "m2"]


@pytest.mark.parametrize("keep", [30, 600, -1])
def test_a_torn_group_is_gone_as_a_whole(root, metric, keep):
    """After a kill inside the write none of its records is readable, also after recovery."""
    pid = os.fork()
    if pid == 0:
        store = RecordStore(RecordStoreConfig(root, durability_mode="flush"))
        store.append(metric(1))
        (segment,) = root.rglob("*.seg")
        start = segment.stat().st_size
        store.append_many([metric(n) for n in range(2, 6)], atomic=True)
        size = segment.stat().st_size
        os.truncate(segment, start + keep if keep > 0 else size + keep)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        before = refs(store)
        store.recover_dead_writers()

        assert before == refs(store) == ["m1"]
        assert store.check_integrity().issues == ()


def test_a_flipped_bit_in_a_group_hides_all_of_it_and_nothing_else(root, store, metric):
    """No record of it is found inside the damaged frame."""
    store.append(metric(1))
    store.append_many([metric(n) for n in range(2, 6)], atomic=True)
    store.append(metric(6))
    (segment,) = root.rglob("*.seg")
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    with RecordStore(RecordStoreConfig(root, read_only=True)) as other:
        replay = other.replay(mode="tolerant")

    assert [r.record_ref[-2:] for r in replay.records] == ["m1", "m6"]
    assert [(g.start_sequence, g.end_sequence) for g in replay.known_gaps] == [(2, 5)]


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("cut", [0, 1, 100])
def test_an_append_that_fails_at_any_write_says_exactly_what_is_stored(
    open_store, metric, monkeypatch, number, cut
):
    """Accepted, rejected and skipped add up to what was handled; the rest can be retried."""
    store = open_store()
    store.append(metric(0))
    monkeypatch.setattr(append_module, "_CHUNK_RECORDS", 2)
    write, left = os.write, [number]

    def failing(fd, data):
        left[0] -= 1
        if left[0] == 0:
            write(fd, bytes(data)[:cut])
            raise OSError(errno.EIO, "Input/output error")
        return write(fd, data)

    items = [metric(0), "bad", *(metric(n) for n in range(1, 10))]
    monkeypatch.setattr(os, "write", failing)
    error = None
    try:
        store.append_many(items, skip_existing=True)
    except AppendError as caught:
        error = caught
    monkeypatch.setattr(os, "write", write)
    stored = refs(store)
    result = store.append_many(items, skip_existing=True)

    if error is not None:
        partial = error.partial_result
        assert [r.record_ref[-2:] for r in partial.accepted] == stored[1:]
        assert [r.index for r in partial.rejected] in ([1], [])
    assert refs(store) == [f"m{n}" for n in range(10)]
    assert len(result.accepted) + result.skipped_count == 10
    assert store.check_integrity().issues == ()
