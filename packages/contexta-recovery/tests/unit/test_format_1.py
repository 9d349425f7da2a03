"""Backups in the format before are read like those of today."""

import dataclasses

import pytest

from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    pull_backup,
    push_backup,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._codec import HashingReader, plain_chunks
from contexta.recovery._manifest import FileEntry, write_manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import DirectorySource


@pytest.fixture
def old(config, workspace):
    """A backup as the release before wrote it: every file plain, under its own path."""
    made = create_workspace_backup(config, plan_workspace_backup(config, label="old"))
    source = DirectorySource(made.location)
    manifest = load_manifest(source).manifest
    for entry in manifest.files:
        if entry.stored != entry.path:
            with source.open(entry.stored, entry.stored_size) as file:
                body = b"".join(plain_chunks(HashingReader(file), entry.encoding, entry.size))
            (made.location / entry.path).write_bytes(body)
            (made.location / entry.path).chmod(0o600)
            (made.location / entry.stored).unlink()
    files = tuple(FileEntry.plain(*entry[:3]) for entry in manifest.files)
    write_manifest(
        made.location, dataclasses.replace(manifest, format_version=1, files=files, inspections={})
    )
    return made


def test_it_is_listed_verified_and_restored(config, old, workspace, contents, tmp_path):
    before = contents(workspace)

    plan = plan_restore(config, old.backup_ref, target_workspace=tmp_path / "new")
    restore_workspace(config, plan)

    assert [one.problem for one in list_backups(config)] == [None]
    assert verify_backup(config, old.backup_ref).status == "SUCCESS"
    assert contents(tmp_path / "new") == before


def test_a_new_backup_links_to_its_files(config, old):
    made = create_workspace_backup(config, plan_workspace_backup(config))

    assert made.details["linked_file_count"] == made.details["file_count"]
    assert verify_backup(config, made.backup_ref).status == "SUCCESS"


def test_damage_in_it_is_found(config, old):
    path = old.location / "workspace" / "metadata" / "ledger.sqlite"
    body = bytearray(path.read_bytes())
    body[5000] ^= 1
    path.write_bytes(body)

    found = verify_backup(config, old.backup_ref)

    assert [(one.kind, one.place) for one in found.problems] == [
        ("hash_differs", "workspace/metadata/ledger.sqlite")
    ]


def test_it_travels_elsewhere_and_back(config, old, tmp_path, config_at):
    other = config_at(tmp_path / "new" / ".contexta")
    push_backup(config, old.backup_ref, f"file://{tmp_path}/elsewhere")

    pulled = pull_backup(other, f"file://{tmp_path}/elsewhere", old.backup_ref)

    assert pulled.status == "SUCCESS"
    assert verify_backup(other, old.backup_ref, deep=True).status == "SUCCESS"
