"""What a store does by itself: bounded memory, reasons of holes, recovery, a damaged marker."""

import random

import pytest

from contexta.store.records import (
    RecordStore,
    RecordStoreConfig,
    SeriesContext,
    _recover,
    _segment_rows,
)


def test_a_large_segment_is_sealed_piece_by_piece(store, metric, root, monkeypatch):
    """Rows of all pieces come into one sorted part, also when a record is larger than a piece."""
    monkeypatch.setattr(_segment_rows, "_PIECE_BYTES", 700)
    writer, rng = store.writer(), random.Random(3)
    for number in range(200):
        context = SeriesContext(f"run:demo.r{rng.randrange(4)}", "demo")
        series = writer.define_series(context, f"k{rng.randrange(3)}")
        writer.append_point(series, number, rng.random(), rng.randrange(9))
        if number % 40 == 0:
            store.append(metric(number, tags={"long": "x" * 2000}))
    before = [repr(one) for one in store.scan()]
    store.seal()

    assert [repr(one) for one in store.scan()] == before
    assert len(list(root.rglob("*.parquet"))) == 1
    assert list((root / "_staging").iterdir()) == []
    assert store.check_integrity().issues == ()


@pytest.mark.parametrize(
    ("change", "reason"), [("flip", "invalid_json_line"), ("cut", "truncated_line")]
)
def test_a_sealed_hole_says_why(store, add_points, leave_unsealed, root, change, reason):
    """Damage that was sealed is not an anonymous gap."""
    add_points(store, 10)
    leave_unsealed(store)
    (segment,) = root.rglob("*.seg")
    raw = bytearray(segment.read_bytes())
    if change == "flip":
        raw[-56 * 5 + 30] ^= 1
    segment.write_bytes(raw if change == "flip" else raw[: -56 * 2])
    with RecordStore(RecordStoreConfig(root)) as again:
        again.recover_dead_writers()
        found = again.damage()

    assert [gap.code for gap in found] == ["sequence_gap"]
    assert [gap.details["reason"] for gap in found] == [reason]


def test_writers_that_died_do_not_pile_up(open_store, add_points, leave_unsealed, root):
    """A store that is used without anything above it recovers them when there are many."""
    count = _recover._MANY_WRITERS + 1
    for _ in range(count):
        store = open_store()
        add_points(store, 1)
        leave_unsealed(store)
    left = len(list((root / "_wal").iterdir()))
    last = open_store()
    add_points(last, 1)
    last.close()
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reader:
        sequences = [one.sequence for one in reader.scan()]

    assert left == count
    assert list((root / "_wal").iterdir()) == []
    assert len(sequences) == len(set(sequences)) == count + 1


def test_a_damaged_marker_is_said_and_stops_nothing(store, add_points, root):
    """It holds nothing that cannot be derived; only a repair rewrites it."""
    add_points(store, 3)
    store.close()
    marker = root / "_store.json"
    marker.write_bytes(b"garbage")
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reader:
        read = [one.sequence for one in reader.scan()]
        damage = [gap.details["path"] for gap in reader.damage()]
    with RecordStore(RecordStoreConfig(root)) as writer:
        add_points(writer, 1)
        written = [one.sequence for one in writer.scan()]

    assert (read, written) == ([1, 2, 3], [1, 2, 3, 4])
    assert damage == [str(marker)]
    assert marker.read_bytes() == b"garbage"
