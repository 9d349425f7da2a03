"""Whatever fails at whatever call: a coded error, nothing half published, calling again helps."""

import errno
import traceback

import pytest

from contexta.recovery import (
    BackupError,
    list_remote_backups,
    pull_backup,
    push_backup,
    verify_backup,
    verify_remote_backup,
)

SECRET = "secret-of-the-store"
ERRORS = [
    OSError(errno.EIO, SECRET),
    PermissionError(errno.EACCES, SECRET),
    TimeoutError(SECRET),
    ValueError(f"https://key:{SECRET}@host/?signature={SECRET}"),
    FileNotFoundError(errno.ENOENT, SECRET),
]
CODES = {"recovery_remote_failed", "recovery_remote_denied", "recovery_remote_not_found"}


def shown(error):
    """Everything that anybody would print of an error, its causes and their context included."""
    lines = "".join(traceback.format_exception(error))
    context = error.__context__
    while context is not None:
        lines += repr(context)
        context = context.__context__ or context.__cause__
    return f"{lines}{error!r}{error.to_dict()}"


def backups_in(config):
    root = config.workspace.root_path / "recovery" / "backups"
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def failure_of(call, *arguments):
    """Return the error that a call raised; None when it raised none."""
    try:
        call(*arguments)
    except BackupError as error:
        return error
    return None


def test_a_push_that_fails_at_any_call_can_be_made_again(
    workspace, config, faulty_url, faults, folder, back_up
):
    """Each call of the store fails once, in turn; what is listed as complete always is."""
    ref = back_up(config).backup_ref
    failures = []
    for number in range(1, 100):
        for path in folder.iterdir():
            path.unlink()
        faults.reset()
        faults.at, faults.error = number, ERRORS[number % len(ERRORS)]
        failures.append(failure_of(push_backup, config, ref, faulty_url))
        was_reached = len(faults.calls) >= number
        faults.reset()
        listed = list_remote_backups(faulty_url)
        assert all(verify_remote_backup(faulty_url, ref).ok for one in listed if one.complete)
        push_backup(config, ref, faulty_url)
        if not was_reached:
            break
    errors = [error for error in failures if error is not None]

    assert not was_reached
    assert len(errors) >= 8
    assert {error.code for error in errors} <= CODES
    assert not [error for error in errors if SECRET in shown(error)]
    assert [f"{ref}.json", f"{ref}.tar"] == sorted(path.name for path in folder.iterdir())


def test_a_pull_that_fails_at_any_call_leaves_nothing(
    workspace, config, other, faulty_url, faults, back_up
):
    """Each call of the store fails once, in turn; no backup and no rest of one appears here."""
    ref = back_up(config).backup_ref
    push_backup(config, ref, faulty_url)
    errors = []
    for number in range(1, 100):
        faults.reset()
        faults.at, faults.error = number, ERRORS[number % len(ERRORS)]
        error = failure_of(pull_backup, other, faulty_url, ref)
        if error is None:
            break
        errors.append(error)
        assert [] == backups_in(other)
    faults.reset()

    assert len(errors) >= 4
    assert {error.code for error in errors} <= {*CODES, "recovery_remote_incomplete"}
    assert not [error for error in errors if SECRET in shown(error)]
    assert [f"{ref}.tar"] == backups_in(other)
    assert verify_backup(other, ref).ok


def test_a_flipped_bit_on_the_way_there_is_found(
    workspace, config, faulty_url, faults, back_up, folder
):
    """What is read back differs: it is removed there, and nothing is listed as complete."""
    ref = back_up(config).backup_ref
    faults.spoil = lambda path, data: bytes([data[0] ^ 1]) + data[1:] if data else data
    with pytest.raises(BackupError) as caught:
        push_backup(config, ref, faulty_url)
    faults.reset()

    assert "recovery_remote_unverified" == caught.value.code
    assert caught.value.retryable
    assert [] == list(folder.iterdir())
    assert not push_backup(config, ref, faulty_url).already_there


def test_a_store_that_drops_bytes_is_found_without_reading_back(
    workspace, config, faulty_url, faults, back_up, folder
):
    """The size that the store says is compared in any case."""
    ref = back_up(config).backup_ref
    faults.spoil = lambda path, data: data[:-1]
    with pytest.raises(BackupError) as caught:
        push_backup(config, ref, faulty_url, read_back=False)

    assert "recovery_remote_unverified" == caught.value.code
    assert [] == list(folder.iterdir())


