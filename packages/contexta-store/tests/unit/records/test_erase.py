"""What is erased is in no byte of any file, and everything else stays."""

import os
import shutil
import sqlite3

import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ReadOnlyStoreError, StoreError, ValidationError
from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter, SeriesContext
from contexta.store.records._decode import SegmentDecoder
from contexta.store.records._erase_log import hashed_subject
from contexta.store.records._frames import SEGMENT_HEADER_BYTES

MARKER = "zebramarker"
MARKED = f"run:demo.{MARKER}"
OTHER = "run:demo.other"
START_US = 1_700_000_000_000_000


def files_with(root, text):
    """Return the files that hold a text, in their bytes or in what those mean."""
    found = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        meanings = [raw]
        if raw[:4] == b"PAR1":
            meanings.append(str(pq.read_table(path, partitioning=None).to_pylist()).encode())
            meanings.append(str(pq.read_metadata(path).to_dict()).encode())
            texts = [field.name for field in pq.read_schema(path) if str(field.type) == "string"]
            table = pq.read_table(path, partitioning=None, read_dictionary=texts)
            chunks = [chunk for name in texts for chunk in table[name].chunks]
            meanings += [str(c.dictionary.to_pylist()).encode() for c in chunks]
        elif path.suffix == ".seg":
            decoder = SegmentDecoder()
            decoder.advance(raw[SEGMENT_HEADER_BYTES:])
            meanings.append(str(decoder.defines).encode())
        elif path.name == "_index.sqlite":
            with sqlite3.connect(path) as connection:
                meanings.append("".join(connection.iterdump()).encode())
            connection.close()
        if any(text.encode() in meaning for meaning in meanings):
            found.append(path.relative_to(root).as_posix())
    return found


def records_of(run_ref, number, *, note="", **envelope):
    """Return one record of each type; free texts end in the name of the run and a note."""
    run = run_ref.rsplit(".", 1)[1]
    text = f"of {run} {note}"
    made = {
        "metric": (builders.metric_record, builders.metric_payload(tags={"who": text})),
        "event": (
            builders.structured_event_record,
            builders.structured_event_payload(message=text, attributes={"who": text}),
        ),
        "span": (builders.trace_span_record, builders.trace_span_payload(span_name=text)),
        "degraded": (builders.degraded_record, builders.degraded_payload(summary=text)),
    }
    return [
        build(
            envelope=builders.record_envelope(
                kind,
                record_ref=f"record:demo.{run}.{kind}{number}",
                run_ref=run_ref,
                stage_execution_ref=f"stage:demo.{run}.train",
                **envelope,
            ),
            payload=payload,
        )
        for kind, (build, payload) in made.items()
    ]


@pytest.fixture(scope="module")
def sealed_mix(tmp_path_factory):
    """A store whose parts, some of them compacted, hold two runs side by side; to copy."""
    root = tmp_path_factory.mktemp("mix") / "records"
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        for number in range(3):
            store.append_many(records_of(MARKED, number) + records_of(OTHER, number))
            for run in (MARKED, OTHER):
                series = store.writer().define_series(SeriesContext(run, "demo"), "loss")
                for step in range(20):
                    store.writer().append_point(series, START_US + step, step / 8, step)
            store.seal()
            if number == 1:
                store.compact(full=True)
        store.metric_summaries()
    return root


@pytest.fixture
def mixed(open_store, sealed_mix, root):
    """The same with a live segment of both runs."""
    shutil.copytree(sealed_mix, root)
    store = open_store()
    store.append_many(records_of(MARKED, 9) + records_of(OTHER, 9))
    return store


def numbers_of(store, run=None):
    return [(s.sequence, s.record_ref) for s in store.scan(ScanFilter(run_ref=run))]


def test_an_erased_run_is_in_no_byte_of_any_file(mixed, root):
    """Neither parts, dictionaries, log, index, staging, replaced parts nor segments name it."""
    others = numbers_of(mixed, OTHER)
    before = files_with(root, MARKER)
    plan = mixed.plan_erasure(run_refs=[MARKED])
    report = mixed.apply_erasure(plan, anonymous=True)

    assert len(before) > 5
    assert plan.rows == report.rows == 4 * 4 + 3 * 20
    assert files_with(root, MARKER) == []
    assert numbers_of(mixed) == others
    assert mixed.metric_summaries(run_refs=[MARKED]) == ()


def test_erased_numbers_are_a_fact_and_no_damage(mixed):
    """The check is clean, a strict replay works, and what is gone can be asked for."""
    mixed.apply_erasure(mixed.plan_erasure(run_refs=[MARKED]))
    erased = mixed.erased()

    assert mixed.check_integrity().issues == ()
    assert mixed.replay().integrity_state.value == "HEALTHY"
    assert sum(item.count for item in erased) == 4 * 4 + 3 * 20
    assert {item.reason for item in erased} == {"erasure"}
    assert {item.subjects for item in erased} == {(MARKED,)}
    assert {item.record_type for item in erased} == {"metric", "event", "span", "degraded"}


