"""What an interrupted or refused prune leaves, and what the next one does with it."""

import pytest

import contexta.recovery._removal as removal
import contexta.recovery.catalog as catalog
from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    list_backups,
    plan_workspace_backup,
    prune_backups,
    verify_backup,
)
from contexta.recovery._scratch import scratch_folder

DAYS = [f"2026-11-{day:02}T02:00:00Z" for day in range(10, 23)]


def refs(config):
    return [one.backup_ref for one in list_backups(config)]


@pytest.mark.parametrize("finisher", ["prune", "backup"])
def test_a_killed_removal_leaves_no_half_backup_and_is_finished_by_the_next(
    config, series, backups, monkeypatch, finisher
):
    """A backup is renamed to a hidden name before any of its files goes."""
    names = series(*DAYS[:3])

    def die(path):
        next(one for one in path.rglob("*") if one.is_file()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(removal, "_delete", die)
    with pytest.raises(KeyboardInterrupt):
        prune_backups(config, keep_last=1)
    monkeypatch.undo()
    after_kill = refs(config)
    hidden = [path.name for path in backups.iterdir() if path.name.startswith(".")]
    if finisher == "prune":
        prune_backups(config, keep_last=1)
    else:
        create_workspace_backup(config, plan_workspace_backup(config))

    assert after_kill == names[1:]
    assert len(hidden) == 1
    assert not [path.name for path in backups.iterdir() if path.name.startswith(".")]
    assert all(verify_backup(config, ref).ok for ref in refs(config))


@pytest.mark.parametrize("finisher", ["prune", "backup"])
def test_the_hidden_name_of_a_killed_removal_is_on_disk_before_its_files_go(
    config, series, backups, monkeypatch, synced, finisher
):
    """Else a power cut brings the backup back under its old name, with files missing."""
    names = series(*DAYS[:2])
    (backups / names[0]).rename(backups / ".removing-0123456789abcdef")
    real, was_synced = removal.remove_tree, []

    def look(path):
        was_synced.append(backups.stat().st_ino in synced)
        real(path)

    monkeypatch.setattr(removal, "remove_tree", look)
    synced.clear()
    if finisher == "prune":
        prune_backups(config, keep_last=1)
    else:
        create_workspace_backup(config, plan_workspace_backup(config))

    assert [True] == was_synced
    assert not list(backups.glob(".removing-*"))


def test_leftovers_of_removals_stay_where_their_names_cannot_be_synced(
    config, series, backups, monkeypatch
):
    """The prune says so; the next one tries again."""
    series(*DAYS[:2])
    left = backups / ".removing-0123456789abcdef"
    (left / "workspace").mkdir(parents=True)

    def refuse(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(removal, "fsync_dir", refuse)
    result = prune_backups(config, keep_last=2)

    assert "DEGRADED" == result.status
    assert str(backups) in result.warnings[0]
    assert left.is_dir()


def test_a_backup_that_cannot_be_removed_is_named_and_the_others_go(
    config, series, monkeypatch, backups
):
    """One refusal of the system does not stop the prune."""
    names = series(*DAYS[:3])
    real = removal.fsync_dir
    calls = []

    def fail_once(path):
        calls.append(path)
        if len(calls) == 1:
            (removed,) = backups.glob(".removing-*")
            removed.rename(backups / names[0])
            raise OSError(30, "Read-only file system")
        real(path)

    monkeypatch.setattr(removal, "fsync_dir", fail_once)

    result = prune_backups(config, keep_last=1)

    assert refs(config) == [names[0], names[2]]
    assert result.kept[0].reasons == ("not_removable",)
    assert result.status == "DEGRADED"
    assert names[0] in result.warnings[0]


def test_what_a_killed_backup_left_is_removed(config, series, backups):
    """It was never a backup; one that is being written is left alone."""
    series(*DAYS[:2])
    (backups / ".partial-dead" / "backup").mkdir(parents=True)

    with scratch_folder(backups / ".partial-living"):
        said = prune_backups(config, keep_last=2, dry_run=True)
        untouched = (backups / ".partial-dead").exists()
        prune_backups(config, keep_last=2)
        left = sorted(path.name for path in backups.glob(".*"))

    assert (said.status, untouched, left) == ("SUCCESS", True, [".partial-living"])


def test_a_leftover_that_cannot_be_deleted_is_said_and_stops_nothing(
    config, series, backups, monkeypatch
):
    """It takes space and harms nothing else; the next backup works."""
    series(*DAYS[:2])
    (backups / ".removing-0123456789abcdef").mkdir()

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(removal, "_delete", refuse)

    result = prune_backups(config, keep_last=2)
    made = create_workspace_backup(config, plan_workspace_backup(config))

    assert (result.status, made.status) == ("DEGRADED", "SUCCESS")
    assert result.warnings[0].startswith(".removing-0123456789abcdef")


def test_a_list_names_nothing_that_a_prune_removed_meanwhile(config, series, monkeypatch):
    """Between its look at the folder and at the manifest, which would then be missing."""
    names = series(*DAYS[:3])
    real = catalog.published

    def pruned(root):
        found = real(root)
        monkeypatch.setattr(catalog, "published", real)
        prune_backups(config, keep_last=1)
        return found

    monkeypatch.setattr(catalog, "published", pruned)
    listed = list_backups(config)

    assert [names[2]] == [one.backup_ref for one in listed]


def test_two_prunes_of_one_folder_do_not_overlap(config, series):
    """The second is refused, and may be repeated."""
    series(*DAYS[:2])
    caught = []

    def prune_again(progress):
        with pytest.raises(BackupError) as error:
            prune_backups(config, keep_last=1)
        caught.append((error.value.code, error.value.retryable))

    prune_backups(config, keep_last=1, progress=prune_again)

    assert set(caught) == {("recovery_prune_running", True)}


def test_an_exception_of_the_callback_stops_the_prune_before_anything_goes(config, series):
    """Reading comes first, removing last."""
    names = series(*DAYS[:3])

    def stop(progress):
        raise InterruptedError("enough")

    with pytest.raises(Exception, match="enough"):
        prune_backups(config, keep_last=1, progress=stop)

    assert refs(config) == names
