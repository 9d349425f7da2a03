"""How two backups differ."""

import json

import pytest

from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    diff_backups,
    plan_workspace_backup,
)
from contexta.recovery._hold import held_for_reading


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def test_runs_files_and_counts_that_differ_are_named(config, workspace, populate, open_stores):
    """What the second backup has, has not, or has otherwise than the first."""
    first = back_up(config)
    populate(workspace, "second", events=3)
    with open_stores(workspace) as stores:
        stores.metadata.runs.close_run(
            "run:p.first", status="completed", ended_at="2026-01-02T00:00:00Z"
        )
    second = back_up(config)

    there = diff_backups(config, first.backup_ref, second.backup_ref)
    back = diff_backups(config, second.location, first.location)

    assert there.status == "SUCCESS"
    assert (there.runs_added, there.runs_removed, there.runs_changed) == (
        ("run:p.second",),
        (),
        ("run:p.first",),
    )
    assert (back.runs_added, back.runs_removed) == ((), ("run:p.second",))
    assert there.counts_before == {"artifacts": 1, "records": 5, "runs": 1}
    assert there.counts_after == {"artifacts": 2, "records": 8, "runs": 2}
    sections = {one.section: one for one in there.sections}
    assert sections["metadata"].changed == ("ledger.sqlite",)
    assert len([path for path in sections["artifacts"].added if path.startswith("objects/")]) == 1
    assert sections["artifacts"].new_bytes > 0
    assert sections["config"].is_same
    assert {one.section: one.removed for one in back.sections} == {
        one.section: one.added for one in there.sections
    }
    assert not there.is_same


def test_backups_of_an_unchanged_workspace_are_the_same(config, workspace):
    """Nothing is added, removed or changed, and no run differs."""
    first, second = back_up(config), back_up(config)

    found = diff_backups(config, first.backup_ref, second.backup_ref)

    assert found.is_same
    assert (found.runs_added, found.runs_removed, found.runs_changed) == ((), (), ())
    assert sum(one.unchanged_count for one in found.sections) == first.details["file_count"]


def test_a_ledger_that_does_not_verify_leaves_the_runs_unknown_and_says_so(
    config, workspace, populate
):
    """Files and counts come from the manifests and are complete even then."""
    first = back_up(config)
    populate(workspace, "second")
    second = back_up(config)
    ledger = next(first.location.glob("workspace/metadata/ledger.sqlite*"))
    raw = bytearray(ledger.read_bytes())
    raw[len(raw) // 2] ^= 1
    ledger.unlink()
    ledger.write_bytes(bytes(raw))

    found = diff_backups(config, first.backup_ref, second.backup_ref)

    assert (found.status, found.runs_added) == ("DEGRADED", ())
    assert "ledger.sqlite" in found.warnings[0]
    assert found.counts_after["runs"] == 2


def test_a_backup_whose_manifest_cannot_be_trusted_is_refused(config, workspace):
    """Its list of files may be anybody's."""
    first, second = back_up(config), back_up(config)
    (second.location / "manifest.json").write_bytes(b"{}")

    with pytest.raises(BackupError) as caught:
        diff_backups(config, first.backup_ref, second.backup_ref)

    assert caught.value.code == "recovery_manifest_invalid"
    assert caught.value.details["location"] == str(second.location)


def test_a_workspace_without_a_ledger_has_no_runs(config, root, populate):
    """The first backup may have been taken before the first run."""
    root.mkdir(parents=True)
    first = back_up(config)
    populate(root)
    second = back_up(config)

    found = diff_backups(config, first.backup_ref, second.backup_ref)

    assert (found.status, found.runs_added) == ("SUCCESS", ("run:p.first",))


def test_comparing_waits_for_nobody_who_reads(config, workspace):
    """Readers share a backup."""
    first = back_up(config)

    with held_for_reading(first.location):
        assert diff_backups(config, first.location, first.location).is_same


def test_the_result_is_plain_data(config, workspace):
    first = back_up(config)

    data = json.loads(json.dumps(diff_backups(config, first.location, first.location).to_dict()))

    assert (data["before_ref"], data["after_ref"]) == (first.backup_ref, first.backup_ref)
    assert {"added", "removed", "changed", "new_bytes"} <= set(data["sections"][0])
