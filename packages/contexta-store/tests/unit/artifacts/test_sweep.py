"""Sweeps that read each body once, remember, and report how far they are."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.artifacts import _verify

REF = "artifact:p.r.m"


@pytest.fixture
def hashed(monkeypatch):
    """Count the bodies that are read by checks."""
    paths = []
    real = _verify.hash_body

    def hash_body(path, **more):
        paths.append(path.name)
        return real(path, **more)

    monkeypatch.setattr(_verify, "hash_body", hash_body)
    return paths


@pytest.fixture
def three(store, manifest, tmp_path):
    """Three refs, two bodies."""
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content * 100)
        store.put_artifact(manifest(name), tmp_path / name)
    return store


def test_a_sweep_reads_each_body_once_and_reports_progress(three, hashed):
    """However many refs share it; the last report is complete."""
    seen = []
    report = three.verify_all(progress=seen.append, workers=1)

    assert len(hashed) == 2
    assert len(report.verification_records) == 3
    assert [(p.done_bodies, p.total_bodies, p.done_bytes, p.total_bytes) for p in seen] == [
        (1, 2, 100, 200),
        (2, 2, 200, 200),
    ]


def test_many_workers_find_the_same(store, manifest, tmp_path):
    """Bodies read at the same time, one of them damaged."""
    for number in range(6):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * (1 << 20))
        body = store.put_artifact(manifest(f"n{number}"), path).path
    body.chmod(0o600)
    body.write_bytes(b"x" * (1 << 20))
    report = store.verify_all(workers=3)

    assert report.drifted_refs == ("artifact:p.r.n5",)
    assert [r.status.value for r in report.verification_records].count("verified") == 5


def test_counting_reads_nothing_that_did_not_change(three, hashed, opened):
    """Puts and checks are remembered, also by other processes; a deep count reads all."""
    summary = opened().inspect_store()
    before = len(hashed)
    three.inspect_store(deep=True)

    assert (before, len(hashed)) == (0, 2)
    assert (summary.verified_count, summary.unverified_count) == (3, 0)
    assert summary.oldest_check_at is not None


def test_a_sweep_can_skip_what_was_checked_lately(three, hashed):
    """By age; what changed since is read whatever its age."""
    three.verify_all(max_age_seconds=3600)
    recent = len(hashed)
    body = three.get_artifact("artifact:p.r.c").path
    body.chmod(0o600)
    body.write_bytes(b"3" * 100)
    report = three.verify_all(max_age_seconds=3600)
    changed = len(hashed)
    three.verify_all(max_age_seconds=0)

    assert (recent, changed, len(hashed)) == (0, 1, 3)
    assert report.drifted_refs == ("artifact:p.r.c",)


def test_a_lost_or_damaged_hash_log_costs_a_reading(three, hashed, opened, root):
    """It never makes a body count as right that was not read."""
    path = root / "_hashed.jsonl"
    raw = path.read_bytes()
    body = three.get_artifact("artifact:p.r.c").path
    body.chmod(0o600)
    body.write_bytes(b"3" * 100)
    for at in range(0, len(raw), 5):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(flipped)
        summary = opened(read_only=True).inspect_store()
        assert (summary.verified_count, summary.drift_count) == (2, 1)
    path.unlink()
    hashed.clear()

    assert opened().inspect_store().drift_count == 1
    assert len(hashed) == 2


def test_refreshing_remembers(three, hashed):
    """`refresh_verification` gives the record and spares the next count a reading."""
    (three.root_path / "_hashed.jsonl").unlink()
    record = three.refresh_verification("artifact:p.r.c")

    assert (record.status.value, record.message is not None) == ("verified", True)
    assert (three.root_path / "_hashed.jsonl").exists()


def test_bad_worker_counts_are_refused(three):
    """Below 1."""
    with pytest.raises(ValidationError):
        three.verify_all(workers=0)
