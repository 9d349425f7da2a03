"""What the catalogue of parts promises: replacing, its journal, the condensed log."""

import os
import shutil
import time
from pathlib import Path

import pytest

from contexta.contract.errors import RecordError, SchemaVersionError, StoreAccessError, StoreError
from contexta.store.records import RecordStore, RecordStoreConfig, _journal, _log_write
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._log_write import condense_log
from contexta.store.records._marks import opened_json, sealed_json
from contexta.store.records._parts_log import LogReader, read_log
from contexta.store.records._spans import Span, Spans


@pytest.fixture
def layout(root):
    return Layout(Path(root))


@pytest.fixture
def three_parts(store, add_points, layout):
    """Parts with records 1 to 10, 11 to 20, 21 to 30."""
    for _ in range(3):
        add_points(store, 10)
        store.seal()
    return sorted(read_log(layout).parts.values(), key=lambda part: part.first_sequence)


def sequences(root):
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        return [one.sequence for one in store.scan()]


def test_erased_records_are_no_gap_and_leave_no_copy(store, three_parts, layout, root):
    """No check and no reader misses what was removed on purpose, and no file keeps it."""
    store.compact(full=True)
    (part,) = read_log(layout).parts.values()
    replace_parts(layout, old=[part], new=[], reason="erasure", erased=[(1, 30)])

    assert sequences(root) == []
    assert {gap.code for gap in store.damage()} == set()
    assert "sequence_gap" not in {issue.code for issue in store.check_integrity().issues}
    assert read_log(layout).erased == ((1, 30),)
    assert list(root.rglob("*.parquet")) == []


def test_a_part_is_replaced_once(store, three_parts, layout):
    """Who comes second is told, and may look again."""
    replace_parts(layout, old=three_parts[:1], new=[], reason="erasure", erased=[(1, 10)])
    with pytest.raises(StoreError) as caught:
        replace_parts(layout, old=three_parts[:2], new=[], reason="compaction")

    assert (caught.value.code, caught.value.retryable) == ("record_store_parts_changed", True)
    assert [one.sequence for one in store.scan()] == list(range(11, 31))


def test_what_lies_beside_the_parts_stays(store, three_parts, root):
    """Files of others in a project's folder survive the exchange, and so does its mode."""
    folder = root / "metric" / "project=demo"
    (folder / "notes.txt").write_text("mine")
    folder.chmod(0o750)
    store.compact(full=True)

    assert sorted(path.suffix for path in folder.iterdir()) == [".parquet", ".txt"]
    assert folder.stat().st_mode & 0o777 == 0o750


def test_a_folder_among_the_parts_is_no_obstacle(store, three_parts, root):
    """A folder cannot be linked; then the files move one by one."""
    folder = root / "metric" / "project=demo"
    (folder / "sub").mkdir()
    report = store.compact(full=True)

    assert report.merged == 3
    assert (folder / "sub").is_dir()
    assert sequences(root) == list(range(1, 31))


def test_replaced_parts_go_after_ten_minutes(store, three_parts, add_points, root):
    """They stay for readers that began before, and the next replacement removes them."""
    store.compact(full=True)
    (young,) = (root / "_retired").iterdir()
    kept = sorted(path.name for path in young.rglob("*.parquet"))
    for _ in range(2):
        add_points(store, 1)
        store.seal()
    ago = time.time() - _journal.RETIRED_SECONDS - 1
    os.utime(young, (ago, ago))
    store.compact(full=True)

    assert kept == sorted(Path(part.path).name for part in three_parts)
    assert not young.exists()


def test_a_part_that_counts_is_put_back_before_replaced_ones_go(
    store, three_parts, add_points, layout, root
):
    """A copy that was taken during a replacement may have it among the replaced ones only."""
    aside = root / "_retired" / ("ab" * 16) / three_parts[0].path
    aside.parent.mkdir(parents=True)
    (root / three_parts[0].path).rename(aside)
    between = sequences(root)
    replace_parts(layout, old=three_parts[1:2], new=[], reason="erasure", erased=[(11, 20)])

    assert between == list(range(1, 31))
    assert sequences(root) == [*range(1, 11), *range(21, 31)]
    assert not aside.exists()


def test_a_journal_whose_new_parts_are_gone_is_undone(store, three_parts, layout, root):
    """A copy taken in the middle may lack them; the old ones count, wherever they are."""
    original = _journal.append_line
    _journal.append_line = lambda *arguments: 1 / 0
    try:
        with pytest.raises(ZeroDivisionError):
            store.compact(full=True)
    finally:
        _journal.append_line = original
    for path in (root / "metric").rglob("*.parquet"):
        path.unlink()
    between = sequences(root)
    with RecordStore(RecordStoreConfig(root)) as again:
        issues = again.check_integrity().issues
        merged = again.compact(full=True).merged

    assert (between, sequences(root)) == (list(range(1, 31)),) * 2
    assert (issues, merged) == ((), 3)


