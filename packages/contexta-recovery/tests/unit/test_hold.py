"""Readers and removers of a backup."""

import fcntl
import os
import threading

import pytest

from contexta.recovery import _hold
from contexta.recovery._hold import held_for_reading, held_for_removal


@pytest.fixture(params=["folder", "archive"])
def backup(tmp_path, request):
    path = tmp_path / "backup"
    path.mkdir() if request.param == "folder" else path.write_bytes(b"x")
    return path


def test_readers_share_and_keep_removers_out(backup):
    """Any number reads; a remover needs it alone."""
    with held_for_reading(backup), held_for_reading(backup), held_for_removal(backup) as ours:
        assert not ours

    with held_for_removal(backup) as ours:
        assert ours


def test_a_reader_waits_until_a_remover_lets_go(backup):
    """A prune that decides to keep a backup hands it on at once."""
    entered = threading.Event()

    def read():
        with held_for_reading(backup):
            entered.set()

    with held_for_removal(backup) as ours:
        reader = threading.Thread(target=read)
        reader.start()
        waited = not entered.wait(0.05)
    reader.join()

    assert (ours, waited, entered.is_set()) == (True, True, True)


def test_a_reader_does_not_hold_what_a_remover_has_renamed(backup):
    """It is gone, which reading then says."""
    with held_for_removal(backup):
        backup.rename(backup.with_name(".removing-1"))
        with held_for_reading(backup):
            assert not backup.exists()


def test_a_stranger_who_keeps_a_lock_does_not_stop_reading(backup, monkeypatch):
    """Only removers of ours take the lock, and never for long."""
    monkeypatch.setattr(_hold, "_LONGEST_WAIT_SECONDS", 0.02)
    fd = os.open(backup, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        with held_for_reading(backup):
            assert backup.exists()
    finally:
        os.close(fd)


def test_what_is_not_there_or_a_link_is_not_held(tmp_path):
    """There is nothing to keep."""
    (tmp_path / "link").symlink_to(tmp_path)

    for name in ("nothing", "link"):
        with held_for_reading(tmp_path / name), held_for_removal(tmp_path / name) as ours:
            assert not ours
