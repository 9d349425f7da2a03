"""Repairs keep what verifies, make the rest a known gap, and never do anything silently."""

import json
import shutil

import pytest

from contexta.contract.errors import ReadOnlyStoreError, RecordError, ValidationError
from contexta.store.records import (
    IntegrityState,
    RecordStore,
    RecordStoreConfig,
    ReplayError,
    ScanFilter,
    SeriesContext,
    apply_repairs,
    plan_repairs,
)
from contexta.store.records._marks import opened_json

OTHER = "run:demo.other"


def numbers_of(store, **wanted):
    return [s.sequence for s in store.scan(ScanFilter(**wanted))]


def repaired(store, **options):
    """Plan, apply, and return the report."""
    return store.apply_repairs(store.plan_repairs(), dry_run=False, **options)


def damage(path, start, length=40):
    raw = bytearray(path.read_bytes())
    raw[start : start + length] = b"\0" * length
    path.write_bytes(raw)


@pytest.fixture
def two_parts(open_store, add_points, root):
    """A store with a metric part of two runs; returns it with the file of the first."""
    store = open_store(compact_small_parts=False)
    add_points(store, 30)
    store.seal()
    add_points(store, 30, run=OTHER)
    store.seal()
    first = min(root.glob("metric/*/*.parquet"), key=lambda p: int(p.stem.rsplit("-", 1)[1]))
    return store, first


def test_a_healthy_store_needs_no_repair(two_parts):
    """Planning and applying nothing changes nothing."""
    store, _ = two_parts
    plan = store.plan_repairs()
    report = store.apply_repairs(plan, dry_run=False)

    assert (plan.steps, str(plan)) == ((), "nothing to repair")
    assert (report.success, report.notes, report.warnings) == (False, (), ())


@pytest.mark.parametrize("place", ["data", "footer", "two bits", "tail of garbage"])
def test_flipped_bits_are_mended_with_proof_and_nothing_is_lost(two_parts, place):
    """The SHA-256 of the log tells that the content is right again."""
    store, part = two_parts
    good = part.read_bytes()
    bad = bytearray(good)
    if place == "tail of garbage":
        bad += b"garbage"
    else:
        bad[len(good) - 500 if place == "footer" else 700] ^= 4
    if place == "two bits":
        bad[len(good) - 400] ^= 64
    part.write_bytes(bad)
    found = store.check_integrity()
    report = repaired(store)

    assert found.state is IntegrityState.CORRUPTED
    assert "apply_repairs" in found.recommendations
    assert report.success
    assert part.read_bytes() == good
    assert store.check_integrity().healthy
    assert len(numbers_of(store)) == 60
    assert [item.reason for item in store.list_quarantine()] == ["part_healed"]


def test_a_dry_run_is_the_default_and_changes_nothing(two_parts, root):
    """It says what would be done."""
    store, part = two_parts
    damage(part, 700)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    report = store.apply_repairs(store.plan_repairs())
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    assert after == before
    assert not report.success
    assert len(report.notes) == 1
    assert report.notes[0].startswith("would repair_part:")


def test_a_destroyed_part_becomes_a_known_gap_and_the_original_is_kept(two_parts, root):
    """Other runs stay whole; the gap names numbers, file and reason, before and after."""
    store, part = two_parts
    damage(part, 300, 4000)
    bad = part.read_bytes()
    report = repaired(store, actor="ops")
    check = store.check_integrity()
    with pytest.raises(ReplayError):
        store.replay()
    tolerant = store.replay(mode="tolerant")
    (gap,) = tolerant.known_gaps
    (line,) = (opened_json(raw) for raw in (root / "_repairs.jsonl").read_bytes().splitlines())

    assert report.success
    assert [(root / path).read_bytes() for path in report.quarantined_paths] == [bad]
    assert check.state is IntegrityState.DEGRADED
    assert [(issue.severity, issue.code) for issue in check.issues] == [("warning", "sequence_gap")]
    assert (gap.start_sequence, gap.end_sequence) == (1, 30)
    assert gap.details["reason"] == "part_lost"
    assert store.replay(ScanFilter(run_ref=OTHER)).record_count == 30
    assert numbers_of(store) == list(range(31, 61))
    assert (line["actor"], line["how"], line["lost"]) == ("ops", "lost", 30)
    assert repaired(store).notes == ()


