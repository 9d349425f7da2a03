import io
import tarfile

import pytest

from contexta.recovery._tar_headers import (
    BLOCK_BYTES,
    BadHeader,
    Header,
    is_safe_name,
    member_header,
    read_header,
)

LONG = "workspace/" + "a" * 200 + "/" + "b" * 200


def reader(data):
    return lambda offset, count: data[offset : offset + count]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("manifest.json", 0),
        ("workspace/a", 1),
        ("n" * 100, 5),
        ("n" * 101, 5),
        (LONG, 7),
        ("workspace/Größe", 3),
        ("workspace/\udcff", 3),
        ("workspace/a", 8**11 - 1),
        ("workspace/a", 8**11),
        (LONG, 1 << 60),
        ("workspace/line\nbreak", 2),
    ],
)
def test_a_header_is_read_back_by_us_and_by_the_standard_library(name, size):
    raw = member_header(name, size)
    member = tarfile.TarFile(fileobj=io.BytesIO(raw)).firstmember

    assert read_header(reader(raw), 0) == Header(name, size, len(raw))
    assert (member.name, member.size, member.isreg(), member.mode) == (name, size, True, 0o600)


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "a/", ".", "a\0b"]
)
def test_a_name_that_could_lead_elsewhere_is_never_written(name):
    assert not is_safe_name(name)
    with pytest.raises(ValueError, match="relative path"):
        member_header(name, 1)


def foreign(kind=tarfile.PAX_FORMAT, **fields):
    info = tarfile.TarInfo("workspace/a")
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(kind)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (foreign(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a symbolic link"),
        (foreign(type=tarfile.LNKTYPE, linkname="manifest.json"), "a hard link"),
        (foreign(type=tarfile.CHRTYPE), "a device"),
        (foreign(type=tarfile.BLKTYPE), "a device"),
        (foreign(type=tarfile.FIFOTYPE), "a FIFO"),
        (foreign(type=tarfile.DIRTYPE), "a folder"),
        (foreign(type=tarfile.CONTTYPE), "a contiguous file"),
        (foreign(type=tarfile.GNUTYPE_SPARSE), "a sparse file"),
        (foreign(tarfile.GNU_FORMAT, name=LONG), "a GNU long name"),
    ],
)
def test_what_is_no_regular_file_is_named(raw, reason):
    found = read_header(reader(raw), 0)

    assert isinstance(found, BadHeader)
    assert (reason in found.reason, found.is_special) == (True, True)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(foreign(mode=0o4755), id="setuid"),
        pytest.param(foreign(uid=1000), id="owner"),
        pytest.param(foreign(mtime=1), id="time"),
        pytest.param(foreign(uname="root"), id="owner by name"),
        pytest.param(foreign(tarfile.GNU_FORMAT), id="GNU magic"),
        pytest.param(foreign(tarfile.GNU_FORMAT, size=1 << 40), id="base 256"),
        pytest.param(foreign(type=b"Z"), id="unknown type"),
        pytest.param(foreign(type=tarfile.AREGTYPE), id="old regular file"),
        pytest.param(foreign(pax_headers={"linkpath": "x"}), id="pax link"),
        pytest.param(foreign(pax_headers={"path": "workspace/b"}), id="pax path not needed"),
        pytest.param(foreign(pax_headers={"size": "1"}), id="pax size not needed"),
        pytest.param(foreign(pax_headers={"GNU.sparse.size": "999"}), id="pax sparse"),
        pytest.param(foreign(name=LONG[:254]), id="prefix field"),
        pytest.param(b"x" * BLOCK_BYTES, id="noise"),
        pytest.param(bytes(BLOCK_BYTES), id="zeros"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_header_that_is_not_ours_to_the_byte_is_refused(raw):
    assert isinstance(read_header(reader(raw), 0), BadHeader)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "workspace/../../x"])
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    info = tarfile.TarInfo("a")
    info.name = name
    info.mode = 0o600

    found = read_header(reader(info.tobuf(tarfile.USTAR_FORMAT)), 0)

    assert found == BadHeader("its name could lead elsewhere", name)


def test_an_extended_header_that_claims_to_be_huge_is_not_read():
    sizes = []

    def read(offset, count):
        sizes.append(count)
        return bomb[offset : offset + count]

    bomb = bytearray(member_header(LONG, 1)[:BLOCK_BYTES])
    bomb[124:136] = b"77777777777\0"
    bomb[148:156] = b"%06o\0 " % (sum(bomb[:148]) + 256 + sum(bomb[156:]))

    assert isinstance(read_header(read, 0), BadHeader)
    assert max(sizes) == BLOCK_BYTES
