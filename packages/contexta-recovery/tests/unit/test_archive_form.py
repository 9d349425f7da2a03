import os
import stat

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def test_an_archive_is_one_private_file_that_restores_everything(
    config, workspace, contents, config_at, tmp_path
):
    before = contents(workspace)

    result = back_up(config, form="archive")

    assert result.location == workspace / "recovery" / "backups" / f"{result.backup_ref}.tar"
    assert result.bytes_written == result.location.stat().st_size
    assert stat.S_IMODE(result.location.stat().st_mode) == 0o600
    other = config_at(tmp_path / "other")
    restored = restore_workspace(other, plan_restore(other, result.location))
    assert (restored.status, restored.applied) == ("SUCCESS", True)
    assert contents(tmp_path / "other") == before


def test_both_forms_are_listed_and_found_by_name(config, workspace):
    made = [back_up(config, label=form, form=form) for form in ("directory", "archive")]

    listed = list_backups(config)

    assert [one.backup_ref for one in listed] == [one.backup_ref for one in made]
    assert [one.form for one in listed] == ["directory", "archive"]
    for one in made:
        assert verify_backup(config, one.backup_ref).status == "SUCCESS"
        assert verify_backup(one.location).status == "SUCCESS"


def test_an_archive_can_be_moved_and_renamed(config, workspace, tmp_path):
    """The name that it was written under is told, no more."""
    moved = tmp_path / "elsewhere.tar"
    os.replace(back_up(config, form="archive").location, moved)

    found = verify_backup(moved)

    assert (found.status, found.ok, len(found.warnings)) == ("DEGRADED", True, 1)


def test_the_name_of_an_archive_is_not_given_to_another_backup(config, workspace):
    plan = plan_workspace_backup(config, form="archive")

    refs = [create_workspace_backup(config, plan).backup_ref for _ in range(2)]

    assert refs == [plan.backup_ref, f"{plan.backup_ref}-2"]


def test_a_form_that_does_not_exist_is_refused(config):
    with pytest.raises(ValidationError) as caught:
        plan_workspace_backup(config, form="zip")

    assert caught.value.code == "recovery_invalid_form"


def test_nothing_is_left_beside_the_archive(config, workspace):
    location = back_up(config, form="archive").location

    assert list(location.parent.iterdir()) == [location]
