"""What a restore replaces, what it refuses to replace, and what survives it."""

import os
from dataclasses import replace

import pytest

import contexta.recovery._apply as apply_module
import contexta.recovery._mounts as mounts_module
import contexta.recovery._space as space_module
import contexta.recovery._swap as swap_module
from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    replay_outbox,
    restore_workspace,
)
from contexta.recovery._mounts import listed_within
from contexta.recovery._scratch import held_folder
from contexta.recovery.outbox import append_entry


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def restore(config, ref, **options):
    return restore_workspace(config, plan_restore(config, ref, **options))


def entry(number):
    return {"replay_ref": f"r{number}", "family": "RECORD", "payload": number}


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        ("recovery/backups", "it lies in the backup folder"),
        ("recovery/backups/new", "it lies in the backup folder"),
        ("recovery/staging/new", "it lies in the staging folder"),
        ("records/new", "of the configured workspace"),
        ("..", "the configured workspace"),
    ],
)
def test_a_target_in_the_way_of_others_is_refused(config, workspace, contents, below, reason):
    """Neither backups nor planes nor a whole workspace are taken for something to replace."""
    before = contents(workspace)
    ref = back_up(config).backup_ref

    with pytest.raises(RestoreError) as caught:
        restore(config, ref, target_workspace=workspace / below)

    assert caught.value.code == "recovery_target_not_replaceable"
    assert reason in caught.value.details["reasons"][0]
    assert contents(workspace) == before


def test_a_folder_that_only_has_the_name_of_a_working_folder_survives(config, workspace):
    """It used to be emptied."""
    ref = back_up(config).backup_ref
    mine = workspace.with_name(f".{workspace.name}.restore") / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")

    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_target_not_replaceable"
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("plane", ["records", "artifacts", "metadata"])
def test_a_plane_that_is_a_link_is_refused(config, workspace, tmp_path, plane):
    """Replacing the link would leave the data behind it orphaned."""
    ref = back_up(config).backup_ref
    os.replace(workspace / plane, tmp_path / plane)
    (workspace / plane).symlink_to(tmp_path / plane)

    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_target_not_replaceable"
    assert (workspace / plane).is_symlink()


