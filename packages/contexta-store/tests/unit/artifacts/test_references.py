"""Files that stay where they are, stretches of bodies, quota."""

import os

import pytest

from contexta.contract.errors import (
    ArtifactError,
    ConflictError,
    IntegrityError,
    NotFoundError,
    ValidationError,
)
from contexta.store import artifacts

REF = "artifact:p.r.m"


def test_a_reference_is_read_in_place_and_verified(store, manifest, source, root):
    """Path, size and hash are recorded; no body is stored; reads and checks work."""
    receipt = store.reference_artifact(manifest(), source)
    binding = receipt.binding

    assert (binding.body_kind, binding.location) == ("reference", str(source))
    assert (receipt.path, receipt.bytes_written) == (source, 7000)
    assert store.read_artifact_bytes(REF) == source.read_bytes()
    assert store.verify_artifact(REF).verified
    assert not (root / "objects").exists()
    assert store.inspect_store(deep=True).verified_count == 1
    assert store.inspect_store().unverified_count == 1


def test_drift_of_a_reference_is_found_on_every_path(store, manifest, source):
    """Changed bytes are an error; a file that went is a missing body that names its place."""
    store.reference_artifact(manifest(), source)
    source.write_bytes(b"W" * 7000)
    for read in (
        lambda: store.read_artifact_bytes(REF),
        lambda: store.read_artifact_range(REF, 0, 10),
        lambda: next(store.iter_artifact_chunks(REF)),
        lambda: store.export_artifact(REF),
    ):
        with pytest.raises(IntegrityError):
            read()
    drifted = store.verify_all().drifted_refs
    source.unlink()
    report = store.verify_artifact(REF)
    with pytest.raises(NotFoundError):
        store.get_artifact(REF)

    assert drifted == (REF,)
    assert (report.status.value, str(source) in report.messages[0]) == ("missing", True)


def test_a_put_of_the_same_bytes_takes_a_copy(store, manifest, source):
    """Also after the referenced file went: the reference becomes a stored file."""
    store.reference_artifact(manifest(), source)
    copy = source.with_name("copy")
    copy.write_bytes(source.read_bytes())
    source.unlink()
    receipt = store.put_artifact(manifest(), copy)

    assert (receipt.binding.body_kind, receipt.binding.location) == ("file", None)
    assert store.verify_artifact(REF).verified


def test_a_moved_file_is_referenced_again(store, manifest, source, tmp_path):
    """The same bytes at another place mend a reference whose file is gone."""
    store.reference_artifact(manifest(), source)
    moved = source.rename(tmp_path / "moved")
    store.reference_artifact(manifest(), moved)

    assert store.get_artifact(REF).path == moved


def test_what_cannot_be_referenced_is_refused(store, manifest, source, tmp_path):
    """Folders, absent files, files of the store; other bytes under a bound ref."""
    stored = store.put_artifact(manifest("stored"), source).path
    for bad in (tmp_path, tmp_path / "absent", stored):
        with pytest.raises(ValidationError):
            store.reference_artifact(manifest(), bad)
    (tmp_path / "other").write_bytes(b"other")
    with pytest.raises(ConflictError):
        store.reference_artifact(manifest("stored"), tmp_path / "other")

    assert store.list_refs() == ["artifact:p.r.stored"]


def test_the_store_leaves_referenced_files_alone(store, manifest, source):
    """Quarantine is refused; removal and collection do not touch the file."""
    store.reference_artifact(manifest(), source)
    with pytest.raises(ArtifactError) as caught:
        store.quarantine_bound_artifact(REF)
    plan = store.plan_removal(artifacts.RemovalPolicy(), named_refs=[REF])
    store.apply_removal_plan(plan, dry_run=False)
    store.collect_garbage(grace_seconds=0, dry_run=False)

    assert caught.value.code == "artifact_store_not_in_store"
    assert (source.exists(), store.list_refs(), plan.freed_bytes) == (True, [], 0)


def test_stretches_are_read_and_verified(store, manifest, source):
    """Start and length in bytes; the end cuts; damage anywhere in the body is an error."""
    path = store.put_artifact(manifest(), source).path
    whole = source.read_bytes()
    got = [store.read_artifact_range(REF, *at) for at in ((0, 5), (6995, 99), (9000, 5), (3, 0))]
    path.chmod(0o600)
    path.write_bytes(whole[:-1] + b"!")
    with pytest.raises(IntegrityError):
        store.read_artifact_range(REF, 0, 5)

    assert got == [whole[:5], whole[6995:], b"", b""]
    assert store.read_artifact_range(REF, 0, 5, verify=False) == whole[:5]
    with pytest.raises(ValidationError):
        store.read_artifact_range(REF, -1, 5)


def test_a_body_that_is_edited_while_chunks_are_read_is_found(store, manifest, source):
    """The chunk after the edit is an error."""
    path = store.put_artifact(manifest(), source).path
    chunks = store.iter_artifact_chunks(REF, chunk_size=100)
    next(chunks)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(5000)
        file.write(b"edited")
    os.utime(path, (1, 1))
    with pytest.raises(IntegrityError) as caught:
        list(chunks)

    assert caught.value.code == "artifact_store_body_changed"


def test_a_quota_limits_the_bodies(opened, manifest, source, tmp_path):
    """What does not fit is refused before it is bound; equal bytes need no room."""
    store = opened()
    store = artifacts.ArtifactStore(store.config, quota_bytes=7100)
    store.put_artifact(manifest(), source)
    store.put_artifact(manifest("same"), source)
    (tmp_path / "small").write_bytes(b"x" * 100)
    (tmp_path / "big").write_bytes(b"x" * 101)
    with pytest.raises(ArtifactError) as caught:
        store.put_artifact(manifest("big"), tmp_path / "big")
    store.put_artifact(manifest("small"), tmp_path / "small")
    store.close()

    assert caught.value.code == "artifact_store_quota_exceeded"
    assert store.config == opened().config


def test_bodies_go_to_another_place_and_come_back(store, manifest, source, tmp_path):
    """Push copies what lacks, pull mends what is gone or damaged, and trusts nothing."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    body = store.put_artifact(manifest(), source).path
    tree = store.put_artifact(manifest("tree"), folder).path
    remote = artifacts.FolderBodyStore(tmp_path / "remote")
    pushed, again = store.push_bodies(remote), store.push_bodies(remote)
    body.unlink()
    tree.unlink()
    for path in store.root_path.glob("objects/*/*"):
        path.unlink()
    pulled = store.pull_bodies(remote)
    body.unlink()
    (remote.root / body.name[:2] / body.name).chmod(0o600)
    (remote.root / body.name[:2] / body.name).write_bytes(b"lies")
    lied = store.pull_bodies(remote)

    assert isinstance(remote, artifacts.BodyStore)
    assert (len(pushed.copied), len(again.copied), len(again.present)) == (3, 0, 3)
    assert (len(pulled.copied), pulled.missing) == (3, ())
    assert lied.missing == (body.name,)
    assert store.verify_artifact("artifact:p.r.tree").verified
    with remote.open(tree.name, start=1, length=3) as file:
        assert len(file.read()) == 3
    remote.remove(tree.name)
    assert tree.name not in set(remote.hashes())
