import pytest

from contexta.recovery import (
    BackupError,
    RestoreError,
    create_key_file,
    create_workspace_backup,
    diff_backups,
    list_backups,
    plan_restore,
    plan_workspace_backup,
    read_key_id,
    restore_workspace,
    verify_backup,
)

FORMS = ["directory", "archive"]


@pytest.fixture
def key_file(tmp_path):
    create_key_file(tmp_path / "keys" / "backup.key")
    return tmp_path / "keys" / "backup.key"


@pytest.fixture
def other_key(tmp_path):
    create_key_file(tmp_path / "keys" / "other.key")
    return tmp_path / "keys" / "other.key"


def back_up(config, key_file, **options):
    plan = plan_workspace_backup(config, **options)
    return create_workspace_backup(config, plan, key_file=key_file)


def stored(location):
    """Names and contents of everything that lies in a backup."""
    paths = [location] if location.is_file() else sorted(location.rglob("*"))
    return {path: path.read_bytes() for path in paths if path.is_file()}


def readable(location):
    files = stored(location)
    return b"".join(files.values()) + " ".join(map(str, files)).encode()


@pytest.mark.parametrize("form", FORMS)
def test_an_encrypted_backup_restores_what_was_there(
    config, workspace, contents, config_at, tmp_path, key_file, form
):
    before = contents(workspace)
    made = back_up(config, key_file, form=form)
    other = config_at(tmp_path / "other")

    plan = plan_restore(other, made.location, key_file=key_file)
    restored = restore_workspace(other, plan)

    assert (made.status, restored.status, restored.applied) == ("SUCCESS", "SUCCESS", True)
    assert contents(tmp_path / "other") == before


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_the_content_can_be_read_without_the_key(config, workspace, key_file, form):
    plain = readable(back_up(config, None, form=form, label="plain").location)
    sealed = readable(back_up(config, key_file, form=form, label="sealed").location)

    told = [b"weights of first", b"ledger.sqlite", b"resolved.config", b"PAR1", b"_parts.jsonl"]
    assert [word for word in told if word in sealed] == []
    assert b"weights of first" in plain


def test_what_stays_readable_is_the_summary(config, workspace, key_file):
    back_up(config, None, label="plain")
    made = back_up(config, key_file, label="sealed")

    plain, sealed = list_backups(config)

    assert (plain.encrypted, plain.key_id) == (False, None)
    assert (sealed.encrypted, sealed.key_id) == (True, read_key_id(key_file))
    assert sealed.counts == {"runs": 1, "records": 5, "artifacts": 1}
    assert sealed.total_bytes > 0
    assert made.details["file_count"] > 0


@pytest.mark.parametrize("form", FORMS)
def test_bytes_are_verified_without_the_key_and_all_of_it_with(config, workspace, key_file, form):
    ref = back_up(config, key_file, form=form).backup_ref

    without = verify_backup(config, ref)
    with_key = verify_backup(config, ref, key_file=key_file, deep=True)

    assert (without.status, with_key.status) == ("SUCCESS", "SUCCESS")
    assert "sealed_bytes_only" in without.notes
    assert "stores_opened" in with_key.notes


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_damage_is_found_with_and_without_the_key(config, workspace, key_file, form, with_key):
    location = back_up(config, key_file, form=form).location
    path = max(stored(location), key=lambda one: len(stored(location)[one]))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)

    found = verify_backup(config, location, key_file=key_file if with_key else None)

    assert (found.status, found.ok) == ("FAILURE", False)


def test_a_missing_key_is_refused_before_anything_is_touched(config, workspace, contents, key_file):
    before = contents(workspace)
    ref = back_up(config, key_file).backup_ref

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan_restore(config, ref))

    assert caught.value.code == "recovery_key_missing"
    assert contents(workspace) == before
    assert len(list_backups(config)) == 1


@pytest.mark.parametrize("deep", [True, False])
def test_a_wrong_key_is_refused_before_anything_is_touched(
    config, workspace, contents, key_file, other_key, deep
):
    before = contents(workspace)
    ref = back_up(config, key_file).backup_ref

    with pytest.raises(RestoreError) as caught:
        restore_workspace(config, plan_restore(config, ref, key_file=other_key))
    assert caught.value.code == "recovery_key_wrong"
    with pytest.raises(BackupError) as caught:
        verify_backup(config, ref, key_file=other_key, deep=deep)
    assert caught.value.code == "recovery_key_wrong"
    assert contents(workspace) == before


def test_opening_the_stores_of_an_encrypted_backup_needs_the_key(config, workspace, key_file):
    ref = back_up(config, key_file).backup_ref

    with pytest.raises(BackupError) as caught:
        verify_backup(config, ref, deep=True)

    assert caught.value.code == "recovery_key_missing"


