"""Working folders and those who sweep what killed owners left."""

import errno
import fcntl
import itertools
import threading
import time
from pathlib import Path

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.recovery import _scratch
from contexta.recovery._scratch import (
    ensure_staging,
    remove_abandoned,
    remove_if_empty,
    scratch_folder,
)


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


@pytest.fixture
def just_before(monkeypatch):
    """Let something happen right before the first call of a method of paths on one path."""

    def arrange(name, path, happens):
        real, pending = getattr(Path, name), [happens]

        def method(given, *args, **options):
            if given == path and pending:
                pending.pop()()
            return real(given, *args, **options)

        monkeypatch.setattr(Path, name, method)

    return arrange


def test_a_sweep_makes_nothing_where_an_owner_has_just_finished(tmp_path, monkeypatch):
    """Between its look and its lock the owner removes the folder, and the one above it."""
    folder = tmp_path / "staging" / "work-1"
    folder.mkdir(parents=True)
    real = Path.is_symlink

    def finished(path):
        was = real(path)
        if path == folder and folder.exists():
            folder.rmdir()
            folder.parent.rmdir()
        return was

    monkeypatch.setattr(Path, "is_symlink", finished)
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    swept = remove_abandoned(folder.parent, "work-")
    monkeypatch.undo()

    assert () == swept
    assert [] == list(tmp_path.iterdir())


def test_a_scratch_folder_is_made_also_when_the_one_above_goes(tmp_path, just_before):
    """Whoever was the last in it removes it, between the look at it and the making."""
    staging = tmp_path / "staging"
    staging.mkdir()
    just_before("mkdir", staging / "work-1", staging.rmdir)

    with scratch_folder(staging / "work-1") as found:
        assert not found
        assert (staging / "work-1").is_dir()


def test_a_staging_folder_is_made_also_when_the_one_above_goes(tmp_path, just_before):
    """As a scratch folder is."""
    staging = tmp_path / "staging"
    staging.mkdir()
    just_before("mkdir", staging / "backup", staging.rmdir)
    ensure_staging(staging / "backup")

    assert (staging / "backup").is_dir()


def test_a_staging_folder_that_cannot_be_made_is_an_error(tmp_path):
    """A link to nowhere is no race, however often it is tried."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    for attempt in (ensure_staging, lambda path: scratch_folder(path).__enter__()):
        with pytest.raises(StoreAccessError) as caught:
            attempt(tmp_path / "link" / "staging")
        assert "store_path_missing" == caught.value.code


def test_an_empty_folder_goes_and_one_that_somebody_uses_stays(tmp_path):
    """Also when it is gone already, which another call saw to."""
    for name in ("empty", "used/work-1"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("empty", "used", "gone"):
        remove_if_empty(tmp_path / name)

    assert [tmp_path / "used"] == list(tmp_path.iterdir())
