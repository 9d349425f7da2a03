"""Packages that want more than to be imported: none is taken, nothing outside is touched."""

import hashlib
import json
import os
import shutil
import unicodedata
from types import SimpleNamespace

import pytest

from contexta.contract.errors import ArtifactError, ContextaError, ValidationError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.artifacts import _package as shape

REF = "artifact:p.r.m"
INVALID = "artifact_export_package_invalid"


def edit(path, **changes):
    content = json.loads(path.read_bytes())
    content.update(changes)
    path.write_text(json.dumps(content))


def bare(package):
    """Make it a package of 1.0, without hashes, so that other checks are met."""
    (package / "package.hashes.json").unlink()
    return package


@pytest.mark.parametrize(
    "name",
    [
        "/etc/hostname",
        "../secret",
        "a/../../secret",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "C:x",
        "a\0b",
        7,
        ["x"],
    ],
)
@pytest.mark.parametrize("key", ["body_file", "binding_file", "manifest_file"])
def test_names_that_leave_the_package_are_refused(package, refuse, secret, key, name):
    """Absolute paths, `..`, separators of any system, blanks, and what is no text."""
    edit(bare(package) / "export.package.json", **{key: name})

    assert refuse(package) == INVALID


@pytest.mark.parametrize("name", ["weights.safetensors", "stray", "members"])
def test_symbolic_links_are_refused(package, refuse, secret, name):
    """In place of the body, beside it, and in place of the folder of members."""
    path = package / name
    path.unlink(missing_ok=True)
    path.symlink_to(secret if name != "members" else secret.parent)

    assert refuse(package) == INVALID


def test_hard_links_are_refused(package, refuse, secret):
    """A body that is a name for a file elsewhere."""
    path = bare(package) / "weights.safetensors"
    path.unlink()
    os.link(secret, path)

    assert refuse(package) == INVALID


def test_fifos_are_refused_without_waiting(package, refuse):
    """A FIFO as the body."""
    path = bare(package) / "weights.safetensors"
    path.unlink()
    os.mkfifo(path)

    assert refuse(package) == INVALID


def test_devices_are_refused(package, refuse):
    """A character device as the body."""
    path = bare(package) / "weights.safetensors"
    path.unlink()
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make a device")

    assert refuse(package) == INVALID


@pytest.mark.parametrize("bit", [0o4000, 0o2000, 0o1000])
def test_setuid_setgid_and_sticky_are_refused(package, refuse, bit):
    """On any file."""
    (package / "weights.safetensors").chmod(0o755 | bit)

    assert refuse(package) == INVALID


def test_names_that_fall_together_are_refused(package, refuse):
    """By case, and by Unicode form."""
    (package / "WEIGHTS.safetensors").write_bytes(b"x")
    by_case = refuse(package)
    (package / "WEIGHTS.safetensors").unlink()
    for form in ("NFC", "NFD"):
        (package / unicodedata.normalize(form, "ü")).write_bytes(b"x")

    assert (by_case, refuse(package)) == (INVALID, INVALID)


def test_one_file_cannot_play_two_parts(package, refuse):
    """The body may not be the metadata, in any case."""
    edit(bare(package) / "export.package.json", body_file="Export.Package.json")

    assert refuse(package) == INVALID


def test_files_that_the_package_does_not_name_are_refused(package, refuse):
    """A stray file, a stray folder, a member of a file artifact."""
    (package / "stray").write_bytes(b"x")
    stray = refuse(package)
    (package / "stray").unlink()
    (package / "stray").mkdir()
    folder = refuse(package)
    (package / "stray").rmdir()
    (package / "members").mkdir()
    (package / "members" / ("0" * 64)).write_bytes(b"x")

    assert (stray, folder, refuse(package)) == (INVALID, INVALID, INVALID)


def test_too_many_bytes_and_files_are_refused_before_writing(package, archive, refuse):
    """By the sizes and the number that are listed, without opening a body."""
    for path in (package, archive):
        assert refuse(path, max_bytes=6999) == INVALID
        assert refuse(path, max_entries=3) == INVALID


def test_a_body_that_is_almost_all_hole_is_refused(package, refuse):
    """A sparse file that claims a terabyte and takes none of the disk."""
    with (bare(package) / "weights.safetensors").open("r+b") as file:
        file.truncate(1 << 40)

    assert refuse(package, max_bytes=1 << 50) == INVALID


