import os
from dataclasses import replace
from pathlib import Path

import pytest

from contexta.recovery import (
    BackupError,
    RestoreError,
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    replay_outbox,
    restore_workspace,
)
from contexta.recovery.outbox import append_entry


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def restore(config, ref, **options):
    return restore_workspace(config, plan_restore(config, ref, **options))


def left_beside(root):
    return sorted(path.name for path in root.parent.iterdir() if path.name != root.name)


def test_the_recovery_block_of_the_guide_runs(config, root):
    root.mkdir(parents=True)
    (root / "foreign.txt").write_text("x")

    plan = plan_workspace_backup(config, label="manual")
    result = create_workspace_backup(config, plan)
    restore_plan = plan_restore(config, result.backup_ref, verify_only=True)
    check = restore_workspace(config, restore_plan)

    assert (plan.label, result.location.is_dir()) == ("manual", True)
    assert check.status == "SUCCESS"
    assert check.verification_notes[:4] == (
        "metadata_runs:0",
        "record_replay:0",
        "artifact_count:0",
        f"manifest:{result.backup_ref}",
    )


def test_applying_with_default_settings_loses_nothing(config, workspace, populate, contents):
    """Everything used to be lost, the backups included."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    populate(workspace, "second")
    later = contents(workspace)

    result = restore(config, ref)

    assert (result.status, result.applied) == ("SUCCESS", True)
    assert contents(workspace) == before
    assert {one.backup_ref for one in list_backups(config)} == {ref, result.safety_backup_ref}
    assert left_beside(workspace) == []
    undone = restore(config, result.safety_backup_ref)
    assert (undone.applied, contents(workspace)) == (True, later)


def test_a_verified_restore_says_what_it_found(config, workspace):
    ref = back_up(config).backup_ref

    result = restore(config, ref, verify_only=True)

    assert (result.status, result.applied, result.safety_backup_ref) == ("SUCCESS", False, None)
    assert result.plane_results["metadata"] == {"run_count": 1}
    assert result.plane_results["records"] == {"integrity_state": "HEALTHY", "record_count": 5}
    assert result.plane_results["artifacts"]["verified_count"] == 1


def test_verifying_leaves_no_copy_behind(config, workspace):
    """Each verification left a full copy in the staging folder."""
    ref = back_up(config).backup_ref
    for _ in range(3):
        restore(config, ref, verify_only=True)

    staging = workspace / "recovery" / "staging"
    assert [path.name for path in staging.iterdir()] == []


def test_an_empty_backup_does_not_replace_data(config, config_at, tmp_path, workspace, contents):
    """It used to replace good data by an empty workspace."""
    before = contents(workspace)
    empty = config_at(tmp_path / "empty", backup_root=workspace / "recovery" / "backups")
    (tmp_path / "empty").mkdir()
    ref = back_up(empty).backup_ref

    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_backup_empty"
    assert contents(workspace) == before


def test_a_backup_of_damaged_data_is_applied_only_on_request(config, workspace, contents):
    """What verification found stands in the way until the caller accepts it by name."""
    body = next(path for path in (workspace / "artifacts" / "objects").rglob("*") if path.is_file())
    good = body.read_bytes()
    body.chmod(0o600)
    body.write_bytes(b"changed")
    ref = back_up(config).backup_ref
    body.write_bytes(good)

    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_backup_damaged"
    plan = plan_restore(config, ref)
    result = restore_workspace(config, plan, accept_damage=True)
    assert (result.status, result.applied) == ("DEGRADED", True)
    assert result.warnings[0] == "artifacts:drift_count=1"


def test_everything_that_is_not_replaced_survives(config, workspace, contents):
    """Reports, exports, the cache and files of the user were deleted."""
    ref = back_up(config).backup_ref
    mine = {
        "reports/a.html": "report",
        "exports/deep/b.csv": "export",
        "cache/c": "cache",
        "notes.txt": "note",
        "recovery/own/d": "own",
    }
    for name, text in mine.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (workspace / "reports" / "latest").symlink_to("a.html")

    restore(config, ref)

    assert {name: (workspace / name).read_text() for name in mine} == mine
    assert (workspace / "reports" / "latest").readlink() == Path("a.html")
    assert not (workspace / "config").exists()


def test_pending_deliveries_of_both_are_still_replayed(config, workspace):
    """Restored deliveries were lost to replay."""

    def entry(number):
        return {"replay_ref": f"r{number}", "family": "RECORD", "payload": number}

    append_entry(config.recovery.outbox_root, entry(1))
    ref = back_up(config).backup_ref
    (config.recovery.outbox_root / "failed_deliveries.jsonl").unlink()
    append_entry(config.recovery.outbox_root, entry(2))

    restore(config, ref)

    assert [one.replay_ref for one in replay_outbox(config).entries] == ["r2", "r1"]


def test_another_folder_is_backed_up_itself_before_it_is_replaced(
    config, workspace, tmp_path, populate, contents, config_at
):
    """The safety backup used to be of the configured workspace."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    other = tmp_path / "other"
    precious = populate(other, "precious")

    result = restore(config, ref, target_workspace=other)

    assert contents(other) == before
    again = restore(config, result.safety_backup_ref, target_workspace=tmp_path / "again")
    assert (again.applied, contents(tmp_path / "again")) == (True, precious)
    assert contents(workspace) == before


def test_an_absent_target_is_created(config, workspace, tmp_path, contents):
    before = contents(workspace)
    ref = back_up(config).backup_ref

    result = restore(config, ref, target_workspace=tmp_path / "deep" / "new")

    assert (result.applied, result.safety_backup_ref) == (True, None)
    assert contents(tmp_path / "deep" / "new") == before