def test_a_missing_part_is_recorded_as_lost_and_comes_back_from_a_right_copy(
    two_parts, root, tmp_path
):
    """supply_part closes the gap again; a wrong file is refused."""
    store, part = two_parts
    copy = shutil.copy(part, tmp_path / "copy.parquet")
    wrong = tmp_path / "wrong.parquet"
    wrong.write_bytes(copy.read_bytes()[:-1])
    part.unlink()
    repaired(store)
    lost = numbers_of(store)
    with pytest.raises(RecordError) as caught:
        store.supply_part(wrong)
    where = store.supply_part(copy)

    assert lost == list(range(31, 61))
    assert caught.value.code == "record_store_part_unknown"
    assert root / where == part
    assert numbers_of(store) == list(range(1, 61))
    assert store.check_integrity().issues == ()


def test_a_right_copy_heals_a_damaged_part_at_once(two_parts, tmp_path):
    """No repair has to come before."""
    store, part = two_parts
    copy = shutil.copy(part, tmp_path / "copy.parquet")
    damage(part, 300, 4000)
    store.supply_part(str(copy))

    assert store.check_integrity().issues == ()
    assert store.replay().record_count == 60


def test_readable_row_groups_of_a_large_part_are_kept(open_store, root, monkeypatch, tmp_path):
    """What the damaged block does not touch goes to a new part; the copy brings all back."""
    import random

    from contexta.store.records import _compact_merge, _part_file

    monkeypatch.setattr(_part_file, "ROW_GROUP_ROWS", 2000)
    monkeypatch.setattr(_compact_merge, "ROW_GROUP_ROWS", 2000)
    rng = random.Random(3)
    store = open_store(compact_small_parts=False)
    writer = store.writer()
    for run in ("a", "b", "c"):
        series = writer.define_series(SeriesContext(f"run:demo.{run}", "demo"), "loss")
        for step in range(6_000):
            writer.append_point(series, 1_700_000_000_000_000 + step, rng.random(), step)
    store.seal()
    (part,) = root.glob("metric/*/*.parquet")
    copy = shutil.copy(part, tmp_path / "copy.parquet")
    damage(part, 10_000, 300)
    report = repaired(store)
    kept = store.arrow("metric", columns=["sequence"]).num_rows
    gaps = sum(gap.end_sequence - gap.start_sequence + 1 for gap in store.damage())
    (note,) = report.notes
    store.supply_part(copy)

    assert 0 < kept < 18_000
    assert kept + gaps == 18_000
    assert f"{kept} records of" in note
    assert store.arrow("metric", columns=["sequence"]).num_rows == 18_000
    assert store.check_integrity().issues == ()