def test_an_anonymous_note_names_a_salted_hash_that_can_be_verified(mixed):
    """Who knows the name can prove the erasure; the file does not tell it."""
    mixed.apply_erasure(mixed.plan_erasure(run_refs=[MARKED]), anonymous=True)
    (subject,) = mixed.erased()[0].subjects
    _, salt, _ = subject.split(":")

    assert MARKER not in subject
    assert hashed_subject(MARKED, salt) == subject
    assert hashed_subject(OTHER, salt) != subject


def test_a_plan_changes_nothing_and_prints_what_would_go(mixed, root):
    """The plan names types, projects, records and what it cannot reach."""
    mixed.flush()  # else the background sync changes the mark of the writer meanwhile
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    plan = mixed.plan_erasure(run_refs=[MARKED])
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    text = str(plan)

    assert after == before
    assert plan.places()["event", "demo"] == 3
    assert "76 records go" in text
    assert "metric/demo: 63 records of 2 parts" in text
    assert "the own writer is sealed first" in text
    assert "Backups, exports, copies" in text


def test_records_of_a_sample_go_and_mentions_go_only_when_asked(open_store):
    """Others that name the sample are counted; include_mentions takes them, too."""
    store = open_store()
    sample = f"sample:demo.other.train.{MARKER}"
    store.append_many(records_of(OTHER, 1, sample_observation_ref=sample))
    store.append_many(records_of(OTHER, 2, note=f"see {sample}."))
    store.append_many(records_of(OTHER, 3, note=f"see {sample}-2"))
    store.seal()
    plan = store.plan_erasure(sample_refs=[sample])
    with_mentions = store.plan_erasure(sample_refs=[sample], include_mentions=True)
    store.apply_erasure(plan)
    left = store.replay().record_count
    again = store.plan_erasure(sample_refs=[sample], include_mentions=True)
    store.apply_erasure(again)

    assert plan.rows == 4
    assert plan.mentions == {"metric": 1, "event": 1, "span": 1, "degraded": 1}
    assert with_mentions.rows == 8
    assert left == 8
    assert [s.record_ref[-1] for s in store.scan()] == ["3"] * 4


def test_only_records_before_an_instant_go_when_one_is_given(open_store):
    """`before` compares the recorded instant."""
    store = open_store()
    for number, instant in enumerate(("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z")):
        records = records_of(OTHER, number, recorded_at=instant, observed_at=instant)
        store.append_many(records)
    plan = store.plan_erasure(before="2026-01-01T00:00:00.4Z")
    store.apply_erasure(plan)

    assert plan.rows == 4
    assert {s.record_ref[-1] for s in store.scan()} == {"1"}


def test_what_a_dead_writer_left_is_sealed_and_erased_with_its_quarantined_bytes(
    open_store, root, leave_unsealed
):
    """Segments, torn tails and copies of damaged segments go, too."""
    store = open_store()
    store.append_many(records_of(MARKED, 1) + records_of(OTHER, 1))
    leave_unsealed(store)
    (segment,) = root.rglob("*.seg")
    raw = bytearray(segment.read_bytes())
    raw[raw.index(b"of zebramarker") + 3] ^= 1
    segment.write_bytes(raw)
    with RecordStore(RecordStoreConfig(root)) as store:
        store.recover_dead_writers()
        held = files_with(root / "_quarantine", MARKER)
        plan = store.plan_erasure(run_refs=[MARKED])
        report = store.apply_erasure(plan, anonymous=True)

    assert len(held) == 1
    assert plan.quarantined == report.removed_files == (f"_quarantine/{held[0]}",)
    assert files_with(root, MARKER) == []


def test_a_running_process_that_holds_such_records_is_in_the_way(open_store, root, fork):
    """The plan says so, nothing is changed, and it works once the process is done."""
    store = open_store()
    store.append_many(records_of(MARKED, 1))
    store.seal()
    ready, told = os.pipe()
    wait, go = os.pipe()
    pid = fork()
    if pid == 0:
        with RecordStore(RecordStoreConfig(root)) as other:
            other.append_many(records_of(MARKED, 2))
            os.write(told, b".")
            os.read(wait, 1)
        os._exit(0)
    os.read(ready, 1)
    plan = store.plan_erasure(run_refs=[MARKED])
    with pytest.raises(StoreError) as caught:
        store.apply_erasure(plan)
    count = store.replay().record_count
    os.write(go, b".")
    os.waitpid(pid, 0)
    store.apply_erasure(store.plan_erasure(run_refs=[MARKED]))

    assert [blocker.code for blocker in plan.blockers] == ["living_writer"]
    assert caught.value.code == "record_store_erasure_blocked"
    assert caught.value.retryable
    assert count == 8
    assert files_with(root, MARKER) == ["_erased.jsonl"]


