"""What happens when somebody else works on the target while a restore replaces it."""

from dataclasses import replace

import pytest

import contexta.recovery._apply as apply_module
import contexta.recovery._build as build_module
from contexta.recovery import (
    BackupError,
    RestoreError,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
)


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def restore(config, ref):
    return restore_workspace(config, plan_restore(config, ref))


def test_a_writer_that_opens_the_target_at_the_last_moment_undoes_the_exchange(
    config, workspace, monkeypatch, contents, open_stores
):
    """It would go on writing into the state that is about to be removed."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    real = apply_module.read_facts
    opened = []

    def late(layout):
        found = real(layout)
        if opened == [] and "..contexta.restore" in str(layout.root):
            stores = open_stores(workspace)
            stores.add_event("first", 77)
            opened.append(stores)
        return found

    monkeypatch.setattr(apply_module, "read_facts", late)
    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    opened[0].add_event("first", 78)
    opened[0].close()
    assert (caught.value.code, caught.value.retryable) == ("recovery_target_in_use", True)
    assert len(contents(workspace)["records"]) == len(before["records"]) + 2
    assert [path.name for path in workspace.parent.iterdir()] == [workspace.name]


def test_a_backup_that_a_restore_overtakes_is_not_published(
    config, workspace, monkeypatch, tmp_path, populate
):
    """Its records would be of one state, its ledger of another."""
    elsewhere = replace(config, recovery=replace(config.recovery, backup_root=tmp_path / "copies"))
    ref = back_up(elsewhere).backup_ref
    populate(workspace, "second")
    plan = plan_workspace_backup(elsewhere)
    real = build_module.copy_sections

    def overtaken(layout, sections, *arguments):
        found = real(layout, sections, *arguments)
        monkeypatch.setattr(build_module, "copy_sections", real)
        unsafe = replace(
            elsewhere, recovery=replace(elsewhere.recovery, create_backup_before_restore=False)
        )
        assert restore(unsafe, ref).applied
        return found

    monkeypatch.setattr(build_module, "copy_sections", overtaken)
    with pytest.raises(BackupError) as caught:
        create_workspace_backup(elsewhere, plan)

    assert (caught.value.code, caught.value.retryable) == ("recovery_workspace_exchanged", True)
    assert [one.backup_ref for one in list_backups(elsewhere)] == [ref]
