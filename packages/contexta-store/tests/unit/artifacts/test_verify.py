"""Verification, counts and sweeps."""

import pytest

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store import artifacts
from contexta.store.artifacts import VerificationReport, VerificationStatus

REF = "artifact:p.r.m"


@pytest.fixture
def three(store, manifest, tmp_path):
    """Three artifacts: whole, cut and gone; plus an orphan body."""
    paths = {}
    for name in ("whole", "cut", "gone"):
        source = tmp_path / name
        source.write_bytes(name.encode() * 100)
        paths[name] = store.put_artifact(manifest(name, artifact_kind=f"kind_{name}"), source).path
    paths["cut"].chmod(0o600)
    paths["cut"].write_bytes(b"cut")
    paths["gone"].unlink()
    orphan = store.object_path("ab" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    return store


def test_sweep_reports_all_and_changes_nothing(three):
    """Statuses in ref order, orphans by path."""
    report = artifacts.verify_all(three)

    assert [record.status.value for record in report.verification_records] == [
        "size_mismatch",
        "missing",
        "verified",
    ]
    assert report.missing_refs == ("artifact:p.r.gone",)
    assert report.drifted_refs == ("artifact:p.r.cut",)
    assert [path.name for path in report.orphan_paths] == ["ab" * 32]
    assert all(record.message for record in report.verification_records)


def test_quick_and_deep_counts_agree(three):
    """The quick count reads only what changed since it was hashed, and finds the same."""
    quick, deep = artifacts.inspect_store(three), three.inspect_store(deep=True)

    assert (quick.verified_count, deep.verified_count) == (1, 1)
    for summary in (quick, deep):
        counts = (summary.artifact_count, summary.missing_count, summary.drift_count)
        assert (*counts, summary.orphan_count) == (3, 1, 1, 1)
        assert list(summary.kinds) == ["kind_cut", "kind_gone", "kind_whole"]


def test_an_edit_that_keeps_the_size_is_found(store, manifest, source):
    """The quick count sees that the file changed and reads it; so does every check."""
    path = store.put_artifact(manifest(), source).path
    path.chmod(0o600)
    path.write_bytes(b"W" * 7000)

    assert store.inspect_store().drift_count == 1
    assert store.inspect_store(deep=True).drift_count == 1
    assert store.verify_artifact(REF).status is VerificationStatus.HASH_MISMATCH


def test_both_mismatches_give_two_messages(three):
    """The status is that of the size, the hash is reported too."""
    report = three.verify_artifact("artifact:p.r.cut")

    assert (report.status.value, len(report.messages)) == ("size_mismatch", 2)
    assert (report.actual_size_bytes, report.expected_size_bytes) == (3, 300)


def test_a_given_manifest_overrides_the_claims(store, manifest, source):
    """Its claims count; one of another ref is refused, an unbound ref is not found."""
    store.put_artifact(manifest(), source)
    report = artifacts.verify_artifact(store, REF, manifest=manifest(hash_value="0" * 64))
    with pytest.raises(ValidationError) as caught:
        store.verify_artifact(REF, manifest=manifest("n"))
    with pytest.raises(NotFoundError):
        store.verify_artifact("artifact:p.r.none")

    assert (report.status.value, report.expected_hash_value) == ("hash_mismatch", "0" * 64)
    assert caught.value.code == "artifact_store_verification_manifest_mismatch"


def test_reports_cannot_contradict_themselves():
    """`verified` and `exists` must fit the status."""
    with pytest.raises(ValidationError) as caught:
        VerificationReport(
            REF,
            VerificationStatus.MISSING,
            True,
            True,
            None,
            0,
            None,
            "0" * 64,
            "2026-01-01T00:00:00Z",
        )

    assert caught.value.code == "artifact_store_invalid_verification_report"
