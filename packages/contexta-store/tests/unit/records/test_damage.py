"""A bit flip, cut or deletion is our error naming the file, or harmless; never a wrong value."""

import shutil

import pytest

from contexta.contract.errors import ContextaError, RecordError
from contexta.store.records import (
    IntegrityState,
    RecordStore,
    RecordStoreConfig,
    ReplayError,
    ReplayMode,
    ScanFilter,
)


def wrong_answers(path, step, read, expected):
    """Flip a bit of every n-th byte; return where that gives other records without an error."""
    good = path.read_bytes()
    wrong = []
    for position in range(0, len(good), step):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        try:
            if read() != expected:
                wrong.append(position)
        except ContextaError:
            continue
    return wrong


def test_flipped_bits_all_over_a_part_are_found_by_an_ordinary_read(sealed_part, read_all):
    """A bit of every 29th byte, each in turn: our error naming the file."""
    good = sealed_part.read_bytes()
    silent = []
    for position in range(0, len(good), 29):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        sealed_part.write_bytes(bad)
        try:
            read_all()
        except RecordError as error:
            if sealed_part.name not in str(error):
                silent.append(position)
        else:
            silent.append(position)

    assert silent == []


def test_flips_in_a_large_part_are_found_although_only_its_footer_is_hashed(
    store, add_points, root, monkeypatch, read_all
):
    """Block checksums cover the data and its page headers, a hash page index and footer."""
    from contexta.store.records import _part_read

    add_points(store, 400)
    store.close()
    (part,) = root.rglob("part-*.parquet")
    expected = read_all()
    monkeypatch.setattr(_part_read, "_WHOLE_HASH_BYTES", 0)

    assert wrong_answers(part, 23, read_all, expected) == []


def test_a_flipped_bit_in_any_byte_of_a_segment_is_found_or_harmless(segment, read_all):
    """A bit of every byte, each in turn: no change of an unsealed segment gives a wrong value."""
    expected = read_all()

    assert wrong_answers(segment, 1, read_all, expected) == []


def test_damage_in_the_middle_of_a_segment_leaves_the_later_records_readable(holed_segment, root):
    """The hole is a known gap with its numbers; what follows is found again."""
    store = RecordStore(RecordStoreConfig(root, read_only=True))
    seen = []
    with pytest.raises(RecordError) as caught:
        seen.extend(s.sequence for s in store.scan())
    tolerant = store.replay(mode="tolerant")
    (gap,) = tolerant.known_gaps

    assert seen == [1, 2, 3]
    assert caught.value.details["path"] == str(holed_segment)
    assert [s.sequence for s in tolerant.records] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert (gap.code, gap.start_sequence, gap.end_sequence) == ("invalid_json_line", 4, 4)
    assert tolerant.integrity_state is IntegrityState.CORRUPTED
    assert [g.code for g in store.damage()] == ["invalid_json_line"]


def test_a_sealed_hole_stays_known_and_the_damaged_segment_is_kept_aside(holed_segment, root):
    """Sealing does not launder damage: the range stays a gap, the bytes go to quarantine."""
    raw = holed_segment.read_bytes()
    with RecordStore(RecordStoreConfig(root)) as store:
        store.recover_dead_writers()
        scanned = [s.sequence for s in store.scan()]
        report = store.check_integrity()
        with pytest.raises(ReplayError):
            store.replay()

    assert scanned == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert [(i.severity, i.code) for i in report.issues] == [("warning", "sequence_gap")]
    assert report.state is IntegrityState.DEGRADED
    assert [p.read_bytes() for p in (root / "_quarantine").iterdir()] == [raw]


def test_a_torn_tail_of_a_dead_writer_is_cut_counted_and_kept_aside(segment, root, read_all):
    """The cut record was never confirmed; everything before it is, and writing goes on."""
    raw = segment.read_bytes()
    segment.write_bytes(raw + raw[-56:-26])
    readable = read_all()
    with RecordStore(RecordStoreConfig(root)) as store:
        before = store.check_integrity()
        (dead,) = store.recover_dead_writers()
        after = store.check_integrity()
        numbers = [s.sequence for s in store.scan()]

    assert len(readable) == 3
    assert [issue.code for issue in before.issues] == ["truncated_line"]
    assert before.recommendations == ("repair_truncated_tails",)
    assert (dead.record_count, dead.torn_bytes) == (3, 30)
    assert after.healthy
    assert numbers == [1, 2, 3]
    assert [p.read_bytes() for p in (root / "_quarantine").iterdir()] == [raw[-56:-26]]


def test_an_append_after_a_torn_tail_is_never_joined_to_it(segment, root, metric):
    """A new writer has a file of its own, so a torn tail poisons nothing."""
    segment.write_bytes(segment.read_bytes()[:-10] + b"")
    with RecordStore(RecordStoreConfig(root)) as store:
        store.append(metric(9))
        refs = [s.record_ref for s in store.replay(mode="tolerant").records]

    assert refs[-1] == "record:demo.run-1.m9"


