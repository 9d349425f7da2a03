"""Copies elsewhere: sent whole, read back, listed by their sheets, fetched and verified."""

import errno
import json
import os
import stat

import pytest

from contexta.recovery import (
    BackupError,
    create_key_file,
    list_backups,
    list_remote_backups,
    plan_restore,
    pull_backup,
    push_backup,
    restore_workspace,
    verify_backup,
)

FORMS = ["directory", "archive"]


def files_in(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_comes_back_and_restores(workspace, config, other, url, contents, form, back_up):
    """Pushed in either form, pulled on another machine, restored: everything is there."""
    backup = back_up(config, form=form)
    sent = push_backup(config, backup.backup_ref, url)
    fetched = pull_backup(other, url, backup.backup_ref)
    restore_workspace(other, plan_restore(other, backup.backup_ref))

    assert (False, True) == (sent.already_there, sent.read_back)
    assert (sent.sha256, sent.size_bytes) == (fetched.sha256, fetched.size_bytes)
    assert ["archive"] == [one.form for one in list_backups(other)]
    assert "SUCCESS" == verify_backup(other, backup.backup_ref, deep=True).status
    assert contents(workspace) == contents(other.workspace.root_path)


def test_an_archive_is_sent_as_it_lies_here(workspace, config, url, folder, back_up):
    """The bytes that are made while they are sent are those of the archive form."""
    backup = back_up(config, form="archive")
    push_backup(config, backup.backup_ref, url)

    assert backup.location.read_bytes() == (folder / backup.location.name).read_bytes()


def test_a_pulled_backup_is_the_same_when_it_is_pushed_again(
    workspace, config, other, url, back_up
):
    """A folder became an archive on the way; sent from there it is already there."""
    backup = back_up(config)
    push_backup(config, backup.backup_ref, url)
    pull_backup(other, url, backup.backup_ref)

    assert push_backup(other, backup.backup_ref, url).already_there
    assert pull_backup(config, url, backup.backup_ref).already_here


def test_the_sheet_says_what_the_manifest_says(workspace, config, url, folder, back_up):
    """The list is made of the sheet alone: counts, time and size are in it."""
    backup = back_up(config)
    push_backup(config, backup.backup_ref, url)
    (listed,) = list_remote_backups(url)
    (here,) = list_backups(config)
    sheet = json.loads((folder / f"{backup.backup_ref}.json").read_text())

    assert 1 == sheet["format_version"]
    assert (here.backup_ref, here.created_at) == (listed.backup_ref, listed.created_at)
    assert dict(here.counts) == dict(listed.counts)
    assert listed.complete
    assert listed.problem is None
    assert (folder / f"{backup.backup_ref}.tar").stat().st_size == listed.size_bytes


def test_readable_backups_are_said_to_be_readable(workspace, config, url, back_up):
    """What is not encrypted travels with a warning."""
    sent = push_backup(config, back_up(config).backup_ref, url)

    assert "DEGRADED" == sent.status
    assert "not encrypted" in sent.warnings[0]


def test_an_encrypted_backup_travels_without_its_key(
    workspace, config, other, url, tmp_path, back_up
):
    """Its stored bytes verify without the key, here and there; no warning is needed."""
    create_key_file(tmp_path / "keys" / "k")
    backup = back_up(config, key_file=tmp_path / "keys" / "k")
    sent = push_backup(config, backup.backup_ref, url)
    (listed,) = list_remote_backups(url)
    fetched = pull_backup(other, url, backup.backup_ref)

    assert ("SUCCESS", ()) == (sent.status, sent.warnings)
    assert listed.encrypted
    assert listed.key_id
    assert "sealed_bytes_only" in fetched.notes
    assert verify_backup(other, backup.backup_ref, key_file=tmp_path / "keys" / "k").ok


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_backup_is_not_sent(workspace, config, url, folder, form, back_up):
    """One flipped byte here, and nothing appears elsewhere."""
    backup = back_up(config, form=form)
    path = backup.location
    if form == "directory":
        path = next(p for p in backup.location.rglob("*") if p.is_file() and p.suffix != ".json")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    with pytest.raises(BackupError) as caught:
        push_backup(config, backup.backup_ref, url)

    assert "recovery_backup_damaged" == caught.value.code
    assert not folder.exists()


def test_nothing_is_readable_by_others(workspace, config, url, folder, back_up):
    """On a disk, files are 0600 and new folders 0700 whatever the umask."""
    push_backup(config, back_up(config).backup_ref, url)

    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert 0o700 == stat.S_IMODE(folder.parent.stat().st_mode)


def test_other_content_of_that_name_is_kept(workspace, config, url, folder, populate, back_up):
    """Nothing elsewhere is overwritten, neither with its sheet nor without."""
    backup = back_up(config)
    push_backup(config, backup.backup_ref, url)
    populate(workspace, "second")
    another = back_up(config, form="archive")
    for suffix in (".tar", ".json"):
        (folder / f"{backup.backup_ref}{suffix}").rename(folder / f"{another.backup_ref}{suffix}")
    (folder / f"{another.backup_ref}.json").unlink()
    kept = files_in(folder)
    with pytest.raises(BackupError) as caught:
        push_backup(config, another.backup_ref, url)

    assert "recovery_remote_exists" == caught.value.code
    assert kept == files_in(folder)


def test_what_a_pull_left_that_was_killed_after_its_rename_is_removed(
    workspace, config, other, url, back_up
):
    """The backup has its name, the folder in which it arrived is still there."""
    ref = back_up(config).backup_ref
    push_backup(config, ref, url)
    location = pull_backup(other, url, ref).location
    (location.parent / f".partial-{ref}").mkdir()
    again = pull_backup(other, url, ref)

    assert ("already_here",) == again.notes
    assert [location] == list(location.parent.iterdir())


def test_what_lies_there_already_gets_its_name_for_good(
    workspace, config, other, url, folder, back_up, synced
):
    """Whoever gave it the name may have been killed before a power cut could not take it."""
    ref = back_up(config).backup_ref
    push_backup(config, ref, url)
    location = pull_backup(other, url, ref).location
    synced.clear()
    assert push_backup(config, ref, url).already_there
    assert pull_backup(other, url, ref).already_here

    assert {folder.stat().st_ino, location.parent.stat().st_ino} <= synced


def test_a_rename_that_fails_there_publishes_nothing(
    workspace, config, url, folder, back_up, monkeypatch
):
    """A copy in place of it would be half a copy after a kill."""
    ref = back_up(config).backup_ref

    def refuse(*_):
        raise OSError(errno.EIO, "no rename")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(BackupError) as caught:
        push_backup(config, ref, url)

    assert "recovery_remote_failed" == caught.value.code
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("kind", ["faulty", "bucket"])
def test_a_push_that_another_one_overtook_and_swept_finds_it_there(
    workspace, config, folder, faults, back_up, kind
):
    """In a bucket the other one ends the upload, so that the next part of it is refused."""
    ref = back_up(config).backup_ref
    folder.mkdir(parents=True)
    other = []

    def overtake(now):
        if now.phase == "send" and not other:
            other.append(None)  # not again in the push below
            other.append(push_backup(config, ref, f"{kind}://{folder}"))
            faults.at = len(faults.calls) + 1

    sent = push_backup(config, ref, f"{kind}://{folder}", progress=overtake)

    assert (False, True) == (other[1].already_there, sent.already_there)
    assert [f"{ref}.json", f"{ref}.tar"] == sorted(path.name for path in folder.iterdir())
