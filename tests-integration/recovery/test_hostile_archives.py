"""A hostile archive is refused; nothing outside is written, the workspace stays as it is."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
from _backup_forms import ARCHIVE, CAN_SEAL, DIRECTORY, NEEDS_CRYPTOGRAPHY, SEALED_ARCHIVE, restore
from _hostile_manifests import HOSTILE, Good
from _rich_workspace import contents, fill, settings, tree

import contexta.recovery as recovery
from contexta.contract.errors import RecoveryError
from contexta.recovery import RestoreError, plan_restore, restore_workspace, verify_backup


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A workspace, its good archive, and a folder that nobody may touch; never changed."""
    world = tmp_path_factory.mktemp("world")
    fill(world / "home", ("one",))
    ARCHIVE.back_up(config_in(world), label="good")
    (world / "outside").mkdir()
    (world / "outside" / "secret").write_text("secret")
    return world


def config_in(world: Path, **recovery_settings):
    given = {"backup_root": world / "backups", "restore_staging_root": world / "staging"}
    return settings(world / "home", **(given | recovery_settings))


def problems_of(found) -> list[str]:
    return [problem.kind for problem in found.problems]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_is_touched(world, tmp_path, name):
    """Verification says no; a restore is refused before anything is written."""
    (archive,) = (world / "backups").glob("good-*.tar")
    bad = world / "backups" / "bad.tar"
    bad.write_bytes(HOSTILE[name](Good(archive.read_bytes(), world / "outside")))
    before = tree(world)
    config = config_in(world)
    target = tmp_path / "deep" / "target"
    try:
        verified = verify_backup(config, "bad")
        with pytest.raises(RecoveryError) as in_place:
            restore(config, "bad")
        with pytest.raises(RecoveryError) as elsewhere:
            restore(config, "bad", target)
        after = {place: raw for place, raw in tree(world).items() if "staging" not in place}
    finally:
        bad.unlink()

    assert ("FAILURE", False) == (verified.status, verified.ok)
    assert [] != problems_of(verified)
    assert in_place.value.code.startswith("recovery_")
    assert elsewhere.value.code.startswith("recovery_")
    assert {place: raw for place, raw in before.items() if "staging" not in place} == after
    assert not target.exists()


def test_a_bomb_is_not_decoded_beyond_what_the_manifest_lists(world, tmp_path):
    """A gigabyte of zeros takes 32 KB; verification needs no gigabyte of memory."""
    (archive,) = (world / "backups").glob("good-*.tar")
    good = Good(archive.read_bytes(), world / "outside")
    bad = tmp_path / "bad.tar"
    bad.write_bytes(HOSTILE["more_than_listed_when_decoded"](good))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = verify_backup(bad)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak

    assert not found.ok
    assert grown < 32 << 10  # KiB


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_no_archive(world, kind):
    """A link to a good archive, a pipe without a writer and a folder of that name."""
    archive = next((world / "backups").glob("good-*.tar"))
    bad = world / "backups" / "bad.tar"
    if kind == "link":
        bad.symlink_to(archive)
    elif kind == "pipe":
        os.mkfifo(bad)
    else:
        bad.mkdir()
    before = contents(world / "home")
    try:
        with pytest.raises(RecoveryError) as refused:
            restore(config_in(world), "bad")
        listed = recovery.list_backups(config_in(world))
    finally:
        bad.rmdir() if kind == "folder" else bad.unlink()

    assert refused.value.code.startswith("recovery_")
    assert "bad" not in {one.backup_ref for one in listed if not one.problem}
    assert before == contents(world / "home")


def test_a_target_that_is_the_source_is_refused(world):
    """Neither the folder of a backup nor anything in it can be restored to."""
    config = config_in(world, backup_root=world / "folders")
    backup = DIRECTORY.back_up(config)
    before = tree(backup.location)
    codes = []
    for target in (backup.location, backup.location / "workspace", world / "folders"):
        with pytest.raises(RestoreError) as refused:
            restore(config, backup.backup_ref, target)
        codes.append(refused.value.code)

    assert ["recovery_target_not_replaceable"] * 3 == codes
    assert before == tree(backup.location)


@pytest.mark.skipif(not CAN_SEAL, reason=NEEDS_CRYPTOGRAPHY)
@pytest.mark.parametrize("kind", ["missing", "wrong"])
def test_without_the_right_key_nothing_is_touched(world, tmp_path, kind):
    """The code says which of the two it is, before anything is written."""
    config = SEALED_ARCHIVE.configure(config_in(world, backup_root=tmp_path / "b"), tmp_path)
    backup = SEALED_ARCHIVE.back_up(config)
    other = None
    if kind == "wrong":
        other = tmp_path / "other.key"
        recovery.create_key_file(other)
    config.recovery.backup_key_file = other
    before = contents(world / "home")
    with pytest.raises(RecoveryError) as refused:
        restore_workspace(config, plan_restore(config, backup.backup_ref))

    assert f"recovery_key_{kind}" == refused.value.code
    assert before == contents(world / "home")
