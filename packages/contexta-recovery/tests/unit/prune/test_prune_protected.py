"""What a prune never removes, whatever its rule says."""

import pytest

import contexta.recovery._removal as removal
from contexta.recovery import (
    list_backups,
    plan_restore,
    prune_backups,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._hold import held_for_reading
from contexta.recovery._manifest import MANIFEST_NAME

DAYS = [f"2026-11-{day:02}T02:00:00Z" for day in range(10, 23)]


def refs(config):
    return [one.backup_ref for one in list_backups(config)]


def damage(folder):
    path = max(folder.rglob("*"), key=lambda one: one.stat().st_size if one.is_file() else 0)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


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