def test_a_mount_inside_the_target_is_refused(config, workspace, tmp_path, monkeypatch, contents):
    """A bind mount would be taken away by the rename, and emptied with the old state."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    (workspace / "my data").mkdir()
    listing = tmp_path / "mountinfo"
    point = str(workspace / "my data").replace(" ", "\\040")
    listing.write_text(f"36 35 98:0 /mnt1 {point} rw,noatime shared:1 - ext3 /dev/root rw\n")
    monkeypatch.setattr(mounts_module, "_MOUNTINFO", listing)

    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_target_contains_mount"
    assert caught.value.details["path"] == str(workspace / "my data")
    assert contents(workspace) == before


def test_a_workspace_that_is_a_mount_point_is_replaced_plane_by_plane(
    config, workspace, tmp_path, monkeypatch, contents, populate, config_at
):
    """The volume of a container cannot be renamed, but what lies in it can."""
    append_entry(config.recovery.outbox_root, entry(1))
    before = contents(workspace)
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    (config.recovery.outbox_root / "failed_deliveries.jsonl").unlink()
    append_entry(config.recovery.outbox_root, entry(2))
    (workspace / "mine.txt").write_text("mine")
    inode = workspace.stat().st_ino
    listing = tmp_path / "mountinfo"
    listing.write_text(f"36 35 98:0 / {workspace} rw - ext4 /dev/vdb rw\n")
    monkeypatch.setattr(mounts_module, "_MOUNTINFO", listing)

    result = restore(config, ref)

    assert (result.applied, result.notes[-1]) == (True, "replaced_plane_by_plane")
    assert (contents(workspace), workspace.stat().st_ino) == (before, inode)
    assert (workspace / "mine.txt").read_text() == "mine"
    assert [one.replay_ref for one in replay_outbox(config).entries] == ["r2", "r1"]
    assert [path.name for path in workspace.iterdir() if path.name.startswith(".")] == []
    undone = restore(config, result.safety_backup_ref)
    assert (undone.applied, contents(workspace)["runs"]) == (True, ["run:p.first", "run:p.second"])


def test_mounts_are_found_by_whole_names(tmp_path):
    text = "\n".join(
        f"1 2 0:3 / {point} rw - tmpfs none rw" for point in ("/", "/a", "/a/b", "/ab", "/c\\134d")
    )

    assert [str(one) for one in listed_within(text, tmp_path.__class__("/a"))] == ["/a", "/a/b"]
    assert [str(one) for one in listed_within(text, tmp_path.__class__("/c\\d"))] == ["/c\\d"]


def test_a_backup_that_is_being_written_in_the_target_is_waited_for(config, workspace, contents):
    """Its folder would be exchanged under it, and lack what was written since."""
    ref = back_up(config).backup_ref
    other = workspace / "recovery" / "backups" / ".partial-other"
    with held_folder(other), pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_target_in_use"
    assert caught.value.retryable


def test_a_killed_backup_is_not_carried_into_the_new_state(config, workspace):
    ref = back_up(config).backup_ref
    left = workspace / "recovery" / "backups" / ".partial-killed"
    left.mkdir()
    (left / "half").write_text("half")

    restore(config, ref)

    assert not left.exists()


def test_a_full_disk_is_noticed_before_anything_is_written(
    config, workspace, monkeypatch, contents
):
    before = contents(workspace)
    ref = back_up(config).backup_ref
    plan = plan_restore(config, ref)
    real = os.statvfs

    def full(path):
        values = list(real(path))
        values[3] = values[4] = 1  # free blocks
        return os.statvfs_result(values)

    monkeypatch.setattr(space_module.os, "statvfs", full)
    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan)

    assert (caught.value.code, caught.value.retryable) == ("recovery_disk_full", True)
    assert caught.value.details["needed"] > caught.value.details["free"]
    assert contents(workspace) == before
    assert [path.name for path in workspace.parent.iterdir()] == [workspace.name]


def test_files_that_come_while_names_are_exchanged_survive(config, workspace, monkeypatch):
    """Others may write reports and exports during a restore; none of them is lost."""
    ref = back_up(config).backup_ref
    reports = workspace / "reports"
    reports.mkdir(exist_ok=True)
    (reports / "changed.html").write_text("old")
    real_run, real_check = apply_module.run_swaps, apply_module.check_not_in_use
    moments = []

    def late(work, swaps, about, confirm):
        (reports / "late.html").write_text("late")
        real_run(work, swaps, about, confirm)

    def second_check(layout):
        moments.append(layout)
        if len(moments) == 2:  # after what survives was linked
            (reports / "new.html").write_text("new")
            (reports / "changed.tmp").write_text("changed")
            (reports / "changed.tmp").rename(reports / "changed.html")
        real_check(layout)

    monkeypatch.setattr(apply_module, "run_swaps", late)
    monkeypatch.setattr(apply_module, "check_not_in_use", second_check)
    restore(config, ref)

    assert {path.name: path.read_text() for path in reports.iterdir()} == {
        "changed.html": "changed",
        "late.html": "late",
        "new.html": "new",
    }


def test_an_interrupt_between_two_renames_loses_nothing(config, workspace, monkeypatch, contents):
    """The state that was renamed aside used to be removed with the working folder."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    real = os.replace

    def interrupted(source, target):
        if str(source).endswith("/new"):
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(swap_module, "exchange", lambda first, second: False)
        patch.setattr(swap_module.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(config, ref)

    assert contents(workspace) == before
    assert [path.name for path in workspace.parent.iterdir()] == [workspace.name]


def test_what_can_be_neither_finished_nor_undone_is_kept_for_the_next_call(
    config, workspace, monkeypatch, contents
):
    """Both states stay whole in the working folder, and calling again finishes."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    plan = plan_restore(config, ref)
    real = os.replace

    def failing(source, target):
        if str(source).endswith(("/new", "/old")):
            raise OSError(5, "Input/output error", str(source))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(swap_module, "exchange", lambda first, second: False)
        patch.setattr(swap_module.os, "replace", failing)
        with pytest.raises(RestoreError) as caught:
            restore_workspace(config, plan)

    assert caught.value.code == "recovery_swap_interrupted"
    assert not workspace.exists()
    kept = workspace.with_name(f".{workspace.name}.restore") / "old"
    source = kept / "recovery" / "backups" / ref
    os.replace(source, workspace.parent / "copy")
    again = restore(config, workspace.parent / "copy", target_workspace=workspace)
    assert ("resumed" in again.notes, contents(workspace)) == (False, before)


def test_folders_without_write_permission_are_carried_and_the_old_ones_removed(config, workspace):
    ref = back_up(config).backup_ref
    locked = workspace / "reports" / "frozen"
    locked.mkdir(parents=True)
    (locked / "a.html").write_text("a")
    locked.chmod(0o500)

    restore(config, ref)

    assert (locked / "a.html").read_text() == "a"
    assert locked.stat().st_mode & 0o777 == 0o500
    assert [path.name for path in workspace.parent.iterdir()] == [workspace.name]
    locked.chmod(0o700)


def test_a_linked_workspace_inside_which_backups_lie_is_seen_through(
    config_at, workspace, tmp_path
):
    """Backups below a plane are found there whatever name the workspace goes by."""
    linked = tmp_path / "link"
    linked.symlink_to(workspace)
    config = config_at(linked)
    location = back_up(config).location
    inside = workspace / "metadata" / "copies"
    inside.mkdir()
    os.replace(location, inside / "one")

    with pytest.raises(RestoreError) as caught:
        restore(replace(config), inside / "one")

    assert caught.value.code == "recovery_target_not_replaceable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_what_root_restores_belongs_to_who_has_the_workspace(config, workspace, tmp_path):
    """Files are private to their owner; root's would be lost to who works with them."""
    ref = back_up(config).backup_ref
    (workspace / "reports").mkdir(exist_ok=True)
    (workspace / "reports" / "mine.html").write_text("mine")
    for path in (workspace, *workspace.rglob("*")):
        os.chown(path, 4321, 4321)
    os.chown(workspace / "reports" / "mine.html", 99, 99)

    restore(config, ref)

    kept = workspace / "recovery" / "backups"
    owners = {
        path: path.stat().st_uid
        for path in (workspace, *workspace.rglob("*"))
        if not path.is_relative_to(kept)
    }
    assert owners.pop(workspace / "reports" / "mine.html") == 99
    assert set(owners.values()) == {4321}


def test_planes_within_planes_and_a_workspace_within_a_plane(config, workspace, tmp_path, populate):
    """A plane in another moves with it; a workspace in its own plane would be replaced itself."""
    ref = back_up(config).backup_ref
    disk = tmp_path / "disk"
    nested = replace(
        config,
        records=replace(config.records, root_path=disk),
        artifacts=replace(config.artifacts, root_path=disk / "artifacts"),
    )
    inside = replace(config, records=replace(config.records, root_path=workspace.parent))

    assert restore(nested, ref).applied
    assert restore(nested, ref).applied
    assert (disk / "artifacts" / "objects").is_dir()
    with pytest.raises(RestoreError) as caught:
        restore(inside, ref)
    assert caught.value.code == "recovery_target_not_replaceable"
    assert "it lies inside its own records" in caught.value.details["reasons"][0]
