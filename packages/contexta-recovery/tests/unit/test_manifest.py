import json
import os

import pytest

from contexta.recovery._manifest import MANIFEST_NAME, FileEntry, Manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import DirectorySource


def loaded_from(folder):
    return load_manifest(DirectorySource(folder))


def manifest(**changes):
    values = {
        "backup_ref": "b",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "workspace_root": "/w",
        "workspace_id": None,
        "profile_name": "local",
        "included_sections": ("config",),
        "store_schema_versions": {"metadata": "1"},
        "planes": {"metadata": False},
        "counts": {"runs": 0},
        "files": (FileEntry.plain("workspace/a", 1, "0" * 64),),
    }
    return Manifest(**{**values, **changes})


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_written_is_read_back(tmp_path, version):
    """Backups of the format before are read too."""
    written = manifest(format_version=version)
    (tmp_path / MANIFEST_NAME).write_bytes(written.to_bytes())

    assert loaded_from(tmp_path).manifest == written


def test_every_single_flipped_bit_is_noticed(tmp_path):
    """No byte of a manifest can change unnoticed, blanks included."""
    raw = manifest().to_bytes()
    trusted = []
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1 << (position % 8)
        (tmp_path / MANIFEST_NAME).write_bytes(changed)
        if loaded_from(tmp_path).manifest is not None:
            trusted.append(position)

    assert trusted == []


@pytest.mark.parametrize("path", ["workspace/\ud800", "workspace/" + "d/" * 3000 + "x"])
def test_a_path_that_no_file_can_have_is_a_problem_not_a_crash(tmp_path, path):
    raw = manifest(files=(FileEntry.plain(path, 1, "0" * 64),)).to_bytes()
    (tmp_path / MANIFEST_NAME).write_bytes(raw)

    assert loaded_from(tmp_path).problems[0].kind == "manifest_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"encryption": {"key_id": "0" * 16}},
        {"files": (FileEntry.plain("workspace/a", 1, "0" * 64)._replace(encoding="zstd+sealed"),)},
    ],
)
def test_a_backup_is_encrypted_as_a_whole_or_not_at_all(tmp_path, changes):
    """A sealed file taken for a readable one would be restored as noise."""
    (tmp_path / MANIFEST_NAME).write_bytes(manifest(**changes).to_bytes())

    assert loaded_from(tmp_path).problems[0].kind == "manifest_invalid"


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "workspace/../../x",
        "/etc/passwd",
        "workspace//a",
        "workspace/./a",
        "other/a",
        "",
        "workspace",
        "workspace/",
        "workspace/a/..",
        "workspace/a\0b",
        "workspace/a/",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused_although_its_digest_is_right(tmp_path, path):
    raw = manifest(files=(FileEntry.plain(path, 1, "0" * 64),)).to_bytes()
    (tmp_path / MANIFEST_NAME).write_bytes(raw)

    loaded = loaded_from(tmp_path)

    assert loaded.manifest is None
    assert loaded.problems[0].kind == "manifest_invalid"


def test_a_newer_format_is_refused_by_name(tmp_path):
    raw = manifest(format_version=3).to_bytes()
    (tmp_path / MANIFEST_NAME).write_bytes(raw)

    problem = loaded_from(tmp_path).problems[0]

    assert "format 3" in problem.message


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_bytes_that_are_no_manifest_are_a_problem_not_a_crash(tmp_path, raw):
    (tmp_path / MANIFEST_NAME).write_bytes(raw)

    assert [problem.kind for problem in loaded_from(tmp_path).problems] == ["manifest_invalid"]


def test_an_edited_value_is_named_an_edit(tmp_path):
    data = json.loads(manifest().to_bytes())
    data["counts"]["runs"] = 7
    (tmp_path / MANIFEST_NAME).write_text(json.dumps(data))

    assert [problem.kind for problem in loaded_from(tmp_path).problems] == ["manifest_edited"]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo])
def test_a_manifest_that_is_no_file_is_a_problem_not_a_crash(tmp_path, make):
    make(tmp_path / MANIFEST_NAME)

    assert [problem.kind for problem in loaded_from(tmp_path).problems] == ["manifest_invalid"]
