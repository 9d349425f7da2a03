"""Working folders and those who sweep what killed owners left."""

import errno
import fcntl
import itertools
import threading
import time

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.recovery import _scratch
from contexta.recovery._scratch import remove_abandoned, scratch_folder


def test_a_sweep_never_takes_a_folder_from_an_owner_that_is_making_it(tmp_path):
    """Between making a folder and locking it, a sweep can find it unlocked."""
    stop = threading.Event()
    swept = []

    def sweep():
        # Without a pause there is no moment left to make a folder in, and nobody sweeps like that.
        while not stop.wait(0.001):
            swept.extend(remove_abandoned(tmp_path, "work-"))

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(300):
            with scratch_folder(tmp_path / f"work-{number}") as found:
                assert not found
                (tmp_path / f"work-{number}" / "mine").write_text("mine")
    finally:
        stop.set()
        sweeper.join()

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def refusals(monkeypatch):
    """How often the lock of a folder is refused, as by sweeps or by another owner, and then not."""
    left = [0]
    real = fcntl.flock

    def flock(fd, operation):
        if left[0]:
            left[0] -= 1
            raise BlockingIOError(errno.EAGAIN, "taken")
        real(fd, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(_scratch, "_SWEEP_PAUSE_SECONDS", 0)
    return left


def test_sweeps_hold_up_an_owner_however_long_each_takes(tmp_path, refusals, monkeypatch):
    """A machine that stands still between two looks is no reason to give up."""
    clock = itertools.count(step=3600)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    refusals[0] = 400

    with scratch_folder(tmp_path / "work-1") as found:
        assert not found


def test_a_folder_that_two_make_at_once_is_refused_to_one(tmp_path, refusals):
    """Who is refused for long has met another owner, not sweeps."""
    refusals[0] = 100_000

    with pytest.raises(BlockingIOError), scratch_folder(tmp_path / "work-1"):
        pass

    assert refusals[0] > 90_000


def test_a_folder_of_a_living_owner_is_refused_at_once_and_survives_a_sweep(tmp_path):
    """Its owner holds the lock."""
    with scratch_folder(tmp_path / "work-1"):
        assert remove_abandoned(tmp_path, "work-") == ()
        with pytest.raises(BlockingIOError), scratch_folder(tmp_path / "work-1"):
            pass
        assert (tmp_path / "work-1").is_dir()


def test_a_folder_that_a_killed_owner_left_is_taken_over_as_it_is(tmp_path):
    """Whoever resumes work looks at what is there."""
    (tmp_path / "work-1").mkdir()
    (tmp_path / "work-1" / "half").write_text("done")

    with scratch_folder(tmp_path / "work-1") as found:
        assert found
        assert (tmp_path / "work-1" / "half").read_text() == "done"

    assert not (tmp_path / "work-1").exists()


def test_a_place_that_is_a_file_is_refused(tmp_path):
    """It is not a race that repeating would end."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreAccessError), scratch_folder(tmp_path / "file" / "work"):
        pass
