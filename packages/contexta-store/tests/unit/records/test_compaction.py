"""Compaction changes files, never records; what is damaged stays where it is and is said."""

import logging
import random

import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ReadOnlyStoreError, StoreAccessError, StoreError
from contexta.contract.testing import builders
from contexta.store.fs import FileLock
from contexta.store.records import (
    RecordStore,
    RecordStoreConfig,
    SeriesContext,
    _compact,
    _compact_merge,
    compact,
    plan_compaction,
)
from contexta.store.records._fingerprint import Fingerprint

START_US = 1_700_000_000_000_000


def parts_of(root):
    return sorted(root.glob("*/project=*/*.parquet"))


@pytest.fixture
def fill(add_points, metric):
    """Append points, records of every type, and seal; `count` times."""

    def filled(store, count):
        for number in range(count):
            add_points(store, 5, run=f"run:demo.r{number % 3}", key=f"k{number % 2}")
            writer = store.writer()
            context = SeriesContext(f"run:demo.r{number % 3}", "demo")
            tagged = writer.define_series(context, "tagged", tags={"a": str(number), "b": "x"})
            writer.append_point(tagged, START_US, float("nan"))
            writer.append_point(tagged, START_US, 7)
            payload = builders.structured_event_payload(message=f"Größe {number}")
            store.append(builders.structured_event_record(payload=payload))
            store.append(builders.trace_span_record())
            store.append(builders.degraded_record())
            store.append(metric(number))
            store.seal()

    return filled


def test_a_compacted_store_gives_the_same_records(store, fill, root):
    """Numbers, derived references, times and contents stay; the files become one per type."""
    fill(store, 6)
    before = list(store.scan())
    report = store.compact(full=True)

    assert [repr(one) for one in store.scan()] == [repr(one) for one in before]
    assert (report.status, report.parts_before, report.parts_after) == ("done", 24, 4)
    assert (report.merged, report.written, report.rows) == (24, 4, len(before))
    assert report.skipped == ()
    assert report.size_after < report.size_before
    assert len(parts_of(root)) == 4
    assert store.check_integrity().issues == ()
    assert store.compact(full=True).merged == 0


def test_a_plan_says_what_would_be_merged_and_changes_nothing(store, fill, root):
    """The plan is text for people; the report, too."""
    fill(store, 2)
    files = parts_of(root)
    plan = plan_compaction(store, full=True)
    report_text = str(compact(store, full=True))

    assert files != parts_of(root)
    assert str(plan).splitlines()[1] == "merge 2 parts of degraded/demo: 2 records, 0.0 MiB"
    assert len(plan.groups) == 4
    assert "8 parts" in report_text
    assert str(plan_compaction(store, full=True)).endswith("nothing to merge")


def test_parts_are_merged_when_a_tier_is_full(store, add_points):
    """Fifteen small parts are left, the sixteenth completes the tier; a byte limit holds."""
    for _ in range(15):
        add_points(store, 1)
        store.seal()
    too_few = store.compact()
    add_points(store, 1)
    store.seal()
    limited = store.compact(max_bytes=1)
    merged = store.compact()

    assert [r.merged for r in (too_few, limited, merged)] == [0, 0, 16]


def test_large_merges_stream_in_storage_order(store, root, monkeypatch):
    """With little memory the rows come out sorted, each once, and a run begins a row group."""
    monkeypatch.setattr(_compact_merge, "IN_MEMORY_ROWS", 0)
    monkeypatch.setattr(_compact_merge, "_LEAST_BATCH_ROWS", 16)
    monkeypatch.setattr(_compact_merge, "_BUFFERED_ROWS", 16)
    monkeypatch.setattr(_compact_merge, "ROW_GROUP_ROWS", 100)
    monkeypatch.setattr(_compact_merge, "_LEAST_GROUP_ROWS", 50)
    writer, rng = store.writer(), random.Random(5)
    for _ in range(5):
        for _ in range(200):
            context = SeriesContext(f"run:demo.r{rng.randrange(16)}", "demo")
            series = writer.define_series(context, f"k{rng.randrange(2)}")
            step = rng.choice([None, rng.randrange(50)])
            writer.append_point(series, START_US + rng.randrange(9), rng.random(), step)
        store.seal()
    before = store.arrow("metric").to_pylist()
    report = store.compact(full=True)
    (path,) = parts_of(root)
    file = pq.ParquetFile(path)
    table = file.read()
    last = 1 << 62
    keys = [
        (
            row["run_ref"],
            row["metric_key"],
            last if row["step"] is None else row["step"],
            row["sequence"],
        )
        for row in table.select(["run_ref", "metric_key", "step", "sequence"]).to_pylist()
    ]
    starts, position = [], 0
    for group in range(file.num_row_groups):
        starts.append(keys[position][0] != keys[position - 1][0])
        position += file.metadata.row_group(group).num_rows

    assert report.rows == 1000
    assert keys == sorted(keys)
    assert repr(store.arrow("metric").to_pylist()) == repr(before)
    assert sum(starts) >= file.num_row_groups - 2


def test_a_part_is_capped(store, add_points, root, monkeypatch):
    """Large parts are cut, and left alone afterwards."""
    monkeypatch.setattr(_compact_merge, "ROW_GROUP_ROWS", 10)
    monkeypatch.setattr(_compact_merge, "_LEAST_GROUP_ROWS", 5)
    monkeypatch.setattr(_compact, "PART_CAP_ROWS", 20)
    for _ in range(3):
        add_points(store, 20)
        store.seal()
    report = store.compact(full=True)
    again = store.compact(full=True)

    assert (report.merged, report.written, again.written) == (3, 3, 3)
    assert [pq.read_metadata(path).num_rows for path in parts_of(root)] == [20, 20, 20]
    assert [one.sequence for one in store.scan()] == list(range(1, 61))


