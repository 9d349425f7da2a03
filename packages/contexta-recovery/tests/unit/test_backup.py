import json
import os
from dataclasses import replace

import pytest

from contexta.recovery import (
    BackupError,
    create_workspace_backup,
    list_backups,
    plan_workspace_backup,
    verify_backup,
)


def back_up(config, **options):
    return create_workspace_backup(config, plan_workspace_backup(config, **options))


def files_of(backup, key="path"):
    return {entry[key] for entry in json.loads((backup / "manifest.json").read_text())["files"]}


def tree(root):
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def test_a_plan_creates_the_backup_folder_and_nothing_else(config, root):
    plan = plan_workspace_backup(config, label="nightly run")

    assert [str(path.relative_to(root)) for path in sorted(root.rglob("*"))] == [
        "recovery",
        "recovery/backups",
    ]
    assert plan.label == "nightly-run"
    assert plan.included_sections == ("config", "metadata", "records", "artifacts", "recovery")
    assert plan.notes == ("cache_excluded", "exports_excluded")


def test_a_workspace_with_only_a_foreign_file_is_backed_up(config, root):
    root.mkdir(parents=True)
    (root / "notes.txt").write_text("mine")

    result = back_up(config, label="manual")

    assert (result.status, result.included_sections) == ("SUCCESS", ("config",))
    assert verify_backup(config, result.backup_ref).ok
    assert result.bytes_written == sum(
        path.stat().st_size for path in result.location.rglob("*") if path.is_file()
    )


def test_a_backup_counts_what_the_copy_holds(config, workspace):
    result = back_up(config)

    assert (result.status, result.warnings) == ("SUCCESS", ())
    assert result.details["counts"] == {"artifacts": 1, "records": 5, "runs": 1}
    assert result.included_sections == ("config", "metadata", "records", "artifacts")


def test_backing_up_leaves_the_source_as_it_was(config, workspace):
    before = tree(workspace)

    back_up(config)

    after = {path: body for path, body in tree(workspace).items() if "recovery" not in path}
    assert after == before


def test_every_file_of_a_backup_is_in_the_manifest_and_verified_after_writing(config, workspace):
    """There was no list of files, no hash, no look at what was written."""
    result = back_up(config)

    on_disk = {
        path.relative_to(result.location).as_posix()
        for path in result.location.rglob("*")
        if path.is_file()
    }
    assert files_of(result.location, "stored") == on_disk - {"manifest.json"}
    assert f"files_verified:{len(on_disk) - 1}" in result.verification_notes


def test_backups_are_private(config, workspace):
    os.umask(0)
    try:
        location = back_up(config).location
    finally:
        os.umask(0o022)

    assert {path.stat().st_mode & 0o077 for path in (location, *location.rglob("*"))} == {0}


def test_the_same_plan_twice_makes_two_backups(config, workspace):
    plan = plan_workspace_backup(config)

    first = create_workspace_backup(config, plan)
    second = create_workspace_backup(config, plan)

    assert second.backup_ref == f"{first.backup_ref}-2"
    assert [one.problem for one in list_backups(config)] == [None, None]


def test_repeated_backups_do_not_contain_each_other(config, workspace):
    """Sizes used to double."""
    sizes = {len(files_of(back_up(config).location)) for _ in range(3)}

    assert len(sizes) == 1


def test_exports_are_copied_without_the_backups_in_them(config_at, root, populate):
    """With the backup folder inside the exports the copy used to recurse into itself."""
    populate(root)
    (root / "exports" / "sub").mkdir(parents=True)
    (root / "exports" / "sub" / "report.csv").write_text("a,b")
    config = config_at(root, backup_root=root / "exports" / "backups")

    back_up(config, include_exports=True)
    result = back_up(config, include_exports=True)

    exported = {path for path in files_of(result.location) if path.startswith("workspace/exports")}
    assert exported == {"workspace/exports/sub/report.csv"}


def test_the_cache_is_left_out_although_the_outbox_lies_in_it(config_at, root, populate):
    """The parent of the outbox used to be copied, whatever it was."""
    populate(root)
    outbox = root / "cache" / "outbox"
    outbox.mkdir(parents=True)
    (outbox / "failed_deliveries.jsonl").write_text("{}\n")
    (root / "cache" / "big.bin").write_text("x")

    result = back_up(config_at(root, outbox_root=outbox))

    copied = files_of(result.location)
    assert "workspace/recovery/outbox/failed_deliveries.jsonl" in copied
    assert not any("cache" in path for path in copied)


def test_planes_outside_the_workspace_are_backed_up(config, root, tmp_path, populate):
    """They used to be left out silently."""
    populate(root)
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    os.replace(root / "metadata" / "ledger.sqlite", elsewhere / "my.sqlite")
    os.replace(root / "records", elsewhere / "records")
    os.replace(root / "artifacts", elsewhere / "artifacts")
    moved = replace(
        config,
        metadata=replace(config.metadata, database_path=elsewhere / "my.sqlite"),
        records=replace(config.records, root_path=elsewhere / "records"),
        artifacts=replace(config.artifacts, root_path=elsewhere / "artifacts"),
    )

    result = back_up(moved)

    assert result.status == "SUCCESS"
    assert result.details["counts"] == {"artifacts": 1, "records": 5, "runs": 1}


def test_a_plane_that_is_configured_elsewhere_and_missing_is_a_failure(config, workspace, tmp_path):
    """Such a backup used to be a plain success without the plane."""
    place = tmp_path / "not-mounted"
    moved = replace(config, records=replace(config.records, root_path=place))

    with pytest.raises(BackupError) as caught:
        back_up(moved)

    assert caught.value.code == "recovery_plane_missing"
    assert caught.value.details == {"missing_planes": {"records": str(place)}}
    assert list_backups(moved) == ()


