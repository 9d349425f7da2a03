"""Putting files."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest

from contexta.contract.errors import (
    ArtifactError,
    ClosedScopeError,
    ConflictError,
    ReadOnlyStoreError,
    SerializationError,
    StoreAccessError,
    ValidationError,
)
from contexta.store.artifacts import IngestMode

REF = "artifact:p.r.m"


def bodies(root):
    return sorted(p.name for p in (root / "objects").rglob("*") if p.is_file())


def test_put_is_readable_whatever_its_location_and_name(store, manifest, source):
    """A location without a file extension does not keep the artifact from being read."""
    receipt = store.put_artifact(manifest(), source)

    assert store.read_artifact_bytes(REF) == source.read_bytes()
    assert (receipt.bytes_written, receipt.binding.source_name) == (7000, "weights.safetensors")
    assert receipt.binding.hash_value == hashlib.sha256(source.read_bytes()).hexdigest()
    assert receipt.path == store.object_path(receipt.binding.hash_value)
    assert receipt.path.is_absolute()


def test_bodies_are_read_only_and_everything_is_private(store, manifest, source, root):
    """A body is 0400, bindings 0600, folders 0700, whatever the source allowed."""
    source.chmod(0o777)
    path = store.put_artifact(manifest(), source).path
    modes = {stat.S_IMODE(entry.stat().st_mode) for entry in root.rglob("*") if entry.is_dir()} | {
        stat.S_IMODE(root.stat().st_mode)
    }
    binding = next((root / "bindings").rglob("*.json"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert (stat.S_IMODE(binding.stat().st_mode), modes) == (0o600, {0o700})


def test_equal_bytes_are_stored_once(store, manifest, source, root):
    """Four refs to the same bytes share one body."""
    for name in "abcd":
        store.put_artifact(manifest(name), source)

    assert len(bodies(root)) == 1
    assert store.list_refs() == [f"artifact:p.r.{name}" for name in "abcd"]
    assert store.inspect_store().total_size_bytes == 28_000


def test_move_removes_the_source_and_copy_keeps_it(store, manifest, source):
    """Also for an empty file."""
    empty = source.with_name("empty")
    empty.touch()
    store.put_artifact(manifest("copied"), source, mode="copy")
    kept = source.exists()
    store.put_artifact(manifest("moved"), source, mode=" MOVE ")
    store.put_artifact(manifest("empty"), empty, mode=IngestMode.MOVE)

    assert (kept, source.exists(), empty.exists()) == (True, False, False)
    assert store.read_artifact_bytes("artifact:p.r.empty") == b""


def test_move_crosses_filesystems(store, manifest, root):
    """A source on another device is stored and removed."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == root.stat().st_dev:
        pytest.skip("/dev/shm is not another filesystem here")
    folder = shm / f"contexta-test-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / "f").write_bytes(b"far")
        store.put_artifact(manifest(), folder / "f", mode="move")
        left = list(folder.iterdir())
    finally:
        shutil.rmtree(folder)

    assert (store.read_artifact_bytes(REF), left) == (b"far", [])


def test_the_same_put_again_is_harmless(store, manifest, source):
    """Same ref, same bytes: nothing written, the source stays in every mode."""
    first = store.put_artifact(manifest(), source)
    again = store.put_artifact(manifest(), source, mode="move")

    assert (again.binding, again.bytes_written) == (first.binding, 0)
    assert source.exists()


def test_a_changed_manifest_over_the_same_bytes_is_a_new_revision(store, manifest, source):
    """The receipt names the fields that differ; the new manifest counts, the old one is kept."""
    first = store.put_artifact(manifest(), source)
    again = store.put_artifact(
        manifest(attributes={"epoch": 3}, created_at="2026-02-01T00:00:00Z"), source
    )

    revisions = store.list_binding_revisions(REF)

    assert (again.manifest_differences, again.bytes_written) == (("attributes",), 0)
    assert again.binding == store.get_binding(REF)
    assert again.binding.binding_id == first.binding.binding_id
    assert [(item.revision, dict(item.manifest.attributes)) for item in revisions] == [
        (1, {}),
        (2, {"epoch": 3}),
    ]
    assert [item.replaced_at is None for item in revisions] == [False, True]


def test_other_bytes_under_a_bound_ref_are_refused(store, manifest, source, root):
    """`artifact_binding_conflict`; the first artifact stays, the other bytes are not kept."""
    store.put_artifact(manifest(), source)
    before = bodies(root)
    source.write_bytes(b"other")
    with pytest.raises(ConflictError) as caught:
        store.put_artifact(manifest(), source, mode="move")

    assert caught.value.code == "artifact_binding_conflict"
    assert (bodies(root), source.exists()) == (before, True)
    assert len(store.read_artifact_bytes(REF)) == 7000