def test_a_part_of_another_type_or_run_does_not_matter(sealed_part, root):
    """A filter that does not touch the damage reads on."""
    sealed_part.write_bytes(b"PAR1 no parquet PAR1")
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        events = list(store.scan(ScanFilter(record_type="event")))
        other = list(store.scan(ScanFilter(run_ref="run:demo.other")))

    assert events == other == []


def test_tolerant_replay_reports_a_number_that_occurs_twice(segment, root):
    """A duplicated writer folder is found by the check and does not stop a replay."""
    twin = segment.parent.with_name("0" * 32)
    shutil.copytree(segment.parent, twin)
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        result = store.replay(mode=ReplayMode.TOLERANT)
        report = store.check_integrity()

    assert result.record_count == 6
    assert {issue.code for issue in report.issues} == {"duplicate_sequence"}


def test_a_newer_format_is_refused_by_name(segment, root):
    """No byte changes when a newer release wrote a file."""
    from zlib import crc32

    from contexta.contract.errors import SchemaVersionError

    raw = bytearray(segment.read_bytes())
    raw[8] = 2
    raw[60:64] = crc32(raw[:60]).to_bytes(4, "little")
    segment.write_bytes(raw)
    with RecordStore(RecordStoreConfig(root)) as store:
        with pytest.raises(SchemaVersionError):
            list(store.scan())
        with pytest.raises(SchemaVersionError):
            store.recover_dead_writers()

    assert segment.read_bytes() == raw


def test_a_hostile_part_is_refused_before_its_data_is_read(sealed_part, root, tmp_path, read_all):
    """Foreign Parquet with extension types or other columns is our error."""
    import hashlib
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    from contexta.store.records._marks import opened_json, sealed_json

    pq.write_table(pa.table({"sequence": ["not", "a", "number"]}), sealed_part)
    raw = sealed_part.read_bytes()
    log = root / "_parts.jsonl"
    entry = opened_json(log.read_bytes().strip())
    entry["parts"][0].update(size=len(raw), sha256=hashlib.sha256(raw).hexdigest())
    log.write_bytes(sealed_json(entry) + b"\n")
    with pytest.raises(RecordError) as caught:
        read_all()

    assert json.loads(json.dumps(caught.value.to_dict()))["code"] == "record_scan_part_damaged"
    assert "sequence" in str(caught.value)


def test_repairing_a_torn_tail_reports_what_it_did(segment, root):
    """The bytes are kept aside, the check is clean, strict replay works; a second run has nothing
    to do."""
    segment.write_bytes(segment.read_bytes() + b"\xc7\xa1\x01")
    with RecordStore(RecordStoreConfig(root)) as store:
        with pytest.raises(ReplayError):
            store.replay()
        report = store.repair_truncated_tails()
        again = store.repair_truncated_tails()
        replayed = store.replay()
        quarantined = [
            (root / "_quarantine" / path).read_bytes() for path in report.quarantined_paths
        ]

    assert report.success
    assert report.repaired_segments == (1,)
    assert report.notes == ("repair_truncated_tails_completed",)
    assert report.integrity_state is IntegrityState.HEALTHY
    assert quarantined == [b"\xc7\xa1\x01"]
    assert replayed.record_count == 3
    assert not again.success


def test_a_tail_behind_other_damage_is_left_alone_with_a_warning(segment, root):
    """The repair of tails touches tails only."""
    raw = bytearray(segment.read_bytes() + b"\xc7\xa1\x01")
    raw[-3 - 2 * 56 + 30] ^= 1
    segment.write_bytes(raw)
    with RecordStore(RecordStoreConfig(root)) as store:
        report = store.repair_truncated_tails()

    assert not report.success
    assert len(report.warnings) == 1
    assert segment.read_bytes() == raw


@pytest.mark.parametrize("step", ["append_line", "_remove"])
def test_a_seal_that_dies_between_its_steps_is_finished_by_the_next(
    store, add_points, root, monkeypatch, step
):
    """Before the log line the segment counts, behind it the parts; never both, never neither."""
    from contexta.store.records import _background, _catalogue, _seal

    # Nobody else may finish it in between.
    monkeypatch.setattr(_background.WriterThreads, "_start_sealing", lambda threads: None)
    add_points(store, 50)

    def dies(*arguments):
        raise KeyboardInterrupt

    module = _seal if step == "_remove" else _catalogue
    original = getattr(module, step)
    monkeypatch.setattr(module, step, dies)
    with pytest.raises(KeyboardInterrupt):
        store.seal()
    monkeypatch.setattr(module, step, original)
    left = list(root.rglob("*.seg")), list(root.rglob("part-*.parquet"))
    between = [s.sequence for s in store.scan()], store.check_integrity().issues
    store.seal()

    assert [len(files) for files in left] == [1, 1]
    assert between == (list(range(1, 51)), ())
    assert [s.sequence for s in store.scan()] == list(range(1, 51))
    assert not list(root.rglob("*.seg"))
    assert store.check_integrity().issues == ()
