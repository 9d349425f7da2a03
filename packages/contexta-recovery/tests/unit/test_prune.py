"""What a prune keeps, removes, and never touches."""

import dataclasses
import os
import shutil

import pytest

import contexta.recovery._removal as removal
from contexta.contract.errors import ValidationError
from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    prune_backups,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._hold import held_for_reading
from contexta.recovery._manifest import MANIFEST_NAME, write_manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._scratch import scratch_folder
from contexta.recovery._source import open_source


@pytest.fixture(scope="module")
def pattern(tmp_path_factory, config_at, populate):
    """One real backup; each test makes what it needs of copies of it."""
    root = tmp_path_factory.mktemp("pattern") / ".contexta"
    populate(root)
    config = config_at(root)
    return create_workspace_backup(config, plan_workspace_backup(config)).location


@pytest.fixture
def series(backups, pattern):
    """Make published backups of chosen times out of one real backup; returns their names."""

    def make(*moments, label="backup", **changes):
        names = []
        for moment in moments:
            stamp = moment.replace(":", "-").replace("Z", "_000000Z")
            target = backups / f"{label}-{stamp}"
            shutil.copytree(pattern, target)
            manifest = load_manifest(open_source(target)).manifest
            write_manifest(
                target,
                dataclasses.replace(manifest, backup_ref=target.name, created_at=moment, **changes),
            )
            names.append(target.name)
        return names

    return make


@pytest.fixture
def backups(root):
    return root / "recovery" / "backups"


def refs(config):
    return [one.backup_ref for one in list_backups(config)]


def damage(folder):
    path = max(folder.rglob("*"), key=lambda one: one.stat().st_size if one.is_file() else 0)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


DAYS = [f"2026-11-{day:02}T02:00:00Z" for day in range(10, 23)]


def test_a_prune_keeps_what_the_rule_keeps_and_removes_the_rest(config, series):
    """Each backup that stays says why; the others are gone, and what stays verifies."""
    names = series("2026-09-30T02:00:00Z", *DAYS)

    result = prune_backups(config, keep_last=1, keep_daily=3, keep_weekly=2, keep_monthly=2)

    expected = {
        names[0]: ("monthly:2026-09",),
        names[6]: ("weekly:2026-W46",),
        names[11]: ("daily:2026-11-20",),
        names[12]: ("daily:2026-11-21",),
        names[13]: (
            "last",
            "daily:2026-11-22",
            "weekly:2026-W47",
            "monthly:2026-11",
            "newest_verified",
            "newest_undamaged",
        ),
    }
    assert {one.backup_ref: one.reasons for one in result.kept} == expected
    assert [one.backup_ref for one in result.removed] == [
        name for name in names if name not in expected
    ]
    assert result.status == "SUCCESS"
    assert refs(config) == list(expected)
    assert all(verify_backup(config, name).ok for name in expected)


def test_a_dry_run_removes_nothing_and_tells_the_same(config, series):
    """What a dry run says is what the prune then does."""
    names = series(*DAYS)

    said = prune_backups(config, keep_weekly=1, dry_run=True)

    assert refs(config) == names
    done = prune_backups(config, keep_weekly=1)
    assert (said.kept, said.removed, said.freed_bytes) == (
        done.kept,
        done.removed,
        done.freed_bytes,
    )
    assert (said.dry_run, done.dry_run, said.notes) == (True, False, ("dry_run",))


def test_the_newest_backup_that_verifies_is_never_removed(config, series, backups):
    """A rotten newest backup does not cost the last good one."""
    names = series(*DAYS[:4])
    damage(backups / names[3])
    damage(backups / names[2])

    result = prune_backups(config, keep_last=1)

    assert refs(config) == [names[1], names[3]]
    assert result.kept[0].reasons == ("newest_verified", "newest_undamaged")
    assert result.status == "DEGRADED"
    assert [line.partition(" ")[0] for line in result.warnings] == [names[3], names[2]]


def test_the_newest_backup_of_an_undamaged_workspace_is_never_removed(config, series):
    """Nightly backups of a workspace that has rotted push nothing good out."""
    good = series(*DAYS[:2])
    bad = series(*DAYS[2:5], damage=("records:part_damaged",))

    result = prune_backups(config, keep_last=2)

    assert refs(config) == [good[1], *bad[1:]]
    assert result.kept[0].reasons == ("newest_undamaged",)
    assert result.kept[2].reasons == ("last", "newest_verified")


def test_nothing_is_removed_when_no_backup_verifies(config, series, backups):
    """What is left of several rotten backups may be all that can be salvaged."""
    names = series(*DAYS[:3])
    for name in names:
        damage(backups / name)

    result = prune_backups(config, keep_last=1)

    assert refs(config) == names
    assert result.kept[0].reasons == ("none_verifies",)
    assert (result.status, result.removed) == ("DEGRADED", ())


def test_a_backup_that_is_being_read_is_not_removed(config, series, backups):
    """A restore that runs keeps its backup; the next prune removes it."""
    names = series(*DAYS[:2])

    with held_for_reading(backups / names[0]):
        said = prune_backups(config, keep_last=1, dry_run=True)
        done = prune_backups(config, keep_last=1)

    assert said.kept[0].reasons == done.kept[0].reasons == ("in_use",)
    assert [one.backup_ref for one in prune_backups(config, keep_last=1).removed] == names[:1]