@pytest.mark.parametrize("form", ["{}", "sha256:{}", "SHA256:{}"])
def test_right_claims_are_accepted_in_any_spelling(store, manifest, source, form):
    """A prefix and upper case are the same claim."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    claims = {"hash_value": form.format(digest.upper()), "size_bytes": 7000}
    store.put_artifact(manifest(**claims), source)

    assert store.verify_artifact(REF).verified


@pytest.mark.parametrize(
    ("settings", "claims", "code"),
    [
        ({}, {"size_bytes": 1}, "artifact_store_size_mismatch"),
        ({}, {"hash_value": "0" * 64}, "artifact_store_hash_mismatch"),
        ({}, {"hash_value": "md5:abc"}, "artifact_store_hash_mismatch"),
        (
            {"verification_mode": "strict"},
            {"size_bytes": 7000},
            "artifact_store_strict_verification_missing_claims",
        ),
    ],
)
def test_wrong_claims_store_nothing(opened, manifest, source, root, settings, claims, code):
    """A wrong or missing claim is named; nothing is bound, no body stays, the source stays."""
    store = opened(**settings)
    with pytest.raises(ArtifactError) as caught:
        store.put_artifact(manifest(**claims), source, mode="move")

    assert caught.value.code == code
    assert (store.list_refs(), bodies(root), source.exists()) == ([], [], True)
    assert list((root / "staging").iterdir()) == []


@pytest.mark.parametrize("mode", ["none", "stored"])
def test_claims_are_not_checked_when_the_mode_says_so(opened, manifest, source, mode):
    """`none` and `stored` accept any claim."""
    opened(verification_mode=mode).put_artifact(manifest(size_bytes=1), source)


def test_manifest_may_be_a_mapping(store, manifest, source):
    """`to_dict()` of a manifest works; a mapping that is none is refused."""
    store.put_artifact(manifest().to_dict(), source)
    with pytest.raises(SerializationError):
        store.put_artifact({"artifact_ref": REF}, source)

    assert store.get_artifact(REF).binding.manifest_snapshot == manifest()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda t: t / "absent", "artifact_store_missing_source"),
        (lambda t: _link(t / "dangling", t / "absent"), "artifact_store_missing_source"),
        (lambda t: _fifo(t / "fifo"), "artifact_store_invalid_source"),
        (lambda t: 7, "artifact_store_invalid_source"),
        (lambda t: f"{t}/a\0b", "artifact_store_missing_source"),
    ],
)
def test_bad_sources_are_refused(store, manifest, tmp_path, make, code):
    """Absent, dangling and special sources raise our error, at once."""
    with pytest.raises(ValidationError) as caught:
        store.put_artifact(manifest(), make(tmp_path))

    assert caught.value.code == code


def _link(path, target):
    path.symlink_to(target)
    return path


def _fifo(path):
    os.mkfifo(path)
    return path


def test_a_link_to_a_file_is_followed(store, manifest, source, tmp_path):
    """The bytes of the target are stored under the name of the link."""
    receipt = store.put_artifact(manifest(), _link(tmp_path / "link", source))

    assert (receipt.bytes_written, receipt.binding.source_name) == (7000, "link")


def test_unknown_mode_is_refused(store, manifest, source):
    """A mode that is none is named."""
    for mode in ("steal", 3):
        with pytest.raises(ValidationError) as caught:
            store.put_artifact(manifest(), source, mode=mode)
        assert caught.value.code == "artifact_store_invalid_ingest_mode"


def test_a_file_that_grows_meanwhile_is_stored_as_read(store, manifest, source, monkeypatch):
    """Hash and size are those of the stored bytes, not of an earlier or later look."""
    from contexta.store.artifacts import _ingest

    real = _ingest.copy_hashed

    def copy_and_grow(source_fd, target_fd, **more):
        with open(source, "ab") as file:
            file.write(b"late")
        return real(source_fd, target_fd, **more)

    monkeypatch.setattr(_ingest, "copy_hashed", copy_and_grow)
    receipt = store.put_artifact(manifest("copied"), source)
    with pytest.raises(ArtifactError) as caught:
        store.put_artifact(manifest("moved"), source, mode="move")

    assert (receipt.bytes_written, store.verify_artifact("artifact:p.r.copied").verified) == (
        7004,
        True,
    )
    assert (caught.value.code, source.exists()) == ("artifact_store_source_changed", True)


def test_refs_are_keys_never_paths(store, manifest, source, root):
    """No file name of the store comes from a ref, a location or a source name."""
    odd = manifest("x" * 63, location_ref="../../etc/passwd?" + "y" * 300)
    store.put_artifact(odd, source, source_name="../../../evil")
    files = [p for p in root.rglob("*") if p.is_file() and p.suffix != ".lock"]
    names = {p.name for p in files if p.name != "_hashed.jsonl"}

    assert all(set(name.removesuffix(".json")) <= set("0123456789abcdef") for name in names)
    assert store.artifact_exists("artifact:p.r." + "x" * 63)


def test_planted_links_are_not_followed(store, manifest, source, root, tmp_path):
    """A link in place of a folder of the store is refused, and nothing is written outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "objects").mkdir()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    (root / "objects" / digest[:2]).symlink_to(outside)
    with pytest.raises(StoreAccessError):
        store.put_artifact(manifest(), source)

    assert list(outside.iterdir()) == []


