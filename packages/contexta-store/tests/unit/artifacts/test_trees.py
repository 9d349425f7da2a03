"""Folders as artifacts."""

import json

import pytest

from contexta.contract.errors import (
    ArtifactError,
    ConflictError,
    IntegrityError,
    NotFoundError,
    ValidationError,
)

REF = "artifact:p.r.m"


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "model"
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "config.json").write_bytes(b"{}")
    (root / "sub" / "weights ü.bin").write_bytes(b"w" * 5000)
    return root


def test_a_folder_is_listed_read_and_extracted(store, manifest, folder, tmp_path):
    """Members by path, empty folders included, bytes equal."""
    receipt = store.put_artifact(manifest(), folder)
    members = store.list_members(REF)
    target = store.extract_artifact(REF, tmp_path / "out")

    assert (receipt.binding.body_kind, receipt.bytes_written) == ("tree", 5002)
    assert [(m.path, m.size_bytes) for m in members] == [
        ("config.json", 2),
        ("sub/weights ü.bin", 5000),
    ]
    assert store.read_artifact_bytes(REF, member="sub/weights ü.bin") == b"w" * 5000
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*")) == [
        "config.json",
        "sub",
        "sub/empty",
        "sub/weights ü.bin",
    ]
    assert store.verify_artifact(REF).verified
    assert store.inspect_store().orphan_count == 0


def test_equal_folders_have_equal_hashes_and_share_bodies(store, manifest, folder, root):
    """Order and times do not count; a changed file is another artifact."""
    first = store.put_artifact(manifest("a"), folder)
    (folder / "config.json").touch()
    second = store.put_artifact(manifest("b"), folder)
    count = len([p for p in (root / "objects").rglob("*") if p.is_file()])
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(ConflictError):
        store.put_artifact(manifest("a"), folder)

    assert first.binding.hash_value == second.binding.hash_value
    assert count == 3


def test_links_and_special_files_are_refused(store, manifest, folder, tmp_path):
    """A link anywhere below is refused, and nothing is bound."""
    (folder / "sub" / "link").symlink_to(tmp_path)
    with pytest.raises(ValidationError) as caught:
        store.put_artifact(manifest(), folder)

    assert caught.value.code == "artifact_store_invalid_source"
    assert store.list_refs() == []


def test_move_removes_a_stored_folder(store, manifest, folder):
    """All files and folders go; adopt is not for folders."""
    with pytest.raises(ValidationError):
        store.put_artifact(manifest(), folder, mode="adopt")
    store.put_artifact(manifest(), folder, mode="move")

    assert not folder.exists()
    assert len(store.list_members(REF)) == 2


def test_a_damaged_member_is_named_and_never_read(store, manifest, folder, root, tmp_path):
    """Reading it raises, other members stay readable, the check names it, a re-put mends it."""
    store.put_artifact(manifest(), folder)
    member = next(m for m in store.list_members(REF) if m.path == "config.json")
    body = store.object_path(member.sha256)
    body.chmod(0o600)
    body.write_bytes(b"[]")
    with pytest.raises(IntegrityError):
        store.read_artifact_bytes(REF, member="config.json")
    with pytest.raises(IntegrityError):
        store.extract_artifact(REF, tmp_path / "out")
    report = store.verify_artifact(REF)
    readable = store.read_artifact_bytes(REF, member="sub/weights ü.bin")
    store.put_artifact(manifest(), folder)

    assert (report.status.value, "config.json" in report.messages[0]) == ("hash_mismatch", True)
    assert (len(readable), store.verify_artifact(REF).verified) == (5000, True)


def test_a_missing_member_is_missing(store, manifest, folder):
    """The artifact counts as missing."""
    store.put_artifact(manifest(), folder)
    store.object_path(store.list_members(REF)[0].sha256).unlink()

    assert store.verify_artifact(REF).status.value == "missing"
    assert store.inspect_store().missing_count == 1


def test_files_and_folders_are_told_apart(store, manifest, folder, source, tmp_path):
    """Reading a folder needs a member; listing a file, an unknown member or target are refused."""
    store.put_artifact(manifest(), folder)
    store.put_artifact(manifest("f"), source)
    with pytest.raises(ArtifactError) as needs:
        store.read_artifact_bytes(REF)
    with pytest.raises(ArtifactError) as no_tree:
        store.list_members("artifact:p.r.f")
    with pytest.raises(NotFoundError) as unknown:
        store.read_artifact_bytes(REF, member="../config.json")
    with pytest.raises(ValidationError) as exists:
        store.extract_artifact("artifact:p.r.f", folder)
    store.extract_artifact("artifact:p.r.f", tmp_path / "copy")

    assert [e.value.code for e in (needs, no_tree, unknown, exists)] == [
        "artifact_store_member_required",
        "artifact_store_not_a_tree",
        "artifact_store_member_not_found",
        "artifact_store_target_exists",
    ]
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "a\\b", "a\0b", 3]
)
def test_member_names_cannot_leave_the_folder(name):
    """A tree object with such a name is refused as a whole, although its hash may be right."""
    from contexta.store.artifacts import _trees

    member = {"path": name, "size_bytes": 0, "sha256": "0" * 64}
    raw = json.dumps({"tree_format_version": 1, "folders": [], "members": [member]}).encode()
    with pytest.raises(IntegrityError) as caught:
        _trees.decode(raw, REF)

    assert caught.value.code == "artifact_tree_damaged"
