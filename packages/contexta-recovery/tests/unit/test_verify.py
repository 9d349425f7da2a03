import os

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    BackupError,
    RestoreError,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)


@pytest.fixture
def backup(config, workspace):
    return create_workspace_backup(config, plan_workspace_backup(config)).location


def some_file(backup):
    return max(
        (path for path in (backup / "workspace").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )


def flip(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def link(path):
    os.replace(path, path.with_name("moved"))
    path.symlink_to("moved")


def extra(path):
    path.with_name("extra").write_text("x")


DAMAGES = [
    (flip, "hash_differs"),
    (cut, "size_differs"),
    (os.unlink, "file_missing"),
    (link, "file_not_regular"),
    (extra, "file_unexpected"),
]


@pytest.mark.parametrize(("damage", "kind"), DAMAGES)
def test_damage_is_named_with_its_place_and_refused_by_restore(
    config, workspace, contents, backup, damage, kind
):
    """Every byte is read, so each damage is named with its file."""
    before = contents(workspace)
    path = some_file(backup)
    damage(path)

    found = verify_backup(config, backup.name)

    place = path.relative_to(backup).as_posix()
    if kind == "file_unexpected":
        place = path.with_name("extra").relative_to(backup).as_posix()
    assert (found.status, found.ok) == ("FAILURE", False)
    assert (kind, place) in {(one.kind, one.place) for one in found.problems}
    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan_restore(config, backup.name))
    assert caught.value.code == "recovery_backup_damaged"
    assert contents(workspace) == before


@pytest.mark.parametrize(("damage", "kind"), DAMAGES)
def test_verify_only_says_no(config, backup, damage, kind):
    damage(some_file(backup))

    result = restore_workspace(config, plan_restore(config, backup.name, verify_only=True))

    assert (result.status, result.applied) == ("FAILURE", False)
    assert result.warnings != ()


def test_all_problems_are_reported_not_the_first(config, backup):
    for path in (backup / "workspace").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(path.read_bytes() + b"x")

    found = verify_backup(config, backup.name)

    assert len(found.problems) == found.file_count


def test_an_edited_manifest_is_named_and_refused(config, backup):
    manifest = backup / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"runs": 1', '"runs": 2'))

    found = verify_backup(backup)

    assert [(one.kind, one.place) for one in found.problems] == [
        ("manifest_edited", "manifest.json")
    ]
    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan_restore(config, backup.name))
    assert caught.value.code == "recovery_manifest_invalid"
    assert "own digest" in list_backups(config)[0].problem


def test_a_renamed_backup_verifies_and_says_so(config, backup):
    """The manifest knows the name that the backup was made under."""
    renamed = backup.with_name("renamed")
    os.replace(backup, renamed)

    found = verify_backup(renamed)

    assert (found.status, found.ok, len(found.warnings)) == ("DEGRADED", True, 1)


def test_verifying_changes_nothing(config, backup):
    def state():
        return {path: path.stat().st_mtime_ns for path in (backup, *backup.rglob("*"))}

    before = state()

    verify_backup(config, backup.name)
    restore_workspace(config, plan_restore(config, backup.name, verify_only=True))

    assert state() == before


def test_a_backup_that_is_not_there_is_not_found(config):
    with pytest.raises(BackupError) as caught:
        verify_backup(config, "nothing")

    assert caught.value.code == "recovery_backup_not_found"
    with pytest.raises(ValidationError):
        verify_backup(config)


def test_backups_are_listed_oldest_first(config, workspace):
    made = [
        create_workspace_backup(config, plan_workspace_backup(config, label=label)).backup_ref
        for label in ("z", "a", "m")
    ]
    (workspace / "recovery" / "backups" / "stray").mkdir()

    assert [one.backup_ref for one in list_backups(config)] == made
