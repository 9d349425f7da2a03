"""Which backup a name or a path means, and that neither leads elsewhere."""

import os
from pathlib import Path

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    diff_backups,
    list_backups,
    plan_workspace_backup,
    verify_backup,
)
from contexta.recovery._archive import ArchiveWriter
from contexta.recovery._find import find_backup
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import open_source


def as_archive(folder):
    """Write a backup folder as an archive beside it, and remove the folder."""
    manifest = load_manifest(open_source(folder)).manifest
    fd = os.open(folder.with_name(f"{folder.name}.tar"), os.O_CREAT | os.O_WRONLY, 0o600)
    writer = ArchiveWriter(fd)
    for name in ("manifest.json", *(stored.stored for stored in manifest.stored_files())):
        raw = (folder / name).read_bytes()
        writer.add(name, len(raw), [raw])
    writer.finish()
    os.close(fd)
    os.replace(folder, folder.with_name(f".moved-{folder.name}"))
    return folder.with_name(f"{folder.name}.tar")


@pytest.fixture
def folder(config, workspace):
    return create_workspace_backup(config, plan_workspace_backup(config)).location


@pytest.fixture(params=["folder", "archive"])
def backup(folder, request):
    return folder if request.param == "folder" else as_archive(folder)


REFS = ["..", "../x", "../../etc", "a/b", "/", ".partial-a", ".removing-a", "a\\b", "a\0b", "c:d"]


@pytest.mark.parametrize("ref", REFS)
def test_a_name_cannot_leave_the_backup_folder(config, folder, ref):
    """A reference used to be joined to the folder as it was: `../x` escaped."""
    outside = folder.parent.parent / "x"
    os.replace(folder, outside)

    calls = (lambda: verify_backup(config, ref), lambda: diff_backups(config, ref, ref))
    codes = []
    for call in calls:
        with pytest.raises(BackupError) as caught:
            call()
        codes.append(caught.value.code)

    wanted = "recovery_backup_not_found" if ref == "/" else "recovery_invalid_backup_ref"
    assert codes == [wanted, wanted]


def test_a_backup_is_found_by_name_by_path_and_by_text_of_its_path(config, backup):
    """Paths are supported, and nothing in the backup changes by being verified."""
    name = backup.name.removesuffix(".tar")
    before = sorted((str(path), path.stat().st_mtime_ns) for path in backup.parent.rglob("*"))

    found = [verify_backup(config, ref) for ref in (name, backup.name, backup, str(backup))]
    found += [verify_backup(backup), verify_backup(str(backup))]

    after = sorted((str(path), path.stat().st_mtime_ns) for path in backup.parent.rglob("*"))
    assert after == before
    assert [(one.status, one.backup_ref) for one in found] == [("SUCCESS", name)] * 6


def test_a_backup_that_lies_elsewhere_is_found_by_its_path(config, backup, tmp_path):
    """A disk with backups may be mounted anywhere."""
    elsewhere = tmp_path / "disk" / backup.name
    elsewhere.parent.mkdir()
    os.replace(backup, elsewhere)

    assert verify_backup(config, elsewhere).ok
    assert list_backups(config) == ()


def test_a_link_to_a_backup_is_not_followed(config, backup):
    """A link may lead anywhere, and be changed between a look and a use."""
    link = backup.with_name(f"link{backup.suffix}")
    link.symlink_to(backup)

    with pytest.raises(BackupError) as caught:
        verify_backup(config, "link")

    assert caught.value.code == "recovery_backup_not_found"
    assert [one.location for one in list_backups(config)] == [backup]


@pytest.mark.parametrize("ref", ["nothing", "nothing.tar", "/etc", Path("/nonexistent")])
def test_a_backup_that_is_not_there_is_not_found(config, ref):
    with pytest.raises(BackupError) as caught:
        verify_backup(config, ref)

    assert caught.value.code == "recovery_backup_not_found"
    assert caught.value.details["backup_ref"] == str(ref)


@pytest.mark.parametrize("ref", ["", " ", None, 3, b"x"])
def test_what_is_no_name_is_refused(config, ref):
    with pytest.raises(ValidationError) as caught:
        verify_backup(config, ref)

    assert caught.value.code == "recovery_invalid_text"


def test_folders_come_before_archives_of_the_same_name(folder, tmp_path):
    """A name means one backup; the archive is reached by its full name."""
    archive = folder.with_name(f"{folder.name}.tar")
    archive.write_bytes(b"x")

    assert find_backup(folder.name, folder.parent, BackupError) == folder
    assert find_backup(archive.name, folder.parent, BackupError) == archive


def test_every_published_backup_is_listed_and_nothing_else(config, workspace, folder):
    """There used to be no list; half backups and hidden folders are none."""
    archive = as_archive(folder)
    second = create_workspace_backup(config, plan_workspace_backup(config, label="second"))
    (folder.parent / "half" / "workspace").mkdir(parents=True)
    (folder.parent / "notes.txt").write_text("mine")
    (folder.parent / "other.tar").mkdir()

    found = list_backups(config)

    assert [(one.backup_ref, one.location) for one in found] == [
        (folder.name, archive),
        (second.backup_ref, second.location),
    ]
    assert [one.problem for one in found] == [None, None]
    assert found[0].counts == {"artifacts": 1, "records": 5, "runs": 1}
