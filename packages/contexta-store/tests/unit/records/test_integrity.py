"""The check reads every file and names what is wrong; reads go on beside it."""

import random

import pyarrow as pa
import pytest

from contexta.store.fs import FileLock
from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import append_line, condense_log
from contexta.store.records._parts_log import read_log
from contexta.store.records._sequence_set import SequenceSet


def condensed(root):
    layout = Layout(root)
    with FileLock(layout.lock):
        condense_log(layout)
    return layout


@pytest.fixture
def three_parts(open_store, add_points):
    """A closed store of three parts."""
    store = open_store(compact_small_parts=False)
    for run in ("a", "b", "c"):
        add_points(store, 5, run=f"run:demo.{run}")
        store.seal()
    store.close()
    return store.root_path


def look(root):
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        numbers = [s.sequence for s in store.scan()]
        return store.check_integrity(), numbers


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_a_condensed_log_that_was_cut_at_a_line_is_found_and_hides_no_record(three_parts, keep):
    """The checkpoint says how many lines follow; parts without one are read all the same."""
    log = condensed(three_parts).parts_log
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:keep]))
    report, numbers = look(three_parts)

    assert len(lines) == 4
    assert {issue.code for issue in report.issues} == {"manifest_sequence_mismatch"}
    assert numbers == list(range(1, 16))


@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_a_damaged_line_of_a_condensed_log_hides_no_record(three_parts, line):
    """Neither the checkpoint nor a line about a part is needed to read on."""
    log = condensed(three_parts).parts_log
    lines = log.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b'"entry"', b'"entrz"')
    log.write_bytes(b"".join(lines))
    report, numbers = look(three_parts)

    assert not report.healthy
    assert report.recommendations == ("apply_repairs",)
    assert numbers == list(range(1, 16))


def test_condensing_again_does_not_launder_a_cut(three_parts):
    """What is known to be wrong stays known until a repair deals with it."""
    layout = condensed(three_parts)
    lines = layout.parts_log.read_bytes().splitlines(keepends=True)
    layout.parts_log.write_bytes(b"".join(lines[:2]))
    condensed(three_parts)
    cut = read_log(layout).cut_lines
    with RecordStore(RecordStoreConfig(three_parts)) as store:
        repaired = store.apply_repairs(store.plan_repairs(), dry_run=False)
        healthy = store.check_integrity().healthy

    assert cut == 2
    assert repaired.success
    assert healthy
    assert read_log(layout).cut_lines == 0


def test_known_losses_survive_the_loss_of_the_log(three_parts):
    """A repair of the log takes them from the notes of earlier repairs."""
    part = next(three_parts.glob("metric/*/*-1.parquet"))
    part.unlink()
    with RecordStore(RecordStoreConfig(three_parts)) as store:
        store.apply_repairs(store.plan_repairs(), dry_run=False)
        known = [(g.start_sequence, g.end_sequence) for g in store.damage()]
        (three_parts / "_parts.jsonl").unlink()
        store.apply_repairs(store.plan_repairs(), dry_run=False)
        again = [(g.start_sequence, g.end_sequence) for g in store.damage()]

    assert known == again == [(1, 5)]


def test_a_flipped_space_behind_a_mark_is_found(open_store, add_points, root):
    """Every byte of a mark is compared, not only those that mean something."""
    store = open_store()
    add_points(store, 3)
    store.flush()
    lock = next(root.glob("_wal/*/lock"))
    raw = bytearray(lock.read_bytes())
    raw[-5] ^= 1
    lock.write_bytes(raw)
    issues = store.check_integrity().issues

    assert [(issue.severity, issue.code) for issue in issues] == [
        ("warning", "writer_mark_damaged")
    ]
    assert str(lock) in issues[0].message


def test_a_damaged_index_is_a_warning_and_changes_no_answer(three_parts):
    """Figures of the index prove themselves; rebuild_indexes helps."""
    with RecordStore(RecordStoreConfig(three_parts)) as store:
        before = store.metric_summaries()
    path = three_parts / "_index.sqlite"
    raw = bytearray(path.read_bytes())
    rng = random.Random(5)
    for _ in range(200):
        raw[rng.randrange(4096, len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(raw)
    with RecordStore(RecordStoreConfig(three_parts, read_only=True)) as store:
        report = store.check_integrity()
        during = store.metric_summaries()
    with RecordStore(RecordStoreConfig(three_parts)) as store:
        store.rebuild_indexes()
        after = store.check_integrity()

    assert [(i.severity, i.code) for i in report.issues] == [("warning", "index_damaged")]
    assert report.recommendations == ("rebuild_indexes",)
    assert during == before
    assert after.healthy


def test_a_newer_line_in_a_note_file_is_refused_by_name(three_parts):
    """A release that does not know a format changes nothing."""
    from contexta.contract.errors import SchemaVersionError

    layout = Layout(three_parts)
    with FileLock(layout.lock):
        append_line(layout, {"version": 99}, layout.erasures)
    with RecordStore(RecordStoreConfig(three_parts, read_only=True)) as store:
        with pytest.raises(SchemaVersionError) as caught:
            store.erased()
        count = len(list(store.scan(ScanFilter(run_ref="run:demo.a"))))

    assert caught.value.code == "record_audit_format_unsupported"
    assert count == 5


def test_a_set_of_numbers_counts_those_that_come_twice_and_knows_those_that_are_missing():
    """Compared with Python's own set, for dense, sparse and repeated numbers."""
    rng = random.Random(20260101)
    for size, span in ((0, 10), (3, 10), (5000, 6000), (5000, 900_000), (20_000, 9000)):
        numbers = [rng.randrange(1, span) for _ in range(size)]
        seen = SequenceSet(limit=10)
        half = size // 2
        seen.add(pa.array(numbers[:half], pa.int64()))
        seen.add(pa.chunked_array([pa.array(numbers[half:], pa.int64())]))
        seen.add_range(span, span + 9000)
        known = {*numbers, *range(span, span + 9001)}
        missing = [n for a, b in seen.missing(1, span + 10_000) for n in range(a, b + 1)]

        assert seen.twice_count == size - len(set(numbers))
        assert len(seen.twice) == min(10, seen.twice_count)
        assert missing == [n for n in range(1, span + 10_001) if n not in known]


def test_nothing_that_a_repair_writes_names_the_folder_of_the_store(three_parts):
    """A store can be moved: no path in it is absolute."""
    parts = sorted(three_parts.glob("metric/*/*.parquet"))
    parts[0].unlink()
    parts[1].write_bytes(parts[1].read_bytes()[:-20])
    with RecordStore(RecordStoreConfig(three_parts)) as store:
        store.apply_repairs(store.plan_repairs(), dry_run=False)
        store.release_quarantine(store.list_quarantine()[0], confirmed=True)
        store.apply_erasure(store.plan_erasure(run_refs=["run:demo.c"]))
    texts = [p.read_bytes() for p in three_parts.rglob("*") if p.is_file()]

    assert not any(str(three_parts).encode() in text for text in texts)
