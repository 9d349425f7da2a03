"""An erasure beside scans that go on, and beside replaced parts that wait for them."""

import pytest

from contexta.contract.errors import RecordError
from contexta.store.records import ScanFilter


def numbers_of(store, run=None):
    return [(s.sequence, s.record_ref) for s in store.scan(ScanFilter(run_ref=run))]


def scan_that_began(store, project):
    """Return a strict scan of a project's points that has read its first part only."""
    reading = store.scan(ScanFilter(run_ref=f"run:{project}.kept"))
    return [next(reading).sequence], reading


@pytest.fixture
def two_projects(open_store, add_points):
    """Two projects with three parts each, which hold two runs side by side."""
    store = open_store(compact_small_parts=False)
    for project in ("near", "far"):
        for _ in range(3):
            add_points(store, 5, run=f"run:{project}.kept", project=project)
            add_points(store, 5, run=f"run:{project}.gone", project=project)
            store.seal()
    return store


def test_an_erasure_leaves_what_scans_of_other_projects_still_read(two_projects, root):
    """Replaced parts of other projects wait for readers; those of its own go at once."""
    found, reading = scan_that_began(two_projects, "far")
    two_projects.compact(full=True)
    two_projects.apply_erasure(two_projects.plan_erasure(run_refs=["run:near.gone"]))
    found += [record.sequence for record in reading]

    assert len(set(found)) == 15
    assert list(root.glob("_retired/*/metric/project=far/*.parquet")) != []
    assert list(root.glob("_retired/*/metric/project=near")) == []


def test_a_scan_whose_part_an_erasure_took_away_is_told_to_read_again(two_projects):
    """No backup helps: nothing is damaged, and the next scan is right."""
    _, reading = scan_that_began(two_projects, "near")
    two_projects.apply_erasure(two_projects.plan_erasure(run_refs=["run:near.gone"]))
    with pytest.raises(RecordError, match="read again") as caught:
        list(reading)

    assert "backup" not in str(caught.value)
    assert (caught.value.code, caught.value.retryable) == ("record_scan_part_missing", True)
    assert len(numbers_of(two_projects, "run:near.kept")) == 15


def test_a_part_that_a_repair_gave_up_leaves_no_replaced_copy_behind_an_erasure(two_projects, root):
    """Also when no current part of its folder loses a row."""
    part = next(root.glob("metric/project=near/*.parquet"))
    raw = part.read_bytes()
    part.write_bytes(raw[:-200] + bytes(200))
    two_projects.apply_repairs(two_projects.plan_repairs(), dry_run=False)
    waiting = list(root.glob("_retired/*/metric/project=near/*.parquet"))
    before = "2001-01-01T00:00:00Z"
    two_projects.apply_erasure(two_projects.plan_erasure(before=before))

    assert waiting != []
    assert list(root.glob("_retired/*")) == []