def test_a_key_file_that_is_not_there_stops_a_backup_before_it_begins(config, workspace, tmp_path):
    with pytest.raises(BackupError) as caught:
        back_up(config, tmp_path / "none")

    assert caught.value.code == "recovery_key_missing"
    assert list_backups(config) == ()
    assert list((workspace / "recovery" / "backups").iterdir()) == []


def test_the_configured_key_is_used_for_everything(workspace, contents, config_at, key_file):
    """Who encrypts once by setting forgets it in no call, the safety copy included."""
    config = config_at(workspace, backup_key_file=key_file)
    before = contents(workspace)
    ref = back_up(config, None).backup_ref

    assert verify_backup(config, ref, deep=True).status == "SUCCESS"
    result = restore_workspace(config, plan_restore(config, ref))

    assert contents(workspace) == before
    assert [one.encrypted for one in list_backups(config)] == [True, True]
    assert result.safety_backup_ref in {one.backup_ref for one in list_backups(config)}


def test_unchanged_files_are_shared_between_backups_of_one_key(config, workspace, key_file):
    first, second = back_up(config, key_file), back_up(config, key_file)

    shared = {path.stat().st_ino for path in stored(first.location)} & {
        path.stat().st_ino for path in stored(second.location)
    }
    assert len(shared) >= second.details["linked_file_count"] > 0
    assert second.bytes_written < first.bytes_written


def test_nothing_is_shared_between_keys_nor_with_readable_backups(
    config, workspace, key_file, other_key
):
    made = [back_up(config, key) for key in (None, key_file, other_key, None)]

    linked = [one.details["linked_file_count"] for one in made]
    assert linked[:3] == [0, 0, 0]
    assert linked[3] > 0
    assert verify_backup(config, made[3].backup_ref).status == "SUCCESS"


@pytest.mark.parametrize("place", ["artifacts", "recovery/backups", "recovery/outbox"])
def test_a_key_that_would_go_with_the_backups_is_refused(workspace, config_at, place):
    create_key_file(workspace / place / "backup.key")
    config = config_at(workspace, backup_key_file=workspace / place / "backup.key")

    with pytest.raises(BackupError) as caught:
        back_up(config, None)

    assert caught.value.code == "recovery_key_beside_backup"
    assert list_backups(config) == ()


def test_two_encrypted_backups_are_compared_with_the_key(config, workspace, populate, key_file):
    first = back_up(config, key_file).backup_ref
    populate(workspace, "second")
    second = back_up(config, key_file).backup_ref

    found = diff_backups(config, first, second, key_file=key_file)

    assert found.runs_added == ("run:p.second",)
    with pytest.raises(BackupError) as caught:
        diff_backups(config, first, second)
    assert caught.value.code == "recovery_key_missing"


@pytest.mark.parametrize("form", FORMS)
def test_no_plaintext_lies_beside_the_backups_at_any_time(
    config_at, workspace, tmp_path, key_file, form
):
    """Not for a moment: that disk may be a stick, or somebody else's."""
    config = config_at(workspace, backup_root=tmp_path / "stick")
    phases = []

    def look(progress):
        phases.append(progress.phase)
        lying = readable(tmp_path / "stick")
        assert b"weights of first" not in lying
        assert b"SQLite format" not in lying
        assert b"ledger" not in lying

    plan = plan_workspace_backup(config, form=form)
    create_workspace_backup(config, plan, key_file=key_file, progress=look)

    assert {"copy", "inspect", "sync", "verify"} <= set(phases)


def test_a_restore_that_only_verifies_needs_the_key_too(config, workspace, key_file):
    ref = back_up(config, key_file).backup_ref

    result = restore_workspace(
        config, plan_restore(config, ref, verify_only=True, key_file=key_file)
    )

    assert (result.status, result.applied) == ("SUCCESS", False)


def test_the_safety_copy_of_a_restore_with_a_key_is_encrypted_with_it(config, workspace, key_file):
    ref = back_up(config, key_file).backup_ref

    result = restore_workspace(config, plan_restore(config, ref, key_file=key_file))

    safety = {one.backup_ref: one for one in list_backups(config)}[result.safety_backup_ref]
    assert safety.key_id == read_key_id(key_file)


def test_equal_files_are_stored_once_even_when_threads_meet(config, workspace, key_file):
    """Each sealing of the same content gives other bytes; only one may get the name."""
    (workspace / "exports").mkdir(exist_ok=True)
    for number in range(40):
        (workspace / "exports" / f"{number}.txt").write_bytes(b"the same" * 20_000)

    made = back_up(config, key_file, include_exports=True)

    assert verify_backup(config, made.backup_ref, key_file=key_file).status == "SUCCESS"
    assert made.bytes_written < 40 * 160_000
