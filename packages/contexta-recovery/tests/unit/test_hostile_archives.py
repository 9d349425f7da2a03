"""Archives that somebody made to harm: refused with a coded error, and nothing was touched."""

import hashlib
import tarfile
from dataclasses import replace

import pytest

from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._archive import ArchiveSource
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._tar_headers import member_header

VICTIM = "workspace/config/resolved.config.json"


@pytest.fixture(scope="module")
def config(config_at, populate, tmp_path_factory):
    """One workspace for all cases: none of them may change it."""
    root = tmp_path_factory.mktemp("hostile") / "home" / ".contexta"
    populate(root)
    return config_at(root)


@pytest.fixture(scope="module")
def archive(config):
    result = create_workspace_backup(config, plan_workspace_backup(config, form="archive"))
    return result.location.read_bytes()


@pytest.fixture
def good(config, archive):
    path = config.workspace.root_path / "recovery" / "backups" / "b.tar"
    path.write_bytes(archive)
    return path


def state(config):
    """Every file around the workspace with its content, but for archive and staging folder."""
    top = config.workspace.root_path.parent.parent
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in top.rglob("*")
        if path.name != "b.tar" and "staging" not in path.parts
    }


def members(path):
    """The stored files of a sound archive, by name."""
    source = ArchiveSource(path)
    files = load_manifest(source).manifest.stored_files()
    found = {}
    for one in files:
        with source.open(one.stored, one.size) as file:
            found[one.stored] = file.read()
    return found


def raw(name, content):
    return member_header(name, len(content)) + content + bytes(-len(content) % 512)


def foreign(name, content=b"", **fields):
    info = tarfile.TarInfo("x")
    info.name, info.mode, info.size = name, 0o600, len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    header = info.tobuf(fields.pop("form", tarfile.PAX_FORMAT))
    return header + content + bytes(-len(content) % 512)


def rewrite(path, *extra, files=None, manifest=None, end=bytes(1024)):
    """Write the archive again with other members; what lies is signed like the truth."""
    manifest = manifest or load_manifest(ArchiveSource(path)).manifest
    files = members(path) if files is None else files
    parts = [raw("manifest.json", manifest.to_bytes())]
    parts += [raw(name, content) for name, content in sorted(files.items())]
    path.write_bytes(b"".join((*parts, *extra)) + end)


def without(path, name):
    return {other: content for other, content in members(path).items() if other != name}


def resized(archive, **changes):
    """The manifest with the victim's entry changed, and all digests right."""
    manifest = load_manifest(ArchiveSource(archive)).manifest
    files = tuple(one._replace(**changes) if one.path == VICTIM else one for one in manifest.files)
    return replace(manifest, files=files)


def entry_of(path, content, *, size, encoding="zstd"):
    """A manifest that says that the victim, so stored, has this size."""
    return resized(
        path,
        size=size,
        sha256=hashlib.sha256(b"x" * size).hexdigest(),
        stored=VICTIM,
        stored_size=len(content),
        stored_sha256=hashlib.sha256(content).hexdigest(),
        encoding=encoding,
    )


def zstd(content):
    import pyarrow as pa

    return pa.Codec("zstd").compress(content, asbytes=True)


def bomb(path):
    content = zstd(bytes(200 << 20))
    files = {**without(path, stored_name(path)), VICTIM: content}
    rewrite(path, files=files, manifest=entry_of(path, content, size=10))


def stored_name(path):
    manifest = load_manifest(ArchiveSource(path)).manifest
    return next(one.stored for one in manifest.files if one.path == VICTIM)


def newer(path):
    rewrite(path, manifest=replace(load_manifest(ArchiveSource(path)).manifest, format_version=3))


def huge_claim(path):
    name = stored_name(path)
    rewrite(path, member_header(name, 1 << 60), files=without(path, name))


def manifest_lies_about_a_size(path):
    rewrite(path, manifest=resized(path, size=5, stored_size=5))


def manifest_lies_about_the_counts(path):
    manifest = load_manifest(ArchiveSource(path)).manifest
    rewrite(path, manifest=replace(manifest, counts={**manifest.counts, "runs": 7}))


def manifest_leads_elsewhere(path):
    rewrite(path, manifest=resized(path, path="workspace/../../../escaped", stored=VICTIM))


