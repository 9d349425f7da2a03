"""Packages that want more than to be imported: none is taken, nothing outside is touched."""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import unicodedata
from types import SimpleNamespace

import pytest

from contexta.contract.errors import ArtifactError, ContextaError, ValidationError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.artifacts import _package as shape

REF = "artifact:p.r.m"
INVALID = "artifact_export_package_invalid"


@pytest.fixture
def package(store, manifest, source, tmp_path):
    """A good package, as a folder."""
    store.put_artifact(manifest(), source)
    return store.export_artifact(REF, export_root=tmp_path / "out").export_directory


@pytest.fixture
def archive(store, package, tmp_path):
    """The same as one file."""
    return store.export_artifact(REF, export_root=tmp_path / "out", archive=True).archive_path


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"secret")
    return path


@pytest.fixture
def refuse(tmp_path):
    """Import into a fresh store; return the code; check that nothing was stored or touched."""

    def check(path, **limits):
        before = snapshot(tmp_path)
        with ArtifactStore(VaultConfig(root_path=tmp_path / "target")) as target:
            with pytest.raises(ContextaError) as caught:
                target.import_export_package(path, **limits)
            stored = list((target.root_path / "objects").rglob("*"))
            staged = list((target.root_path / "staging").rglob("*"))

            assert (target.list_refs(), stored, staged) == ([], [], [])
        after = {k: v for k, v in snapshot(tmp_path).items() if not k.startswith("target")}
        assert {k: v for k, v in before.items() if not k.startswith("target")} == after
        return caught.value.code

    return check


def snapshot(root):
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if not path.is_dir()
    }


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


def test_a_missing_body_is_a_missing_source(package, refuse):
    """As for any put."""
    (bare(package) / "weights.safetensors").unlink()

    assert refuse(package) == "artifact_store_missing_source"


def test_a_document_of_unreasonable_size_is_not_read(package, refuse):
    """More than 32 MiB of metadata."""
    with (bare(package) / "export.package.json").open("r+b") as file:
        file.truncate(33 << 20)

    assert refuse(package) == INVALID


# The same as a single file.


def repack(archive, change):
    """Write the archive anew with a changed list of (header, content)."""
    with tarfile.open(archive, "r:") as old:
        entries = [(info, old.extractfile(info).read()) for info in old.getmembers()]
    with tarfile.open(archive, "w:", format=tarfile.GNU_FORMAT) as new:
        for info, content in change(entries):
            info.size = len(content) if info.isreg() else 0
            new.addfile(info, io.BytesIO(content))
    return archive


def member(name, kind=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    "info",
    [
        member("link", tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("hard", tarfile.LNKTYPE, linkname="body"),
        member("device", tarfile.CHRTYPE, devmajor=1, devminor=5),
        member("block", tarfile.BLKTYPE),
        member("fifo", tarfile.FIFOTYPE),
        member("folder", tarfile.DIRTYPE),
        member("setuid", mode=0o4755),
        member("/etc/passwd"),
        member("../outside"),
        member("members/../../outside"),
        member("members/x"),
        member("body"),
        member("BODY"),
        member("x" * 150),
        member("extra"),
    ],
    ids=lambda info: info.name[:20],
)
def test_hostile_entries_of_an_archive_are_refused(archive, refuse, info):
    """Links, devices, FIFOs, folders, odd modes, ways out, doubles, long and stray names."""
    repack(archive, lambda entries: [*entries, (info, b"x" if info.isreg() else b"")])

    assert refuse(archive) == INVALID


def test_extended_headers_are_refused(archive, refuse):
    """A PAX header could give a later entry another name or size."""
    with tarfile.open(archive, "a:", format=tarfile.PAX_FORMAT) as file:
        info = member("x")
        info.pax_headers = {"path": "../../x"}
        file.addfile(info)

    assert refuse(archive) == INVALID


def test_compressed_archives_are_not_unpacked(archive, refuse):
    """So nothing can unpack to more than was given: a gigabyte of zeros in a megabyte, say."""
    archive.write_bytes(gzip.compress(bytes(50 << 20)))

    assert refuse(archive) == INVALID


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 1000, 5000, -1024, -1500])
def test_cut_archives_are_refused(archive, refuse, cut):
    """At any place, also when only the end mark is gone."""
    raw = archive.read_bytes().rstrip(b"\0")
    end = (len(raw) + 511) // 512 * 512 + 1024
    whole = archive.read_bytes()[:end]
    archive.write_bytes(whole[:cut] if cut else b"")

    assert refuse(archive) == INVALID


def test_an_entry_that_announces_more_than_there_is_is_refused(archive, refuse):
    """A size in a header far beyond the end."""
    raw = bytearray(archive.read_bytes())
    raw[124:136] = b"77777777777\0"
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    archive.write_bytes(raw)

    assert refuse(archive) == INVALID


def test_every_flip_in_an_archive_is_found_or_harmless(archive, opened, tmp_path, source):
    """What is imported from a flipped archive is what was exported."""
    raw = archive.read_bytes()
    taken = 0
    for at in range(0, len(raw), 397):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at % 8)
        archive.write_bytes(flipped)
        with ArtifactStore(VaultConfig(root_path=tmp_path / f"t{at}")) as target:
            try:
                target.import_export_package(archive)
            except ContextaError:
                continue
            taken += 1

            assert target.read_artifact_bytes(REF) == source.read_bytes()
    assert taken < 30  # the padding between entries means nothing


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
