"""Long work says how far it is, and stops when the listener says so."""

import itertools

import pytest

from contexta.contract.errors import RecoveryError
from contexta.recovery import (
    create_workspace_backup,
    list_backups,
    plan_workspace_backup,
    verify_backup,
)
from contexta.recovery._progress import Reporter


def back_up(config, progress, **options):
    plan = plan_workspace_backup(config, **options)
    return create_workspace_backup(config, plan, progress=progress)


def last_of_each_phase(seen):
    return {one.phase: one for one in seen}


def test_each_phase_ends_with_all_files_and_bytes_done(config, workspace):
    seen = []

    made = back_up(config, seen.append)

    ends = last_of_each_phase(seen)
    assert list(ends) == ["copy", "inspect", "sync", "verify"]
    assert ends["verify"].done_files == ends["verify"].total_files == made.details["file_count"]
    assert ends["verify"].done_bytes == ends["verify"].total_bytes == made.details["total_bytes"]
    assert ends["copy"].done_files == made.details["file_count"]


def test_progress_never_goes_back_within_a_phase(config, workspace):
    seen = []

    back_up(config, seen.append, form="archive")

    for before, after in itertools.pairwise(seen):
        if before.phase == after.phase:
            assert before.done_files <= after.done_files
            assert before.done_bytes <= after.done_bytes
    assert "pack" in last_of_each_phase(seen)


@pytest.mark.parametrize("phase", ["copy", "inspect", "verify"])
def test_an_exception_of_the_listener_stops_the_backup_and_nothing_is_published(
    config, workspace, phase
):
    class Stopped(Exception):
        pass

    def stop(progress):
        if progress.phase == phase:
            raise Stopped

    with pytest.raises(Stopped):
        back_up(config, stop)

    assert list_backups(config) == ()
    assert list((workspace / "recovery" / "backups").iterdir()) == []
    assert back_up(config, None).status == "SUCCESS"


def test_an_error_of_the_system_in_the_listener_is_not_taken_for_one_of_the_backup(
    config, workspace
):
    def fail(progress):
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(RecoveryError) as caught:
        back_up(config, fail)

    assert caught.value.code == "recovery_progress_failed"
    assert isinstance(caught.value.__cause__, BrokenPipeError)


def test_verifying_reports_every_byte(config, workspace):
    made = back_up(config, None)
    seen = []

    verify_backup(config, made.backup_ref, progress=seen.append)

    assert seen[-1].done_files == seen[-1].total_files == made.details["file_count"]


def test_the_listener_is_called_at_the_end_however_short_the_phase():
    seen = []
    report = Reporter(seen.append)

    for phase in ("one", "two"):
        report.begin(phase, 2, 10)
        report.advance(4, files=1)
        report.advance(6, files=1)
        report.end()

    assert [(one.phase, one.done_bytes) for one in seen if one.done_files == 2] == [
        ("one", 10),
        ("two", 10),
    ]


def test_threads_may_count_and_only_the_owner_calls():
    import threading

    callers = set()
    report = Reporter(lambda progress: callers.add(threading.get_ident()))
    report.begin("work", 4, 4000)
    threads = [
        threading.Thread(target=lambda: [report.advance(1) for _ in range(1000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.end()

    assert callers == {threading.get_ident()}
    assert report._state.done_bytes == 4000
