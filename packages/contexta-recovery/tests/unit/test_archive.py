import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from contexta.recovery import BackupError
from contexta.recovery._archive import ArchiveSource, ArchiveWriter
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._source import open_source
from contexta.recovery._tar_headers import member_header

FILES = {
    "workspace/a": b"first",
    "workspace/b/c": bytes(512),
    "workspace/empty": b"",
    "workspace/" + "long/" * 40 + "name": b"x" * 1000,
}
MANIFEST = b'{"format_version": 2}\n'


def archive(path, files=FILES, manifest=MANIFEST):
    with path.open("wb") as file:
        writer = ArchiveWriter(file.fileno())
        writer.add("manifest.json", len(manifest), [manifest])
        for name, content in files.items():
            writer.add(name, len(content), [content])
        writer.finish()
    return path


@pytest.fixture
def path(tmp_path):
    return archive(tmp_path / "b.tar")


def contents(source, files=FILES):
    """What can be read, by name; a problem's kind in place of what cannot."""
    found = {}
    for name, content in files.items():
        opened = source.open(name, len(content))
        if isinstance(opened, BackupProblem):
            found[name] = opened.kind
        else:
            with opened:
                found[name] = opened.read()
    return found


def kinds(path, listed=FILES):
    return [(one.kind, one.place) for one in ArchiveSource(path).unexpected(set(listed))]


def member(info, content=b""):
    info.mode = 0o600
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def entry(name, content=b""):
    return member_header(name, len(content)) + content + bytes(-len(content) % 512)


def raw_archive(path, *members):
    path.write_bytes(entry("manifest.json", MANIFEST) + b"".join(members) + bytes(1024))
    return path


def special(name, kind, **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return member(info)


def test_what_was_written_is_read_back(path):
    source = ArchiveSource(path)

    assert (source.ref, source.location) == ("b", path)
    assert source.read_manifest() == MANIFEST
    assert contents(source) == FILES
    assert source.unexpected(set(FILES)) == []


def test_an_archive_of_nothing_but_a_manifest_is_whole(tmp_path):
    path = archive(tmp_path / "b.tar", {})

    assert ArchiveSource(path).read_manifest() == MANIFEST
    assert kinds(path, ()) == []


def test_tar_programs_read_it(path, tmp_path):
    with tarfile.open(path) as tar:
        by_library = {name: tar.extractfile(name).read() for name in FILES}
    target = tmp_path / "out"
    target.mkdir()
    subprocess.run(["tar", "-xf", path, "-C", target], check=True)

    assert by_library == FILES
    assert {name: (target / name).read_bytes() for name in FILES} == FILES
    assert (target / "manifest.json").read_bytes() == MANIFEST


def test_the_same_files_make_the_same_bytes(path, tmp_path):
    assert archive(tmp_path / "other.tar").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"four", b"sixsix"])
def test_a_file_that_changed_size_while_it_was_packed_is_an_error(tmp_path, content):
    with (tmp_path / "b.tar").open("wb") as file:
        writer = ArchiveWriter(file.fileno())

        with pytest.raises(BackupError, match="not 5") as caught:
            writer.add("workspace/a", 5, [content])
    assert caught.value.code == "recovery_backup_unverified"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (tarfile.SYMTYPE, {"linkname": "/etc/passwd"}),
        (tarfile.LNKTYPE, {"linkname": "manifest.json"}),
        (tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3}),
        (tarfile.BLKTYPE, {}),
        (tarfile.FIFOTYPE, {}),
    ],
)
def test_links_and_special_files_are_refused_even_when_listed(tmp_path, kind, fields):
    path = raw_archive(tmp_path / "b.tar", special("workspace/a", kind, **fields))

    assert kinds(path) == [("file_not_regular", "workspace/a")]
    assert contents(ArchiveSource(path))["workspace/a"] == "file_missing"


@pytest.mark.parametrize("name", ["workspace", "../up", "/abs", "manifest.json"])
def test_a_folder_member_is_refused_whatever_its_name(tmp_path, name):
    path = raw_archive(tmp_path / "b.tar", special(name, tarfile.DIRTYPE))

    assert len(kinds(path, ())) == 1


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "../../x", "workspace/../../x"])
def test_names_that_could_lead_elsewhere_are_refused_even_when_listed(tmp_path, name):
    info = tarfile.TarInfo("a")
    info.name = name
    path = raw_archive(tmp_path / "b.tar", member(info, b"x"))

    assert kinds(path, {name}) == [("archive_invalid", name)]
    assert contents(ArchiveSource(path), {name: b"x"}) == {name: "file_missing"}


def test_a_name_that_occurs_twice_is_refused_and_the_first_one_counts(tmp_path):
    path = raw_archive(
        tmp_path / "b.tar", entry("workspace/a", b"first"), entry("workspace/a", b"other")
    )

    assert kinds(path) == [("file_duplicate", "workspace/a")]
    assert contents(ArchiveSource(path))["workspace/a"] == b"first"


def test_a_second_manifest_is_refused(tmp_path):
    path = raw_archive(tmp_path / "b.tar", entry("manifest.json", b"{}"))

    assert kinds(path) == [("file_duplicate", "manifest.json")]
    assert ArchiveSource(path).read_manifest() == MANIFEST


def test_a_member_that_is_not_listed_is_reported(path):
    assert kinds(path, set(FILES) - {"workspace/a"}) == [("file_unexpected", "workspace/a")]


def test_a_size_other_than_the_manifest_says_is_reported(path):
    problem = ArchiveSource(path).open("workspace/a", 6)

    assert problem.kind == "size_differs"
    assert "5 bytes, the manifest says 6" in problem.message


