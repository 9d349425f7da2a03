"""Verification that opens the stores and counts again."""

import dataclasses
import os

import pytest

from contexta.recovery import create_workspace_backup, plan_workspace_backup, verify_backup
from contexta.recovery._manifest import FileEntry, write_manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import open_source


@pytest.fixture
def backup(config, workspace):
    return create_workspace_backup(config, plan_workspace_backup(config)).location


def rewrite(backup, **changes):
    manifest = load_manifest(open_source(backup)).manifest
    write_manifest(backup, dataclasses.replace(manifest, **changes))


def test_a_good_backup_is_opened_counted_and_left_as_it_was(config, backup):
    """The stores are opened on a copy, which is removed."""
    before = sorted((str(path), path.stat().st_mtime_ns) for path in backup.rglob("*"))

    found = verify_backup(config, backup.name, deep=True)

    assert (found.status, found.problems) == ("SUCCESS", ())
    assert found.notes == ("bytes_read", "stores_opened")
    assert found.plane_results["metadata"]["run_count"] == 1
    assert found.plane_results["records"]["record_count"] == 5
    assert found.plane_results["artifacts"]["artifact_count"] == 1
    assert sorted((str(path), path.stat().st_mtime_ns) for path in backup.rglob("*")) == before
    assert not list((config.workspace.root_path / "recovery").glob("staging/*"))


def test_without_deep_no_store_is_opened(config, backup):
    """Reading the bytes is enough to know that they are those that were written."""
    found = verify_backup(config, backup.name)

    assert (found.notes, found.plane_results) == (("bytes_read",), None)


def test_a_backup_given_by_path_is_opened_too(backup):
    """No configuration is needed."""
    assert verify_backup(backup, deep=True).plane_results["records"]["record_count"] == 5


def test_a_manifest_that_lies_about_counts_is_found(config, backup):
    """Bytes can be right and the summary wrong."""
    rewrite(backup, counts={"runs": 1, "records": 7, "artifacts": 1})

    shallow = verify_backup(config, backup.name)
    deep = verify_backup(config, backup.name, deep=True)

    assert shallow.ok
    assert [(one.kind, one.place) for one in deep.problems] == [("count_differs", "records")]
    assert "5" in deep.problems[0].message


def test_records_that_were_swapped_for_rot_with_a_fitting_manifest_are_found(config, backup):
    """The store has checksums of its own, which a rewritten manifest does not help against."""
    manifest = load_manifest(open_source(backup)).manifest
    part = next(entry for entry in manifest.files if entry.path.endswith(".parquet"))
    path = backup / part.stored
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.unlink()
    path.write_bytes(bytes(raw))
    import hashlib

    entry = FileEntry.plain(part.path, len(raw), hashlib.sha256(raw).hexdigest())
    files = [entry if one.path == part.path else one for one in manifest.files]
    rewrite(backup, files=tuple(files))

    shallow = verify_backup(config, backup.name)
    deep = verify_backup(config, backup.name, deep=True)

    assert shallow.ok
    assert "records" in {one.place for one in deep.problems}
    assert deep.status == "FAILURE"


def test_bytes_that_do_not_verify_are_not_opened(config, backup):
    """A store that opens rot could answer anything."""
    path = max(backup.rglob("*"), key=lambda one: one.stat().st_size if one.is_file() else 0)
    os.truncate(path, 10)

    found = verify_backup(config, backup.name, deep=True)

    assert (found.status, found.plane_results) == ("FAILURE", None)
    assert [one.kind for one in found.problems] == ["size_differs"]


def test_damage_that_the_manifest_knows_is_no_new_problem(config, workspace):
    """A backup of a damaged workspace is what it says it is."""
    part = next(workspace.glob("records/**/*.parquet"))
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.write_bytes(bytes(raw))
    location = create_workspace_backup(config, plan_workspace_backup(config)).location

    found = verify_backup(config, location.name, deep=True)

    assert (found.status, found.problems) == ("DEGRADED", ())


def test_progress_tells_how_far_it_is(config, backup):
    """Called at the end of each phase at least, with everything done."""
    seen = []

    verify_backup(config, backup.name, progress=seen.append)

    last = seen[-1]
    assert last.phase == "verify"
    assert (last.done_files, last.done_bytes) == (last.total_files, last.total_bytes)
    assert last.done_bytes > 0