def test_a_package_that_does_not_fit_the_disk_is_refused(package, refuse, monkeypatch):
    """The sizes are summed up and compared with the room before a byte is written."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=6999))

    assert refuse(package) == "store_disk_full"


@pytest.mark.parametrize("with_hashes", [True, False])
def test_a_tampered_body_is_refused(package, refuse, with_hashes):
    """By the list of hashes, and without it by the exported binding."""
    if not with_hashes:
        bare(package)
    path = package / "weights.safetensors"
    path.chmod(0o600)
    path.write_bytes(b"W" * 7000)

    assert refuse(package) == "artifact_store_hash_mismatch"


def test_a_body_of_another_size_is_refused(package, refuse):
    """Before it is read."""
    with (package / "weights.safetensors").open("ab") as file:
        file.write(b"x")

    assert refuse(package) == INVALID


@pytest.mark.parametrize(
    "name", ["export.package.json", "manifest.snapshot.json", "artifact__p.r.m.binding.json"]
)
def test_tampered_documents_are_refused(package, refuse, name):
    """A byte more in any of them."""
    with (package / name).open("ab") as file:
        file.write(b" ")

    assert refuse(package) in {INVALID, "artifact_store_hash_mismatch"}


def test_a_lying_list_of_hashes_is_refused(package, refuse):
    """Its own digest, wrong sizes, wrong hashes, names outside, missing and extra names."""
    path = package / "package.hashes.json"
    good = json.loads(path.read_bytes())["files"]
    facts = {name: shape.FileFacts(f["size_bytes"], f["sha256"]) for name, f in good.items()}
    body = facts["weights.safetensors"]
    lies = [
        {**facts, "weights.safetensors": body._replace(size_bytes=1)},
        {**facts, "weights.safetensors": body._replace(sha256="0" * 64)},
        {**facts, "weights.safetensors": body._replace(sha256="x")},
        {**facts, "../secret": body},
        {**facts, "members/../../secret": body},
        {**facts, "extra": body},
        {name: f for name, f in facts.items() if name != "weights.safetensors"},
    ]
    codes = set()
    for lie in lies:
        path.write_bytes(shape.hashes_document(lie))
        codes.add(refuse(package))
    path.write_bytes(path.read_bytes().replace(b"7000", b"7001"))

    assert codes | {refuse(package)} <= {INVALID, "artifact_store_hash_mismatch"}


def test_documents_that_name_another_artifact_are_refused(package, refuse):
    """Metadata, manifest and binding must agree."""
    edit(bare(package) / "export.package.json", artifact_ref="artifact:p.r.other")

    assert refuse(package) == INVALID


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe", b'{"package_format_version": "v9"}', b"null"],
)
def test_metadata_that_is_none_is_refused(package, refuse, content):
    """Empty, cut, deep, not UTF-8, of another format."""
    (bare(package) / "export.package.json").write_bytes(content)

    assert refuse(package) == INVALID


@pytest.mark.parametrize("name", ["manifest.snapshot.json", "artifact__p.r.m.binding.json"])
@pytest.mark.parametrize("content", [b"{}", b"[" * 100_000, b'{"artifact_ref": 7}'])
def test_documents_that_are_none_are_refused(package, refuse, name, content):
    """Whatever they hold."""
    (bare(package) / name).write_bytes(content)

    assert refuse(package) == INVALID


@pytest.mark.parametrize("name", ["export.package.json", "manifest.snapshot.json"])
def test_missing_documents_are_refused(package, refuse, name):
    """Metadata and manifest are needed."""
    (bare(package) / name).unlink()

    assert refuse(package) == INVALID


def test_a_place_that_no_file_can_have_is_no_package(store, tmp_path):
    """A NUL, and a name that is too long for the file system."""
    codes = []
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(ContextaError) as caught:
            store.import_export_package(tmp_path / name)
        codes.append(caught.value.code)

    assert codes == ["artifact_export_package_not_found", "store_io_failed"]


def test_a_missing_body_is_a_missing_source(package, refuse):
    """As for any put."""
    (bare(package) / "weights.safetensors").unlink()

    assert refuse(package) == "artifact_store_missing_source"


def test_a_document_of_unreasonable_size_is_not_read(package, refuse):
    """More than 32 MiB of metadata."""
    with (bare(package) / "export.package.json").open("r+b") as file:
        file.truncate(33 << 20)

    assert refuse(package) == INVALID


def test_a_tree_that_names_other_members_is_refused(store, manifest, tmp_path, refuse):
    """Also when all hashes are right: a tree cannot reach bodies that the package lacks."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    store.put_artifact(manifest(), folder)
    package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory
    tree = json.loads((package / "body.tree.json").read_bytes())
    (member_file,) = (package / "members").iterdir()
    hashes = json.loads((package / "package.hashes.json").read_bytes())["files"]

    def rewrite(path):
        tree["members"][0]["path"] = path
        raw = json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(raw).hexdigest()
        (package / "body.tree.json").chmod(0o600)
        (package / "body.tree.json").write_bytes(raw)
        binding = package / "artifact__p.r.m.binding.json"
        edit(binding, hash_value=digest)
        facts = {
            name: shape.FileFacts(
                (package / name).stat().st_size,
                hashlib.sha256((package / name).read_bytes()).hexdigest(),
            )
            for name in hashes
        }
        (package / "package.hashes.json").write_bytes(shape.hashes_document(facts))
        return package

    with ArtifactStore(VaultConfig(root_path=tmp_path / "evil")) as target:
        with pytest.raises(ContextaError):
            target.import_export_package(rewrite("../../outside"))
        assert target.list_refs() == []
        member_file.unlink()
        del hashes[f"members/{member_file.name}"]
        with pytest.raises(ValidationError):
            target.import_export_package(rewrite("a"))
        assert target.list_refs() == []


def test_claims_of_the_manifest_count_on_import(package, opened, tmp_path):
    """A strict store takes no package whose manifest claims nothing."""
    with (
        ArtifactStore(
            VaultConfig(root_path=tmp_path / "strict", verification_mode="strict")
        ) as strict,
        pytest.raises(ArtifactError) as caught,
    ):
        strict.import_export_package(package)

    assert caught.value.code == "artifact_store_strict_verification_missing_claims"