def in_place_of_the_victim(*make):
    def change(path):
        name = stored_name(path)
        rewrite(path, *(one(name) for one in make), files=without(path, name))

    return change


HOSTILE = {
    "absolute path": lambda path: rewrite(path, foreign("/tmp/escaped", b"x")),
    "dot dot": lambda path: rewrite(path, foreign("../../escaped", b"x")),
    "dot dot inside": lambda path: rewrite(path, foreign("workspace/../../escaped", b"x")),
    "symbolic link": in_place_of_the_victim(
        lambda name: foreign(name, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    ),
    "link, then a file through it": lambda path: rewrite(
        path,
        foreign("workspace/evil", type=tarfile.SYMTYPE, linkname="/tmp"),
        foreign("workspace/evil/escaped", b"x"),
    ),
    "hard link": in_place_of_the_victim(
        lambda name: foreign(name, type=tarfile.LNKTYPE, linkname="manifest.json")
    ),
    "device": in_place_of_the_victim(lambda name: foreign(name, type=tarfile.CHRTYPE)),
    "fifo": in_place_of_the_victim(lambda name: foreign(name, type=tarfile.FIFOTYPE)),
    "folder with an odd name": lambda path: rewrite(
        path, foreign("workspace/\x1b[2J..", type=tarfile.DIRTYPE)
    ),
    "folder in place of a file": in_place_of_the_victim(
        lambda name: foreign(name, type=tarfile.DIRTYPE)
    ),
    "duplicate name": lambda path: rewrite(path, raw(stored_name(path), b"other")),
    "two manifests": lambda path: rewrite(path, raw("manifest.json", b"{}")),
    "wrong size": in_place_of_the_victim(lambda name: raw(name, b"short")),
    "set-user-id": in_place_of_the_victim(lambda name: foreign(name, b"x", mode=0o4755)),
    "two sizes": in_place_of_the_victim(
        lambda name: foreign(name, b"x", pax_headers={"size": "512"})
    ),
    "two names": in_place_of_the_victim(
        lambda name: foreign(name, b"x", pax_headers={"path": "../escaped"})
    ),
    "sparse": in_place_of_the_victim(
        lambda name: foreign(name, b"x", pax_headers={"GNU.sparse.realsize": str(1 << 50)})
    ),
    "zstd bomb": bomb,
    "huge claimed size": huge_claim,
    "trailing junk": lambda path: rewrite(path, end=bytes(1024) + b"junk"),
    "trailing zeros": lambda path: rewrite(path, end=bytes(10240)),
    "a second archive behind": lambda path: path.write_bytes(path.read_bytes() * 2),
    "no end": lambda path: rewrite(path, end=b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "member missing": lambda path: rewrite(path, files=without(path, stored_name(path))),
    "member more": lambda path: rewrite(path, raw("workspace/more", b"x")),
    "manifest lies about a size": manifest_lies_about_a_size,
    "manifest lies about the counts": manifest_lies_about_the_counts,
    "manifest leads elsewhere": manifest_leads_elsewhere,
    "newer format": newer,
    "empty file": lambda path: path.write_bytes(b""),
    "gzip": lambda path: path.write_bytes(b"\x1f\x8b" + bytes(100)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_was_touched(config, good, name):
    before = state(config)
    HOSTILE[name](good)

    verification = verify_backup(config, "b", deep=True)

    assert (verification.status, verification.ok) == ("FAILURE", False)
    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan_restore(config, "b"))
    assert caught.value.code in {
        "recovery_backup_damaged",
        "recovery_manifest_invalid",
        "recovery_manifest_missing",
    }
    assert state(config) == before


def test_the_same_archive_unharmed_is_accepted(config, good, config_at, contents, tmp_path):
    """What the cases above change is all that is wrong with them."""
    rewrite(good)
    other = config_at(tmp_path / "other")

    assert verify_backup(config, "b", deep=True).ok
    assert restore_workspace(other, plan_restore(other, good)).applied
    assert contents(tmp_path / "other") == contents(config.workspace.root_path)


def test_a_bomb_is_given_up_at_the_size_that_the_manifest_says(config, good):
    """The first bytes too many end it, whatever they would have become."""
    bomb(good)

    problem = verify_backup(config, "b").problems[0]

    assert (problem.kind, problem.place) == ("hash_differs", VICTIM)
    assert "more than 10 bytes" in problem.message