@pytest.mark.parametrize("work", ["verify", "restore"])
def test_a_backup_is_held_while_it_is_verified_or_restored(config, series, work):
    """A prune in the middle, by any process, leaves the backup that is in work."""
    old, _ = series(*DAYS[:2])
    seen = set()

    def prune_meanwhile(progress):
        seen.update(prune_backups(config, keep_last=1).kept[0].reasons)

    if work == "verify":
        assert verify_backup(config, old, progress=prune_meanwhile).ok
    else:
        plan = plan_restore(config, old)
        assert restore_workspace(config, plan, progress=prune_meanwhile).applied

    assert seen == {"in_use"}
    assert old in refs(config)


def test_a_backup_with_an_unreadable_manifest_stays_unless_asked(config, series, backups):
    """It may be the only copy of something; only its owner can tell."""
    names = series(*DAYS[:3])
    (backups / names[0] / MANIFEST_NAME).write_bytes(b"{")

    kept = prune_backups(config, keep_last=2)
    removed = prune_backups(config, keep_last=2, remove_unreadable=True)

    assert kept.kept[-1].reasons == ("unreadable_manifest",)
    assert (kept.kept[-1].backup_ref, kept.kept[-1].created_at) == (names[0], None)
    assert [one.backup_ref for one in removed.removed] == names[:1]


def test_a_backup_of_a_newer_format_stays_even_when_asked(config, series, backups):
    """A newer release reads it; this one cannot know what it would remove."""
    newer = series(DAYS[0], format_version=99)
    series(*DAYS[1:3])

    result = prune_backups(config, keep_last=1, remove_unreadable=True)

    assert result.kept[-1].backup_ref == newer[0]
    assert result.kept[-1].reasons == ("newer_format",)


def test_a_label_leaves_other_series_alone(config, series):
    """Each label is pruned by its own rule."""
    nightly = series(*DAYS[:3], label="nightly-a")
    manual = series(*DAYS[:3], label="nightly")

    result = prune_backups(config, keep_last=1, label="nightly a")

    assert refs(config) == [manual[0], manual[1], manual[2], nightly[2]]
    assert {one.reasons for one in result.kept if one.backup_ref in manual} == {("other_label",)}


def test_files_that_other_backups_share_stay_and_free_nothing(config, series, backups):
    """Backups share files by hard links; removing one leaves the others whole."""
    old, new = series(*DAYS[:2])
    shared = 0
    for path in (backups / new / "workspace").rglob("*"):
        if path.is_file():
            twin = backups / old / path.relative_to(backups / new)
            twin.unlink()
            os.link(path, twin)
            shared += 1
    own = (backups / old / MANIFEST_NAME).stat().st_size

    said = prune_backups(config, keep_last=1, dry_run=True)
    done = prune_backups(config, keep_last=1)

    assert shared > 3
    assert (said.freed_bytes, done.freed_bytes) == (own, own)
    assert verify_backup(config, new).ok


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


def test_backups_of_both_forms_are_one_series(config, workspace, backups):
    """An archive is removed as a folder is, and kept for the same reasons."""
    made = [
        create_workspace_backup(config, plan_workspace_backup(config, form=form))
        for form in ("archive", "directory", "archive")
    ]

    with held_for_reading(made[0].location):
        held = prune_backups(config, keep_last=1)
    done = prune_backups(config, keep_last=1)

    assert [one.reasons for one in held.kept] == [
        ("in_use",),
        ("last", "newest_verified", "newest_undamaged"),
    ]
    assert [one.backup_ref for one in held.removed] == [made[1].backup_ref]
    assert [one.location for one in done.removed] == [made[0].location]
    assert done.freed_bytes == made[0].bytes_written
    assert [path.name for path in backups.iterdir()] == [made[2].location.name]


@pytest.mark.parametrize("mounted", ["the backup itself", "a folder in it"])
def test_a_backup_with_a_mount_in_it_stays_whole(config, series, backups, monkeypatch, mounted):
    """Files of another file system are not part of the backup."""
    names = series(*DAYS[:2])
    place = backups / names[0] / ("" if mounted == "the backup itself" else "workspace")
    monkeypatch.setattr(removal, "mounts_within", lambda path: (place,))

    result = prune_backups(config, keep_last=1)

    assert result.kept[0].reasons == ("not_removable",)
    assert "mount point" in result.warnings[0]
    assert verify_backup(config, names[0]).ok


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


def test_what_is_no_backup_is_not_touched(config, series, backups):
    """Aborted backups, files of yours and links stay as they are."""
    series(*DAYS[:2])
    (backups / "half" / "workspace").mkdir(parents=True)
    (backups / "notes.txt").write_text("mine")
    (backups / "link").symlink_to(backups / "half")

    prune_backups(config, keep_last=1, remove_unreadable=True)

    assert (backups / "half" / "workspace").is_dir()
    assert (backups / "notes.txt").read_text() == "mine"
    assert (backups / "link").is_symlink()


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


def test_a_folder_that_does_not_exist_is_not_made(config, backups):
    """There is nothing to prune, which is no failure."""
    result = prune_backups(config, keep_last=1)

    assert (result.status, result.notes, result.kept) == ("SUCCESS", ("no_backups",), ())
    assert not backups.exists()


def test_a_rule_that_keeps_nothing_is_refused_before_anything_is_read(config, series):
    """Forgetting every count must not remove every backup."""
    names = series(*DAYS[:2])

    with pytest.raises(ValidationError) as caught:
        prune_backups(config)

    assert caught.value.code == "recovery_retention_empty"
    assert refs(config) == names


def test_the_result_is_plain_data(config, series):
    import json

    series(*DAYS[:2])

    data = json.loads(json.dumps(prune_backups(config, keep_last=1).to_dict()))

    assert (len(data["kept"]), len(data["removed"]), data["dry_run"]) == (1, 1, False)
    assert data["freed_bytes"] > 0
