"""Which backups a restore finds, and which it refuses before it touches anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def restore(config, ref, **options):
    return restore_workspace(config, plan_restore(config, ref, **options))


def test_a_backup_is_found_by_its_path_and_never_written(config, workspace):
    """A path used to make verification delete the backup."""
    location = back_up(config).location
    before = sorted(location.rglob("*"))

    for path in (location, str(location)):
        assert restore(config, path, verify_only=True).status == "SUCCESS"

    assert sorted(location.rglob("*")) == before
    assert verify_backup(location).ok


def test_a_staging_folder_inside_the_backup_is_refused(config, workspace):
    """Staging there would write into the backup, or delete it."""
    location = back_up(config).location
    plan = replace(
        plan_restore(config, location, verify_only=True), staging_root=location / "staging"
    )

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan)

    assert caught.value.code == "recovery_staging_inside_backup"
    assert verify_backup(location).ok


@pytest.mark.parametrize("ref", ["../x", "../../home", "a/b", "..", ".partial-a", "a\0b"])
def test_a_reference_cannot_leave_the_backup_folder(config, workspace, ref):
    """A reference is a name, never a way through folders."""
    with pytest.raises(RestoreError) as caught:
        plan_restore(config, ref)

    assert caught.value.code == "recovery_invalid_backup_ref"


@pytest.mark.parametrize("ref", ["nothing", "/etc", Path("/nonexistent")])
def test_a_backup_that_is_not_there_is_not_found(config, ref):
    with pytest.raises(RestoreError) as caught:
        plan_restore(config, ref)

    assert caught.value.code == "recovery_backup_not_found"


def test_a_blank_reference_is_refused(config):
    with pytest.raises(ValidationError) as caught:
        plan_restore(config, "  ")

    assert caught.value.code == "recovery_invalid_text"


def test_an_aborted_backup_is_not_accepted(config, workspace):
    """A folder without its manifest is what a killed backup leaves."""
    (workspace / "recovery" / "backups" / "half" / "workspace").mkdir(parents=True)

    with pytest.raises(RestoreError) as caught:
        restore(config, "half")

    assert caught.value.code == "recovery_manifest_missing"


def test_a_backup_without_its_payload_is_refused(config, workspace):
    import shutil

    location = back_up(config).location
    shutil.rmtree(location / "workspace")

    with pytest.raises(RestoreError) as caught:
        restore(config, location.name)

    assert caught.value.code == "recovery_backup_workspace_missing"