def test_a_replacement_that_cannot_be_completed_does_not_keep_the_store_closed(
    store, three_parts, layout, root, monkeypatch, caplog
):
    """A full disk at the wrong moment is logged; reads are right, and the next opener tries."""

    def full(*arguments):
        raise StoreAccessError("No space", code="store_disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(_journal, "append_line", full)
        with pytest.raises(StoreAccessError):
            store.compact(full=True)
        with RecordStore(RecordStoreConfig(root)) as again:
            between = [one.sequence for one in again.scan()]
    pending = layout.journal.exists()
    RecordStore(RecordStoreConfig(root)).close()

    assert (between, sequences(root)) == (list(range(1, 31)),) * 2
    assert "not completed" in caplog.text
    assert (pending, layout.journal.exists()) == (True, False)


@pytest.mark.parametrize("change", ["delete", "flip"])
def test_without_the_log_compacted_rows_count_once(store, three_parts, layout, root, change):
    """The footer of the new part names what it replaces, wherever the old parts are."""
    old = root / three_parts[0].path
    saved = old.read_bytes()
    store.compact(full=True)
    store.close()
    raw = layout.parts_log.read_bytes()
    if change == "delete":
        layout.parts_log.unlink()
    else:
        layout.parts_log.write_bytes(raw[:-40] + b"#" + raw[-39:])
    old.write_bytes(saved)  # as a careless restore does
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reader:
        rows = reader.arrow("metric").num_rows
        codes = {gap.code for gap in reader.damage()}

    assert rows == 30
    assert codes == {"manifest_sequence_mismatch"}


def test_a_damaged_journal_is_kept_aside(store, three_parts, layout, root):
    """The next writable open moves it to quarantine and goes on."""
    layout.journal.write_bytes(b"garbage")
    before = sequences(root)
    with RecordStore(RecordStoreConfig(root)) as again:
        after = [one.sequence for one in again.scan()]

    assert (before, after) == (list(range(1, 31)),) * 2
    assert not layout.journal.exists()
    assert [path.read_bytes() for path in layout.quarantine.iterdir()] == [b"garbage"]


def test_a_journal_cannot_name_files_elsewhere(store, three_parts, layout, root, tmp_path):
    """Paths in it are checked like any input."""
    victim = tmp_path / "victim"
    victim.write_text("keep")
    line = {
        "version": 2,
        "kind": "replace",
        "id": "a",
        "reason": "x",
        "at_us": 1,
        "old": ["../victim"],
        "new": [],
        "erased": [],
    }
    folders = [{"folder": "..", "exchanged": False, "old": ["victim"], "new": []}]
    entry = {"format_version": 1, "line": line, "folders": folders}
    layout.journal.write_bytes(sealed_json(entry))
    RecordStore(RecordStoreConfig(root)).close()

    assert victim.read_text() == "keep"
    assert sequences(root) == list(range(1, 31))


def test_a_condensed_log_says_the_same(store, three_parts, add_points, layout, root):
    """Parts, sealed segments, known gaps and erased ranges are kept; later lines follow."""
    store.compact(full=True)
    before = read_log(layout)
    condense_log(layout)
    after = read_log(layout)
    add_points(store, 10)
    store.seal()
    report = store.check_integrity()

    assert (dict(after.parts), after.sealed_count) == (dict(before.parts), 3)
    assert all(after.is_sealed(segment) for segment in before.entries)
    assert after.highest_sequence == before.highest_sequence == 30
    assert len(layout.parts_log.read_bytes().splitlines()) == 3
    assert (report.issues, report.segment_count, report.record_count) == ((), 4, 40)
    assert sequences(root) == list(range(1, 41))


def test_a_condensed_log_keeps_damaged_lines(store, three_parts, layout):
    """That something is lost stays known until a repair deals with it."""
    lines = layout.parts_log.read_bytes().splitlines()
    layout.parts_log.write_bytes(b"\n".join([lines[0][:-3] + b"###", *lines[1:], b""]))
    condense_log(layout)
    kept = read_log(layout)
    condense_log(layout, keep_damaged=False)

    assert (len(kept.damaged_lines), kept.damaged) == (1, (lines[0][:-3] + b"###",))
    assert read_log(layout).damaged_lines == ()


def test_gaps_between_segments_are_known_after_condensing(store, three_parts, layout, root):
    """A segment that vanished before its line was written stays missed."""
    lines = layout.parts_log.read_bytes().splitlines()
    layout.parts_log.write_bytes(b"\n".join([lines[0], lines[2], b""]))
    (root / three_parts[1].path).unlink()
    found = [gap.to_dict() if hasattr(gap, "to_dict") else gap for gap in store.damage()]
    condense_log(layout)
    condense_log(layout)

    assert [(gap.start_sequence, gap.end_sequence) for gap in store.damage()] == [(11, 20)]
    assert list(store.damage()) == found


def test_the_log_is_condensed_when_it_has_grown(store, add_points, layout, monkeypatch):
    """It does not grow with every segment forever."""
    monkeypatch.setattr(_log_write, "_LEAST_LINES_TO_CONDENSE", 5)
    for _ in range(12):
        add_points(store, 1)
        store.seal()
        store.compact(full=True)

    assert read_log(layout).lines < 10
    assert [one.sequence for one in store.scan()] == list(range(1, 13))


def test_a_reader_notices_a_log_with_the_same_inode(store, three_parts, layout):
    """File systems give a freed number away again."""
    reader = LogReader(layout)
    first = set(reader.read().parts)
    condense_log(layout)
    reader._inode = layout.parts_log.stat().st_ino  # as after two condensations

    assert first == set(reader.read().parts)
    assert reader.read().condensed_count == 3


def test_a_line_of_a_newer_release_is_refused(store, three_parts, layout):
    """An old release does not guess what a new kind of line means."""
    with layout.parts_log.open("ab") as file:
        file.write(sealed_json({"version": 99, "kind": "later"}) + b"\n")
    with pytest.raises(SchemaVersionError):
        store.arrow("metric")


def test_a_stale_segment_beside_a_condensed_log_is_not_read_again(store, add_points, layout, root):
    """A file that a crash left, or a copy brought back, is known to be sealed."""
    add_points(store, 5)
    store.flush()
    (segment,) = root.rglob("*.seg")
    saved = segment.read_bytes()
    store.close()
    condense_log(layout)
    segment.parent.mkdir(exist_ok=True)
    segment.write_bytes(saved)
    before = sequences(root)
    with RecordStore(RecordStoreConfig(root)) as again:
        again.recover_dead_writers()

    assert before == sequences(root) == [1, 2, 3, 4, 5]
    assert not segment.exists()


def test_spans_merge_what_follows_and_find_it_again():
    """Neighbors of one writer become one; others and gaps do not."""
    first, second = "aa" * 16, "bb" * 16
    spans = Spans.of(
        [
            Span(second, 4, 4, 500, 509, 500),
            Span(first, 2, 2, 11, 20, 1),
            Span(first, 1, 1, 1, 10, 1),
            Span(first, 4, 4, 31, 40, 1),
        ]
    )
    again = Spans.from_text(spans.to_text())

    assert list(again) == [
        Span(first, 1, 2, 1, 20, 1),
        Span(first, 4, 4, 31, 40, 1),
        Span(second, 4, 4, 500, 509, 500),
    ]
    assert [SegmentId(first, n) in again for n in (1, 2, 3, 4)] == [True, True, False, True]
    assert SegmentId("cc" * 16, 1) not in again
    with pytest.raises(ValueError, match="middle"):
        Spans(b"short")


def test_a_part_that_is_gone_for_good_is_an_error(store, three_parts, root):
    """Only what was replaced is looked for among the replaced ones."""
    (root / three_parts[0].path).unlink()
    with pytest.raises(RecordError) as caught:
        list(store.scan())

    assert caught.value.details["path"] == str(root / three_parts[0].path)


def test_a_copied_store_completes_the_journal_it_carries(
    store, three_parts, layout, root, tmp_path
):
    """Names decide, not inodes, so a copy of a half-done replacement is completed as well."""
    original = _journal.append_line

    def dies(*arguments):
        raise KeyboardInterrupt

    _journal.append_line = dies
    try:
        with pytest.raises(KeyboardInterrupt):
            store.compact(full=True)
    finally:
        _journal.append_line = original
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    entry = opened_json((copy / "_replace.json").read_bytes())
    between = sequences(copy)
    RecordStore(RecordStoreConfig(copy)).close()

    assert entry["line"]["reason"] == "compaction"
    assert between == sequences(copy) == list(range(1, 31))
    assert len(read_log(Layout(copy)).parts) == 1
    assert not (copy / "_replace.json").exists()
