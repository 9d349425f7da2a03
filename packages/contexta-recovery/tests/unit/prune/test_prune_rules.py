"""What a prune keeps and removes by its rule, and what it tells of it."""

import os

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_workspace_backup,
    prune_backups,
    verify_backup,
)
from contexta.recovery._hold import held_for_reading
from contexta.recovery._manifest import MANIFEST_NAME

DAYS = [f"2026-11-{day:02}T02:00:00Z" for day in range(10, 23)]


def refs(config):
    return [one.backup_ref for one in list_backups(config)]


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