def test_a_member_that_claims_to_be_huge_takes_no_memory_and_is_refused(tmp_path):
    path = raw_archive(tmp_path / "b.tar", member_header("workspace/a", 1 << 60) + b"little")

    assert kinds(path) == [("archive_invalid", "workspace/a")]
    assert ArchiveSource(path).open("workspace/a", 1 << 60).kind == "size_differs"


def test_a_manifest_that_claims_to_be_huge_is_refused(tmp_path):
    path = tmp_path / "b.tar"
    path.write_bytes(member_header("manifest.json", 1 << 40) + b"{}")

    assert ArchiveSource(path).read_manifest().kind == "manifest_invalid"


@pytest.mark.parametrize("junk", [b"x", bytes(512), bytes(1), entry("workspace/late", b"x")])
def test_anything_behind_the_end_is_refused(path, junk):
    path.write_bytes(path.read_bytes() + junk)

    assert ("archive_invalid", "b.tar") in kinds(path)


def test_an_archive_that_was_cut_is_refused_and_what_is_left_can_be_read(path):
    """Salvage takes from a damaged archive what its manifest still vouches for."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - 1024 - 300])

    assert kinds(path)[0][0] == "archive_invalid"
    found = contents(ArchiveSource(path))
    assert [name for name in FILES if found[name] == FILES[name]] == list(FILES)[:3]


@pytest.mark.parametrize("noise", [b"\xff", bytes(1)])
def test_one_damaged_header_hides_one_member_only(path, noise):
    raw = bytearray(path.read_bytes())
    start = raw.index(b"workspace/b/c\0")
    raw[start : start + 512] = noise * 512
    path.write_bytes(raw)

    found = contents(ArchiveSource(path))
    assert {name for name in FILES if found[name] != FILES[name]} == {"workspace/b/c"}
    assert kinds(path)[0] == ("archive_invalid", "b.tar")


def test_bytes_between_members_must_be_zero(path):
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"first") + 6] = 1
    path.write_bytes(raw)

    assert kinds(path) == [("archive_invalid", "workspace/a")]


@pytest.mark.parametrize("raw", [b"", b"x", bytes(1024), bytes(10240), b"PK\3\4" * 1000])
def test_other_files_are_no_archives(tmp_path, raw):
    (tmp_path / "b.tar").write_bytes(raw)

    assert ArchiveSource(tmp_path / "b.tar").read_manifest().kind == "manifest_invalid"
    assert contents(ArchiveSource(tmp_path / "b.tar")) == dict.fromkeys(FILES, "file_missing")


def test_an_archive_that_begins_with_something_else_has_no_manifest(tmp_path):
    (tmp_path / "b.tar").write_bytes(entry("workspace/a", b"x") + bytes(1024))

    assert ArchiveSource(tmp_path / "b.tar").read_manifest().kind == "manifest_missing"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("x")])
def test_what_is_no_file_is_a_problem_without_waiting(tmp_path, make):
    make(tmp_path / "b.tar")
    source = ArchiveSource(tmp_path / "b.tar")

    assert source.read_manifest().kind == "manifest_invalid"
    assert source.open("workspace/a", 1).kind == "manifest_invalid"
    assert len(source.unexpected(set())) == 1


def test_a_missing_archive_is_a_problem(tmp_path):
    assert ArchiveSource(tmp_path / "b.tar").read_manifest().kind == "manifest_missing"


def test_a_link_to_an_archive_is_not_followed(path, tmp_path):
    (tmp_path / "link.tar").symlink_to(path)

    assert ArchiveSource(tmp_path / "link.tar").read_manifest().kind == "manifest_invalid"


def test_an_archive_of_thousands_of_hostile_members_is_given_up(tmp_path):
    path = raw_archive(tmp_path / "b.tar", *[special("a", tarfile.FIFOTYPE)] * 5000)

    assert len(kinds(path)) <= 1001


def test_a_huge_hole_is_skipped(tmp_path):
    path = raw_archive(tmp_path / "b.tar", entry("workspace/a", b"first"))
    os.truncate(path, 1 << 40)

    assert kinds(path) == [("archive_invalid", "b.tar")]


def test_readers_of_several_members_do_not_disturb_each_other(path):
    source = ArchiveSource(path)
    with source.open("workspace/a", 5) as first, source.open("workspace/b/c", 512) as second:
        halves = (first.read(2), second.read(2), first.read(), second.read())

    assert halves == (b"fi", b"\0\0", b"rst", bytes(510))


def test_the_file_is_closed_with_the_last_reader(path):
    def open_files():
        links = Path("/proc/self/fd").iterdir()
        return [link for link in links if os.path.lexists(link) and link.readlink() == path]

    source = ArchiveSource(path)
    reader = source.open("workspace/a", 5)
    del source
    held = len(open_files())
    content = reader.read()
    del reader

    assert (held, content, open_files()) == (1, b"first", [])


def test_reading_is_raw_so_that_nothing_is_held_back(path):
    assert isinstance(ArchiveSource(path).open("workspace/a", 5), io.RawIOBase)


def test_the_form_is_told_by_what_lies_there(path, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.tar").mkdir()
    copied = path.rename(tmp_path / "copied")
    forms = [
        type(open_source(tmp_path / name)).__name__
        for name in ("folder", "folder.tar", "copied", "gone", "gone.tar")
    ]

    assert forms == [
        "DirectorySource",
        "DirectorySource",
        "ArchiveSource",
        "DirectorySource",
        "ArchiveSource",
    ]
    assert open_source(copied).read_manifest() == MANIFEST