@pytest.mark.parametrize("change", ["flip", "cut", "delete"])
def test_a_damaged_part_is_never_compacted_away(store, add_points, root, change):
    """It is left and named; the others are merged; the damage stays known."""
    for _ in range(4):
        add_points(store, 50)
        store.seal()
    victim = parts_of(root)[1]
    raw = bytearray(victim.read_bytes())
    if change == "delete":
        victim.unlink()
    else:
        raw[len(raw) // 3] ^= 1
        victim.write_bytes(raw if change == "flip" else raw[:-9])
    report = store.compact(full=True)

    assert (report.merged, report.written, report.rows) == (3, 1, 150)
    assert [victim.as_posix().endswith(one.path) for one in report.skipped] == [True]
    assert victim.name in report.skipped[0].reason
    assert victim.exists() == (change != "delete")
    assert store.arrow("metric").num_rows == 150
    assert [gap.details["path"] for gap in store.damage()] == [str(victim)]


def test_a_large_damaged_part_is_left_when_its_damage_shows_late(
    store, add_points, root, monkeypatch
):
    """Damage in the middle of a streamed part is met after other rows were written."""
    monkeypatch.setattr(_compact_merge, "IN_MEMORY_ROWS", 0)
    rng = random.Random(1)
    writer = store.writer()
    series = writer.define_series(SeriesContext("run:demo.r", "demo"), "loss")
    for _ in range(60_000):
        writer.append_point(series, START_US, rng.random())
    store.seal()
    for _ in range(2):
        add_points(store, 10)
        store.seal()
    victim = max(parts_of(root), key=lambda path: path.stat().st_size)
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    report = store.compact(full=True)

    assert (report.merged, report.rows, len(report.skipped)) == (2, 20, 1)
    assert victim.exists()
    assert list((root / "_staging").iterdir()) == []


def test_rows_that_do_not_read_back_change_nothing(store, add_points, root, monkeypatch):
    """A merge that loses a row is refused before anything is replaced."""
    for _ in range(2):
        add_points(store, 10)
        store.seal()
    files = parts_of(root)
    original = _compact_merge.sorted_for_storage
    monkeypatch.setattr(
        _compact_merge, "sorted_for_storage", lambda kind, table: original(kind, table).slice(1)
    )
    with pytest.raises(StoreError) as caught:
        store.compact(full=True)

    assert caught.value.code == "record_store_compaction_unverified"
    assert parts_of(root) == files
    assert [one.sequence for one in store.scan()] == list(range(1, 21))


def test_only_one_process_compacts(store, add_points, root):
    """A second one says so and does nothing."""
    for _ in range(2):
        add_points(store, 1)
        store.seal()
    with FileLock(root / "_compact.lock"):
        busy = store.compact(full=True)

    assert (busy.status, busy.merged, busy.parts_after) == ("busy", 0, 2)
    assert "another process" in str(busy)
    assert store.compact(full=True).merged == 2


def test_a_read_only_store_plans_but_does_not_compact(store, add_points, root):
    """Read-only is absolute."""
    for _ in range(2):
        add_points(store, 1)
        store.seal()
    store.close()
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reader:
        with pytest.raises(ReadOnlyStoreError):
            reader.compact()
        plan = reader.plan_compaction(full=True)

    assert len(plan.groups) == 1


def test_readers_that_began_before_go_on(store, add_points):
    """A scan over an old snapshot finds the parts that were replaced meanwhile."""
    for _ in range(6):
        add_points(store, 10)
        store.seal()
    scan = store.scan()
    begun = [next(scan).sequence for _ in range(15)]
    store.compact(full=True)
    store.compact(full=True)

    assert begun + [one.sequence for one in scan] == list(range(1, 61))


def many_small_parts(store, add_points, count):
    for _ in range(count):
        add_points(store, 1)
        store.seal()


def test_closing_merges_small_parts_when_there_are_many(
    store, open_store, add_points, root, monkeypatch
):
    """More than a limit in one project, at the close of the last handle; a setting turns it off."""
    monkeypatch.setattr(_compact, "_SMALL_PARTS", 15)
    many_small_parts(store, add_points, count=16)
    without = open_store(compact_small_parts=False)
    without.writer()
    store.close()
    other_open = len(parts_of(root))
    without.close()
    switched_off = len(parts_of(root))
    again = open_store()
    add_points(again, 1)
    again.close()

    assert (other_open, switched_off) == (16, 16)
    assert len(parts_of(root)) == 1


def test_closing_never_fails_because_of_compaction(store, add_points, root, monkeypatch, caplog):
    """The records are stored; that they were not merged is logged."""

    def full(*arguments, **more):
        raise StoreAccessError("No space", code="store_disk_full")

    many_small_parts(store, add_points, count=20)
    monkeypatch.setattr(_compact, "_SMALL_PARTS", 15)
    monkeypatch.setattr(_compact, "replace_parts", full)
    with caplog.at_level(logging.WARNING):
        store.close()

    assert "not merged" in caplog.text
    assert len(parts_of(root)) == 20


def test_a_fingerprint_tells_rows_apart_but_not_their_order(store, fill):
    """It is the same however rows are split, and another one when a single cell differs."""
    fill(store, 3)
    for kind in ("metric", "event", "span", "degraded"):
        table = store.arrow(kind)
        whole, pieces, changed = (Fingerprint(kind) for _ in range(3))
        whole.add(table)
        for start in reversed(range(table.num_rows)):
            pieces.add(table.slice(start, 1))
        changed.add(table.slice(1))
        changed.add(table.slice(1, 1))

        assert pieces.value == whole.value
        assert changed.value != whole.value
