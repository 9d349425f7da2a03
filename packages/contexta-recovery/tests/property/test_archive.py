"""Property: an archive is as it was written, or it is refused."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.recovery._archive import ArchiveSource, ArchiveWriter
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._tar_headers import Header, is_safe_name, member_header, read_header

NAMES = st.text(min_size=1, max_size=150).filter(
    lambda name: is_safe_name(name) and name.isprintable()
)
FILES = {"workspace/a": b"first", "workspace/" + "x/" * 60 + "y": bytes(700), "workspace/e": b""}


def archive(path, files):
    with path.open("wb") as file:
        writer = ArchiveWriter(file.fileno())
        writer.add("manifest.json", 2, [b"{}"])
        for name, content in files.items():
            writer.add(name, len(content), [content])
        writer.finish()
    return path.read_bytes()


def is_accepted(path, files):
    """Whether everything that a verification looks at is as it was written."""
    source = ArchiveSource(path)
    if source.read_manifest() != b"{}" or source.unexpected(set(files)):
        return False
    for name, content in files.items():
        opened = source.open(name, len(content))
        if isinstance(opened, BackupProblem):
            return False
        digest = hashlib.sha256(opened.read()).digest()
        if digest != hashlib.sha256(content).digest():
            return False
    return True


with tempfile.TemporaryDirectory() as folder:
    RAW = archive(Path(folder, "b.tar"), FILES)


@settings(deadline=None)
@given(files=st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5))
def test_any_names_and_contents_are_read_back(tmp_path_factory, files):
    files.pop("manifest.json", None)
    path = tmp_path_factory.mktemp("archive") / "b.tar"
    archive(path, files)

    assert is_accepted(path, files)


@given(name=NAMES, size=st.integers(0, 1 << 62))
def test_a_header_has_one_form(name, size):
    raw = member_header(name, size)

    found = read_header(lambda offset, count: raw[offset : offset + count], 0)

    assert found == Header(name, size, len(raw))


@settings(max_examples=300, deadline=None)
@given(where=st.integers(0, len(RAW) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(tmp_path_factory, where, bit):
    changed = bytearray(RAW)
    changed[where] ^= 1 << bit
    path = tmp_path_factory.mktemp("archive") / "b.tar"
    path.write_bytes(changed)

    assert not is_accepted(path, FILES)


@settings(deadline=None)
@given(end=st.integers(0, len(RAW) - 1))
def test_any_truncation_is_refused(tmp_path_factory, end):
    path = tmp_path_factory.mktemp("archive") / "b.tar"
    path.write_bytes(RAW[:end])

    assert not is_accepted(path, FILES)


@settings(deadline=None)
@given(where=st.integers(0, len(RAW)), junk=st.binary(min_size=1, max_size=1200))
def test_anything_put_in_between_is_refused(tmp_path_factory, where, junk):
    changed = RAW[:where] + junk + RAW[where:]
    path = tmp_path_factory.mktemp("archive") / "b.tar"
    path.write_bytes(changed)

    assert not is_accepted(path, FILES)