@pytest.mark.parametrize("change", ["flip", "cut", "delete", "one of two"])
def test_a_damaged_log_is_rebuilt_from_the_footers_of_the_parts(two_parts, root, change):
    """After it every part is named again, the check is clean, and erasures still work."""
    store, _ = two_parts
    log = root / "_parts.jsonl"
    raw = bytearray(log.read_bytes())
    if change == "flip":
        raw[len(raw) // 4] ^= 1
    if change == "one of two":
        raw = raw[raw.index(b"\n") + 1 :]
    if change == "delete":
        log.unlink()
    else:
        log.write_bytes(raw[: len(raw) // 4] if change == "cut" else raw)
    before = store.check_integrity()
    report = repaired(store)

    assert "manifest_sequence_mismatch" in {issue.code for issue in before.issues}
    assert report.success
    assert store.check_integrity().issues == ()
    assert numbers_of(store) == list(range(1, 61))
    assert store.apply_erasure(store.plan_erasure(run_refs=[OTHER])).rows == 30
    assert store.check_integrity().issues == ()


def test_lost_bookkeeping_and_log_together_never_give_a_number_twice(two_parts, root, metric):
    """The footers of the parts tell the highest number when nothing else does."""
    store, _ = two_parts
    store.close()
    (root / "_parts.jsonl").unlink()
    (root / "_sequence.json").write_bytes(b"garbage")
    with RecordStore(RecordStoreConfig(root)) as store:
        codes = {issue.code for issue in store.check_integrity().issues}
        repaired(store)
        receipt = store.append(metric()).accepted[0]

    assert codes == {"manifest_sequence_mismatch", "sequence_file_damaged"}
    assert receipt.sequence == 61


def test_damage_in_the_middle_of_a_dead_segment_is_sealed_around(holed_segment, root):
    """The frames around it are kept, the original goes to quarantine, the hole is known."""
    raw = holed_segment.read_bytes()
    with RecordStore(RecordStoreConfig(root)) as store:
        plan = store.plan_repairs()
        report = store.apply_repairs(plan, dry_run=False)
        state = store.check_integrity().state
        numbers = numbers_of(store)

    assert [step.kind for step in plan.steps] == ["seal_dead_writer"]
    assert [(root / path).read_bytes() for path in report.quarantined_paths] == [raw]
    assert numbers == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert state is IntegrityState.DEGRADED


@pytest.mark.parametrize("what", ["segment", "folder"])
def test_a_segment_that_is_gone_stays_known_after_the_repair(
    store, add_points, leave_unsealed, root, what
):
    """Its loss is not forgotten with the folder of its writer."""
    add_points(store, 10)
    leave_unsealed(store)
    (segment,) = root.rglob("*.seg")
    segment.unlink() if what == "segment" else shutil.rmtree(segment.parent)
    with RecordStore(RecordStoreConfig(root)) as store:
        before = store.check_integrity().state
        repaired(store)
        after = store.check_integrity()
        again = repaired(store)

    assert before is IntegrityState.CORRUPTED
    assert after.state is IntegrityState.DEGRADED
    assert [issue.code for issue in after.issues] == ["sequence_gap"]
    assert again.notes == ()


def test_a_damaged_marker_is_found_and_written_anew_by_a_repair_of_the_folder(two_parts, root):
    """The functions take the folder, too, for a store that cannot be opened."""
    store, _ = two_parts
    store.close()
    marker = root / "_store.json"
    marker.write_bytes(b"{" + marker.read_bytes())
    with RecordStore(RecordStoreConfig(root, read_only=True)) as store:
        codes = [issue.code for issue in store.check_integrity().issues]
    report = apply_repairs(root, plan_repairs(root), dry_run=False)
    with RecordStore(RecordStoreConfig(root)) as store:
        healthy = store.check_integrity().healthy

    assert codes == ["store_marker_damaged"]
    assert report.success
    assert healthy


def test_damaged_audit_lines_and_marks_are_found(two_parts, root):
    """Bookkeeping that no record depends on is a warning, and repaired."""
    store, _ = two_parts
    store.apply_erasure(store.plan_erasure(run_refs=[OTHER]))
    path = root / "_erased.jsonl"
    raw = bytearray(path.read_bytes())
    raw[40] ^= 1
    path.write_bytes(raw)
    before = store.check_integrity()
    report = repaired(store)

    assert {(i.severity, i.code) for i in before.issues} == {("warning", "audit_line_damaged")}
    assert report.success
    assert [(item.reason, item.count) for item in store.erased()] == [("unknown", 30)]
    assert store.check_integrity().healthy


def test_what_was_damaged_after_the_plan_is_left_with_a_warning(two_parts, root):
    """A repair does what was shown and nothing else."""
    store, part = two_parts
    damage(part, 300, 4000)
    plan = store.plan_repairs()
    second = max(root.glob("metric/*/*.parquet"), key=lambda p: int(p.stem.rsplit("-", 1)[1]))
    damage(second, 300, 4000)
    report = store.apply_repairs(plan, dry_run=False)

    assert len(report.notes) == 1
    assert len(report.warnings) == 1
    assert second.exists()


def test_quarantine_is_listed_and_released_only_when_confirmed(two_parts, root):
    """The last copy does not go by accident, and its end is written down."""
    store, part = two_parts
    damage(part, 300, 4000)
    repaired(store)
    (item,) = store.list_quarantine()
    with pytest.raises(ValidationError) as caught:
        store.release_quarantine(item)
    store.release_quarantine(item.name, confirmed=True)
    with pytest.raises(RecordError):
        store.release_quarantine(item, confirmed=True)
    lines = (root / "_repairs.jsonl").read_text().splitlines()

    assert item.origin == part.relative_to(root).as_posix()
    assert caught.value.code == "record_store_release_not_confirmed"
    assert store.list_quarantine() == ()
    assert json.loads(lines[-1])["entry"]["kind"] == "release_quarantine"


def test_a_read_only_store_repairs_nothing(two_parts, root, tmp_path):
    """Read-only is absolute; a dry run still says what would help."""
    store, part = two_parts
    store.close()
    damage(part, 300, 4000)
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reading:
        plan = reading.plan_repairs()
        dry = reading.apply_repairs(plan)
        with pytest.raises(ReadOnlyStoreError):
            reading.apply_repairs(plan, dry_run=False)
        with pytest.raises(ReadOnlyStoreError):
            reading.supply_part(part)
        with pytest.raises(ReadOnlyStoreError):
            reading.release_quarantine("x", confirmed=True)

    assert len(plan.steps) == len(dry.notes) == 1
