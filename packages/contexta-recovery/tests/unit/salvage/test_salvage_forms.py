"""Archives and encrypted backups are salvaged as folders are."""

import shutil
from dataclasses import replace

import pytest

from contexta.recovery import (
    RestoreError,
    create_key_file,
    create_workspace_backup,
    plan_workspace_backup,
)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "keys" / "backup.key"
    path.parent.mkdir()
    create_key_file(path)
    return path


@pytest.fixture
def made(template, session_stores, tmp_path):
    """Makes a backup of the template, alone in its folder."""

    def make(**options):
        key_file = options.pop("key_file", None)
        config = session_stores.config(template.workspace, backup_root=tmp_path / "made")
        plan = plan_workspace_backup(config, **options)
        return create_workspace_backup(config, plan, key_file=key_file).location

    return make


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)


def test_an_intact_archive_loses_nothing(made, target, run_salvage, look):
    result = run_salvage(made(form="archive"))
    found = look(target)

    assert (result.status, found.errors) == ("SUCCESS", [])
    assert (len(found.records), len(found.artifacts)) == (86, 4)


def test_of_an_archive_that_was_cut_what_came_before_is_kept(made, target, run_salvage, look):
    """Members lie in the order of names: artifacts, then metadata, then records."""
    archive = made(form="archive")
    data = archive.read_bytes()
    archive.chmod(0o600)
    archive.write_bytes(data[: data.rindex(b"workspace/records/event/")])

    result = run_salvage(archive)
    found = look(target)

    assert (result.status, found.errors) == ("DEGRADED", [])
    assert set(found.runs) == {"run:p.first", "run:p.second"}
    assert len(found.artifacts) == 4
    assert result.ledger_source == "source"
    assert {item.reason for item in result.lost} >= {"file_missing"}


@pytest.mark.parametrize("place", [b"workspace/records/metric/", b"workspace/artifacts/objects/"])
def test_one_damaged_header_costs_one_member(place, made, target, run_salvage, look):
    archive = made(form="archive")
    flip(archive, archive.read_bytes().rindex(place))

    result = run_salvage(archive)

    assert look(target).errors == []
    assert any("file_missing" == item.reason for item in result.lost)


def test_an_archive_without_its_manifest_is_read_member_by_member(made, target, run_salvage, look):
    archive = made(form="archive")
    flip(archive, 700)

    result = run_salvage(archive)
    found = look(target)

    assert result.lost[0].reason.startswith("manifest_")
    assert (found.errors, len(found.records)) == ([], 86)


def test_of_an_encrypted_backup_each_file_that_opens_is_taken(made, key, target, run_salvage, look):
    location = made(key_file=key)
    sealed = sorted(path for path in location.rglob("*") if path.is_file())
    biggest = max(sealed, key=lambda path: path.stat().st_size)
    biggest.unlink()

    result = run_salvage(location, key_file=key)
    found = look(target)

    assert (result.status, found.errors) == ("DEGRADED", [])
    assert any(item.reason == "file_missing" for item in result.lost)


def test_a_key_is_asked_for_before_anything_is_written(made, key, target, run_salvage, tmp_path):
    location = made(key_file=key)
    other = tmp_path / "other.key"
    create_key_file(other)
    codes = []
    for key_file in (None, other):
        with pytest.raises(RestoreError) as caught:
            run_salvage(location, key_file=key_file)
        codes.append(caught.value.code)

    assert codes == ["recovery_key_missing", "recovery_key_wrong"]
    assert not target.exists()
    assert not target.with_name(f".{target.name}.salvage").exists()


def test_the_configured_key_is_used(made, key, target, run_salvage, session_stores, tmp_path):
    location = made(key_file=key)
    config = session_stores.config(tmp_path / "nowhere", backup_root=tmp_path / "none")
    config = replace(config, recovery=replace(config.recovery, backup_key_file=key))

    assert run_salvage(location, config=config).status == "SUCCESS"


def test_right_copies_come_from_archives_and_encrypted_backups_too(
    made, key, backup, target, run_salvage, session_stores, tmp_path
):
    shutil.rmtree(backup / "workspace" / "artifacts")
    made(form="archive", key_file=key)
    config = session_stores.config(tmp_path / "nowhere", backup_root=tmp_path / "made")

    result = run_salvage(backup, config=config, key_file=key)

    assert (result.status, result.lost) == ("SUCCESS", ())
