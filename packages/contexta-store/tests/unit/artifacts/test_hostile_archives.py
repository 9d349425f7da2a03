"""Packages as a single file that want more than to be imported: none is taken."""

import gzip
import io
import tarfile

import pytest

from contexta.contract.errors import ContextaError
from contexta.store.artifacts import ArtifactStore, VaultConfig

REF = "artifact:p.r.m"
INVALID = "artifact_export_package_invalid"


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