def test_full_disk_is_a_clear_error_and_leaves_nothing(store, manifest, source, root, monkeypatch):
    """ENOSPC during the copy: retryable, nothing bound, staging empty; the next put works."""
    from contexta.store.fs import _hashing

    real = _hashing.write_all

    def full(fd, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_hashing, "write_all", full)
    with pytest.raises(StoreAccessError) as caught:
        store.put_artifact(manifest(), source)
    left = list((root / "staging").iterdir())
    monkeypatch.setattr(_hashing, "write_all", real)
    store.put_artifact(manifest(), source)

    assert (caught.value.code, caught.value.retryable, left) == ("store_disk_full", True, [])
    assert store.verify_artifact(REF).verified


def test_a_file_in_place_of_the_folder_is_our_error(root, opened):
    """The root cannot be a file."""
    root.touch()
    with pytest.raises(StoreAccessError):
        opened()


def test_read_only_store_changes_nothing(opened, manifest, source, root):
    """Reads, checks and counts work and write nothing; every write is refused."""
    with opened() as writable:
        writable.put_artifact(manifest(), source)
    before = sorted(root.rglob("*"))
    store = opened(read_only=True)
    store.read_artifact_bytes(REF)
    store.verify_all()
    store.inspect_store()
    for call in (
        lambda: store.put_artifact(manifest("n"), source),
        lambda: store.bind_artifact(manifest("n"), source),
        lambda: store.begin_staged_ingest("x"),
        lambda: store.create_staging_path("x"),
        store.remove_abandoned_staging,
    ):
        with pytest.raises(ReadOnlyStoreError) as caught:
            call()
        assert caught.value.code == "artifact_store_read_only"

    assert sorted(root.rglob("*")) == before


def test_read_only_store_needs_an_existing_root(opened, root):
    """An absent root is refused and not created."""
    with pytest.raises(ReadOnlyStoreError) as caught:
        opened(read_only=True)

    assert (caught.value.code, root.exists()) == ("artifact_store_missing_root", False)


def test_root_is_created_at_the_first_write_when_asked(opened, manifest, source, root):
    """`create_missing_dirs=False` creates nothing at open."""
    store = opened(create_missing_dirs=False)
    before = root.exists()
    empty = (store.list_refs(), store.inspect_store().artifact_count)
    store.put_artifact(manifest(), source)

    assert (before, empty, store.artifact_exists(REF)) == (False, ([], 0), True)


def test_use_after_close_is_our_error(opened, manifest, source):
    """A closed store refuses, and closing is idempotent."""
    store = opened()
    store.close()
    store.close()
    for call in (lambda: store.put_artifact(manifest(), source), store.list_refs):
        with pytest.raises(ClosedScopeError):
            call()


def test_bind_artifact_names_a_stored_body(store, manifest, source, root):
    """A second ref can be bound to a body at `object_path`; any other place is refused."""
    first = store.put_artifact(manifest(), source)
    binding = store.bind_artifact(manifest("n"), store.object_path(first.binding.hash_value))
    with pytest.raises(ArtifactError) as caught:
        store.bind_artifact(manifest("o"), source)
    with pytest.raises(ValidationError) as missing:
        store.bind_artifact(manifest("o"), store.object_path("0" * 64))

    assert (binding.ingest_mode, binding.hash_value) == ("adopt", first.binding.hash_value)
    assert caught.value.code == "artifact_store_noncanonical_body_path"
    assert caught.value.details["expected_path"] == str(first.path)
    assert missing.value.code == "artifact_store_missing_source"
    assert store.bind_artifact(manifest("n"), first.path) == binding
