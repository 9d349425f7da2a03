"""What happens when somebody else works on the target while a restore replaces it."""

from dataclasses import replace
from pathlib import Path

import pytest

import contexta.recovery._apply as apply_module
import contexta.recovery._build as build_module
from contexta.recovery import (
    BackupError,
    RestoreError,
    create_key_file,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    rehearse_restore,
    restore_workspace,
    verify_backup,
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


def verify_only(config, ref, _):
    return restore_workspace(config, plan_restore(config, ref, verify_only=True))


def rehearse(config, ref, _):
    return rehearse_restore(config, ref)


def verify_deep(config, ref, _):
    return verify_backup(config, ref, deep=True)


def back_up_sealed(config, _, key_file):
    return create_workspace_backup(config, plan_workspace_backup(config), key_file=key_file)


@pytest.mark.parametrize("work", [verify_only, rehearse, verify_deep, back_up_sealed])
@pytest.mark.parametrize("what", ["comes", "goes"])
def test_others_may_use_or_remove_the_staging_folder_when_it_is_empty(
    config, workspace, monkeypatch, tmp_path, work, what
):
    """Between the last look at it and its removal; both work in it at once."""
    key_file = tmp_path / "keys" / "backup.key"
    if work is back_up_sealed:
        pytest.importorskip("cryptography", reason="contexta-recovery[encryption]")
        create_key_file(key_file)
    ref = back_up(config).backup_ref
    real, met = Path.rmdir, []

    def rmdir(path):
        if "staging" in path.parts[-2:]:
            met.append(path)
            (path / "view-0123456789abcdef").mkdir() if what == "comes" else real(path)
        real(path)

    monkeypatch.setattr(Path, "rmdir", rmdir)
    done = work(config, ref, key_file)

    assert "SUCCESS" == done.status
    assert [what == "comes"] == [path.is_dir() for path in met]