def test_a_failing_safety_backup_stops_the_restore(config, workspace, contents, monkeypatch):
    """Nothing is replaced without the copy that the plan promises."""
    import contexta.recovery._build as module

    ref = back_up(config).backup_ref
    before = contents(workspace)

    def full(*arguments):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(module, "write_manifest", full)
    with pytest.raises(BackupError):
        restore(config, ref)

    assert contents(workspace) == before
    assert left_beside(workspace) == []


def test_an_error_while_the_replacement_is_built_changes_nothing(
    config, workspace, contents, monkeypatch
):
    """A write error in the middle used to leave half a workspace."""
    import contexta.recovery._survivors as module

    ref = back_up(config).backup_ref
    before = contents(workspace)

    def full(*arguments):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(module, "_link", full)
    with pytest.raises(RestoreError) as caught:
        restore(config, ref)

    assert caught.value.code == "recovery_disk_full"
    assert contents(workspace) == before


def test_verification_ignores_the_environment(config, workspace, monkeypatch, tmp_path):
    """It opened, and created, the database that a variable named."""
    ref = back_up(config).backup_ref
    monkeypatch.setenv("CONTEXTA_METADATA_DATABASE_PATH", str(tmp_path / "env.sqlite"))
    monkeypatch.setenv("CONTEXTA_PROFILE_OVERLAYS", "readonly")

    result = restore(config, ref, verify_only=True)

    assert result.plane_results["metadata"] == {"run_count": 1}
    assert not (tmp_path / "env.sqlite").exists()


def test_a_target_that_is_open_for_writing_is_refused(config, workspace, open_stores, contents):
    """The process kept writing into the deleted database."""
    before = contents(workspace)
    ref = back_up(config).backup_ref
    with open_stores(workspace) as stores:
        stores.add_event("first", 99)
        with pytest.raises(RestoreError) as caught:
            restore(config, ref)

    assert caught.value.code == "recovery_target_in_use"
    assert len(contents(workspace)["records"]) == len(before["records"]) + 1


def test_an_open_database_alone_is_noticed(config, workspace):
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    ref = back_up(config).backup_ref
    path = workspace / "metadata" / "ledger.sqlite"
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        store.runs.list_runs()
        with pytest.raises(RestoreError) as caught:
            restore(config, ref)

    assert caught.value.code == "recovery_target_in_use"


def test_planes_outside_the_workspace_are_restored_to_where_they_are_configured(
    config, root, tmp_path, populate
):
    """Each plane goes back to the folder that the configuration names."""
    populate(root)
    disk = tmp_path / "disk"
    disk.mkdir()
    os.replace(root / "metadata" / "ledger.sqlite", disk / "my.sqlite")
    os.replace(root / "records", disk / "records")
    moved = replace(
        config,
        metadata=replace(config.metadata, database_path=disk / "my.sqlite"),
        records=replace(config.records, root_path=disk / "records"),
    )
    ref = back_up(moved).backup_ref
    (disk / "my.sqlite").write_bytes(b"broken")
    (disk / "my.sqlite-wal").write_bytes(b"old frames, which would be applied to the new file")
    for part in (disk / "records").rglob("*.parquet"):
        part.unlink()

    result = restore(moved, ref)

    assert b"old frames" not in b"".join(one.read_bytes() for one in disk.glob("my.sqlite*"))
    counts = back_up(moved).details["counts"]
    assert (result.applied, counts) == (True, {"artifacts": 1, "records": 5, "runs": 1})
    left = {path.name for path in disk.iterdir()} - {"my.sqlite-lock", "my.sqlite-wal"}
    assert left == {"my.sqlite", "records"}
    assert not (root / "records").exists()


def test_a_plan_made_before_the_backup_changed_is_stale(config, workspace):
    """What was planned on one state is not applied to another."""
    location = back_up(config).location
    plan = plan_restore(config, location.name)
    other = back_up(config).location
    os.replace(location, location.with_name("old"))
    os.replace(other, location)

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan)

    assert caught.value.code == "recovery_plan_stale"
    free = replace(config, recovery=replace(config.recovery, require_plan_before_apply=False))
    assert restore_workspace(free, plan).applied


@pytest.mark.parametrize("kind", ["file", "inside_backup", "root"])
def test_a_target_that_cannot_be_replaced_safely_is_refused(config, workspace, tmp_path, kind):
    location = back_up(config).location
    target = {"file": tmp_path / "file", "inside_backup": location / "x", "root": Path("/")}[kind]
    if kind == "file":
        target.write_text("x")

    with pytest.raises(RestoreError) as caught:
        restore(config, location.name, target_workspace=target)

    assert caught.value.code == "recovery_target_not_replaceable"


def test_a_link_to_the_workspace_stays_a_link(config, config_at, workspace, tmp_path, contents):
    before = contents(workspace)
    linked = tmp_path / "link"
    linked.symlink_to(workspace)
    config = config_at(linked)
    ref = back_up(config).backup_ref

    restore(config, ref)

    assert linked.is_symlink()
    assert contents(workspace) == before


def test_without_an_atomic_exchange_two_renames_do(config, workspace, contents, monkeypatch):
    import contexta.recovery._swap as module

    monkeypatch.setattr(module, "exchange", lambda first, second: False)
    before = contents(workspace)
    ref = back_up(config).backup_ref

    assert restore(config, ref).applied
    assert contents(workspace) == before