def test_a_damaged_part_that_may_hold_such_records_is_in_the_way(mixed, root):
    """Nobody can say that all is erased while a part cannot be read."""
    part = max(root.glob("metric/*/*.parquet"), key=lambda path: path.stat().st_size)
    part.write_bytes(part.read_bytes()[:-9])
    plan = mixed.plan_erasure(run_refs=[MARKED])
    with pytest.raises(StoreError) as caught:
        mixed.apply_erasure(plan)

    assert [blocker.path for blocker in plan.blockers] == [str(part)]
    assert caught.value.code == "record_store_erasure_blocked"


def test_a_plan_that_lists_less_than_there_is_now_is_refused(mixed):
    """Nothing goes that nobody has seen in a plan; a rerun of the same plan is harmless."""
    plan = mixed.plan_erasure(run_refs=[MARKED])
    mixed.append_many(records_of(MARKED, 10))
    with pytest.raises(StoreError) as caught:
        mixed.apply_erasure(plan)
    fresh = mixed.plan_erasure(run_refs=[MARKED])
    first, second = mixed.apply_erasure(fresh), mixed.apply_erasure(fresh)

    assert caught.value.code == "record_store_plan_stale"
    assert (first.rows, second.rows) == (80, 0)


def test_a_compaction_between_plan_and_erasure_does_not_matter(mixed, root):
    """Parts may change as long as the records are the same."""
    plan = mixed.plan_erasure(run_refs=[MARKED])
    mixed.seal()
    mixed.compact(full=True)
    report = mixed.apply_erasure(plan, anonymous=True)

    assert report.rows == plan.rows
    assert files_with(root, MARKER) == []


@pytest.mark.parametrize("targets", [{}, {"run_refs": ["demo"]}, {"sample_refs": [MARKED]}])
def test_an_erasure_of_nothing_or_of_no_reference_is_refused(store, targets):
    """A typing error must not erase everything or nothing."""
    with pytest.raises(ValidationError):
        store.plan_erasure(**targets)


def test_a_read_only_store_plans_and_erases_nothing(mixed, root, open_store):
    """Read-only is absolute."""
    mixed.close()
    reading = open_store(read_only=True)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    plan = reading.plan_erasure(run_refs=[MARKED])
    with pytest.raises(ReadOnlyStoreError):
        reading.apply_erasure(plan)

    assert plan.rows == 76
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def erase_marked(root):
    with RecordStore(RecordStoreConfig(root)) as store:
        store.apply_erasure(store.plan_erasure(run_refs=[MARKED]), anonymous=True)


def test_an_erasure_that_is_killed_anywhere_is_finished_by_the_next(
    mixed, root, tmp_path, killed_before, kill_numbers
):
    """Others stay readable at every instant, and a second run leaves no trace."""
    others = numbers_of(mixed, OTHER)
    mixed.close()
    wrong = []
    for number in kill_numbers(151):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(root, copy)
        killed = killed_before(number, erase_marked, copy)
        with RecordStore(RecordStoreConfig(copy, read_only=True)) as reading:
            between = numbers_of(reading, OTHER)
        with RecordStore(RecordStoreConfig(copy)) as store:
            store.apply_erasure(store.plan_erasure(run_refs=[MARKED]), anonymous=True)
            counted = sum(item.count for item in store.erased())
            clean = store.check_integrity().issues == ()
        if between != others or files_with(copy, MARKER) or counted != 76 or not clean:
            wrong.append((number, between == others, files_with(copy, MARKER), counted))
        shutil.rmtree(copy)
        if not killed:
            break

    assert wrong == []
    assert number > 200


def test_a_lost_part_of_an_erased_run_cannot_come_back_from_a_copy(
    open_store, add_points, root, tmp_path
):
    """What a repair wrote down about it goes, too."""
    store = open_store()
    add_points(store, 5, run=MARKED)
    store.seal()
    add_points(store, 5, run=OTHER)
    store.seal()
    part = next(root.glob("metric/*/*-1.parquet"))
    copy = shutil.copy(part, tmp_path / "copy.parquet")
    part.unlink()
    store.apply_repairs(store.plan_repairs(), dry_run=False)
    named = files_with(root, MARKER)
    store.apply_erasure(store.plan_erasure(run_refs=[MARKED]), anonymous=True)
    with pytest.raises(StoreError) as caught:
        store.supply_part(copy)

    assert named == ["_parts.jsonl", "_repairs.jsonl"]
    assert files_with(root, MARKER) == []
    assert caught.value.code == "record_store_part_unknown"