def test_a_workspace_that_was_never_opened_lacks_no_plane(config, tmp_path):
    """Planes are made when the workspace is first used; until then that is said."""
    place = tmp_path / "later"

    result = back_up(replace(config, records=replace(config.records, root_path=place)))

    assert (result.status, result.warnings) == ("DEGRADED", ("configured_plane_missing:records",))


def test_links_and_special_files_are_skipped_and_said(config, workspace, tmp_path):
    """An outside folder used to be copied in through a link."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "id_rsa").write_text("private")
    (workspace / "artifacts" / "planted").symlink_to(tmp_path / "secret")
    (workspace / "artifacts" / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(workspace / "artifacts" / "pipe")

    result = back_up(config)

    assert set(result.warnings) == {
        "link_skipped:artifacts/planted",
        "link_skipped:artifacts/dangling",
        "special_file_skipped:artifacts/pipe",
    }
    assert result.status == "DEGRADED"
    assert not any("id_rsa" in path for path in files_of(result.location))


def test_a_plane_that_is_a_link_is_refused(config, workspace, tmp_path):
    os.replace(workspace / "artifacts", tmp_path / "artifacts")
    (workspace / "artifacts").symlink_to(tmp_path / "artifacts")

    with pytest.raises(BackupError) as caught:
        back_up(config)

    assert caught.value.code == "recovery_section_not_followed"
    assert list_backups(config) == ()


def test_the_configuration_is_written_without_secrets(config, workspace):
    class Dumping(type(config)):
        def model_dump(self, *, mode):
            return {
                "project_name": "p",
                "api_token": "hush1",
                "nested": [{"DB_PASSWORD": "hush2", "url": "postgres://u:hush3@host/db"}],
                "server": "postgresql://host/db?password=hush4&sslmode=require",
                "connection": "host=h password=hush5",
                "arguments": ["--token=hush6", "Bearer hush7hush7"],
            }

    dumping = Dumping(config.workspace, config.recovery)
    location = back_up(dumping).location

    text = (location / "workspace" / "config" / "resolved.config.json").read_text()
    assert "hush" not in text
    assert json.loads(text)["project_name"] == "p"


def test_a_failed_backup_is_never_listed_and_the_next_one_works(config, workspace, monkeypatch):
    """Aborted backups stayed as folders; errors of the system surfaced raw."""
    import contexta.recovery._build as module

    def full(*arguments):
        raise OSError(28, "No space left on device", "x")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_manifest", full)
        with pytest.raises(BackupError) as caught:
            back_up(config)

    assert (caught.value.code, caught.value.retryable) == ("recovery_disk_full", True)
    assert list_backups(config) == ()
    assert back_up(config).status == "SUCCESS"


def test_what_a_killed_backup_left_is_not_listed_and_is_removed_by_the_next(config, workspace):
    left = workspace / "recovery" / "backups" / ".partial-old"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{}")

    assert list_backups(config) == ()
    back_up(config)
    assert not left.exists()


def test_a_hidden_folder_of_another_program_is_left_alone(config, workspace):
    """The backup folder may be shared; the name alone does not make a folder ours."""
    theirs = workspace / "recovery" / "backups" / ".partial-download"
    theirs.mkdir(parents=True)
    (theirs / "film.mkv").write_text("theirs")

    back_up(config)

    assert (theirs / "film.mkv").read_text() == "theirs"


@pytest.mark.parametrize("ref", ["../x", "a/b", "..", ".partial-x"])
def test_a_plan_made_by_hand_cannot_leave_the_backup_folder(config, workspace, ref):
    """The reference inside a plan is checked again, not only the label that made it."""
    plan = replace(plan_workspace_backup(config), backup_ref=ref)

    with pytest.raises(BackupError) as caught:
        create_workspace_backup(config, plan)

    assert caught.value.code == "recovery_invalid_backup_ref"


def test_a_plan_for_another_workspace_is_refused(config, config_at, workspace, tmp_path):
    """A plan names its workspace, and another configuration cannot apply it."""
    plan = plan_workspace_backup(config_at(tmp_path / "other"))

    with pytest.raises(BackupError) as caught:
        create_workspace_backup(config, plan)

    assert caught.value.code == "recovery_plan_mismatch"


def test_a_backup_folder_inside_a_plane_is_refused(config_at, root, populate):
    populate(root)
    config = config_at(root, backup_root=root / "records" / "backups")

    with pytest.raises(BackupError) as caught:
        plan_workspace_backup(config)

    assert caught.value.code == "recovery_backup_root_inside_plane"
    assert not (root / "records" / "backups").exists()


def test_a_damaged_workspace_is_backed_up_and_said(config, workspace):
    """Corrupted data used to be a plain success."""
    body = next(path for path in (workspace / "artifacts" / "objects").rglob("*") if path.is_file())
    body.chmod(0o600)
    body.write_bytes(b"changed")

    result = back_up(config)

    assert result.status == "DEGRADED"
    assert result.warnings == ("artifacts:drift_count=1",)


def test_a_file_that_is_no_database_is_copied_as_it_is_and_said(config, workspace):
    (workspace / "metadata" / "ledger.sqlite").write_bytes(b"not a database" * 100)

    result = back_up(config)

    assert result.status == "DEGRADED"
    assert "workspace/metadata/ledger.sqlite" in files_of(result.location)
