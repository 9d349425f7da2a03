"""A plan holds for the workspace that it was made of, in the state that it saw."""

import os
from dataclasses import replace

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    BackupError,
    BackupPlan,
    create_workspace_backup,
    list_backups,
    plan_workspace_backup,
)


def refusal(config, plan):
    with pytest.raises(BackupError) as caught:
        create_workspace_backup(config, plan)
    assert list_backups(config) == ()
    return caught.value


def test_a_plan_names_the_planes_and_the_workspace_that_it_saw(config, workspace):
    plan = plan_workspace_backup(config)

    assert plan.planes == ("metadata", "records", "artifacts")
    assert plan.workspace_id is not None
    assert plan.form == "directory"


def test_a_plane_that_is_gone_since_makes_the_plan_stale(config, workspace):
    """A disk that is no longer mounted used to give a small backup that said SUCCESS."""
    plan = plan_workspace_backup(config)
    os.replace(workspace / "artifacts", workspace / "elsewhere")

    error = refusal(config, plan)

    assert error.code == "recovery_plan_stale"
    assert error.details["missing_planes"] == ["artifacts"]


def test_another_workspace_in_the_same_place_makes_the_plan_stale(config, workspace, populate):
    plan = plan_workspace_backup(config)
    os.replace(workspace, workspace.with_name("old"))
    populate(workspace)

    assert refusal(config, plan).code == "recovery_plan_stale"


def test_the_setting_that_asks_for_a_binding_plan_is_honoured(config, workspace):
    """The setting used to have no effect."""
    plan = plan_workspace_backup(config)
    os.replace(workspace / "artifacts", workspace / "elsewhere")
    loose = replace(config, recovery=replace(config.recovery, require_plan_before_apply=False))

    assert create_workspace_backup(loose, plan).notes[-1] == "plane_absent:artifacts"


def test_what_was_written_since_the_plan_is_in_the_backup(config, workspace, open_stores):
    plan = plan_workspace_backup(config)
    with open_stores(workspace) as stores:
        stores.add_event("first", 99)

    assert create_workspace_backup(config, plan).details["counts"]["records"] == 6


def test_a_plan_of_1_0_is_accepted(config, workspace):
    """Scripts that build a plan by hand know neither form nor identity."""
    made = plan_workspace_backup(config)
    plan = BackupPlan(
        made.backup_ref, workspace, made.backup_root, made.included_sections, 0, ("by hand",)
    )

    assert create_workspace_backup(config, plan).status == "SUCCESS"


@pytest.mark.parametrize("form", ["zip", "", None, 1])
def test_a_form_that_does_not_exist_is_refused(config, form):
    with pytest.raises(ValidationError) as caught:
        plan_workspace_backup(config, form=form)

    assert caught.value.code == "recovery_invalid_form"