def test_without_reading_back_a_flipped_bit_is_found_later(
    workspace, config, other, faulty_url, faults, back_up
):
    """What `read_back=False` costs: the push says nothing, verifying and pulling do."""
    ref = back_up(config).backup_ref
    faults.spoil = _flip_archive
    sent = push_backup(config, ref, faulty_url, read_back=False)
    faults.reset()
    report = verify_remote_backup(faulty_url, ref)
    with pytest.raises(BackupError) as caught:
        pull_backup(other, faulty_url, ref)

    assert not sent.read_back
    assert ["hash_differs"] == [problem.kind for problem in report.problems]
    assert "recovery_remote_damaged" == caught.value.code
    assert [] == backups_in(other)


def _flip_archive(path, data):
    is_sheet = data.startswith(b"{") and b"contexta-remote-backup" in data
    return data if is_sheet or not data else bytes([data[0] ^ 1]) + data[1:]


def test_what_was_sent_whole_and_not_compared_is_not_sent_again(
    workspace, config, folder, faults, back_up
):
    """In a bucket: the connection fails while it is read back; the next push only compares."""
    ref = back_up(config).backup_ref
    folder.mkdir(parents=True)
    faults.answer = lambda path, data: 1 / 0 if str(path).endswith(".tar") else data
    error = failure_of(push_backup, config, ref, f"bucket://{folder}")
    faults.reset()
    again = push_backup(config, ref, f"bucket://{folder}")

    assert "recovery_remote_failed" == error.code
    assert (True, True) == (again.already_there, again.read_back)


def test_what_a_killed_push_left_is_listed_and_removed(workspace, config, url, folder, back_up):
    """The rest of an unfinished write is no backup; the next push of that backup removes it."""
    ref = back_up(config).backup_ref
    folder.mkdir(parents=True)
    (folder / f".{ref}.tar.0123456789abcdef.partial").write_bytes(b"half")
    (listed,) = list_remote_backups(url)
    report = verify_remote_backup(url, ref)
    push_backup(config, ref, url)

    assert (ref, False) == (listed.backup_ref, listed.complete)
    assert ["file_missing"] == [problem.kind for problem in report.problems]
    assert [f"{ref}.json", f"{ref}.tar"] == sorted(path.name for path in folder.iterdir())


def test_an_archive_that_lost_its_sheet_is_completed(
    workspace, config, url, folder, other, back_up
):
    """A push that was killed before its last step: incomplete, not fetched, and soon finished."""
    ref = back_up(config).backup_ref
    push_backup(config, ref, url)
    (folder / f"{ref}.json").unlink()
    (listed,) = list_remote_backups(url)
    report = verify_remote_backup(url, ref)
    with pytest.raises(BackupError) as caught:
        pull_backup(other, url, ref)
    again = push_backup(config, ref, url)

    assert not listed.complete
    assert ["manifest_missing"] == [problem.kind for problem in report.problems]
    assert "recovery_remote_incomplete" == caught.value.code
    assert (True, True) == (again.already_there, again.read_back)
    assert verify_remote_backup(url, ref).ok


@pytest.mark.parametrize("phase", ["send", "read_back"])
def test_two_pushes_of_one_backup_at_once_both_end_well(workspace, config, url, back_up, phase):
    """The second runs as a whole while the first is busy; the first finds its work done."""
    ref = back_up(config).backup_ref
    inner = []

    def meanwhile(now):
        if now.phase == phase and now.done_files and not inner:
            inner.append(push_backup(config, ref, url))

    outer = push_backup(config, ref, url, progress=meanwhile)

    assert not inner[0].already_there
    assert outer.already_there
    assert verify_remote_backup(url, ref).ok


def test_what_appears_meanwhile_is_not_overwritten(workspace, config, url, folder, back_up):
    """Somebody puts another archive of that name there while ours is sent: ours goes."""
    ref = back_up(config).backup_ref

    def meanwhile(now):
        if now.phase == "read_back" and now.done_files:
            (folder / f"{ref}.tar").write_bytes(b"of somebody else")

    error = failure_of(lambda: push_backup(config, ref, url, progress=meanwhile))

    assert "recovery_remote_exists" == error.code
    assert b"of somebody else" == (folder / f"{ref}.tar").read_bytes()
    assert [f"{ref}.tar"] == [path.name for path in folder.iterdir()]


def test_an_exception_of_the_progress_reaches_the_caller(
    workspace, config, other, url, folder, back_up
):
    """It stops the work, is not wrapped, and leaves nothing half done."""
    ref = back_up(config).backup_ref

    class Stop(Exception):
        pass

    def stop_in(phase):
        def stop(now):
            if now.phase == phase:
                raise Stop

        return stop

    for phase in ("verify", "send", "read_back"):
        with pytest.raises(Stop):
            push_backup(config, ref, url, progress=stop_in(phase))
    left = list(folder.iterdir()) if folder.exists() else []
    push_backup(config, ref, url)
    with pytest.raises(Stop):
        pull_backup(other, url, ref, progress=stop_in("fetch"))

    assert [] == left
    assert [] == backups_in(other)
