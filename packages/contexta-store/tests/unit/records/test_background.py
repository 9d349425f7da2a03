"""The background threads outlive whatever goes wrong in them."""

import errno
import logging
import os
import subprocess
import sys
import threading

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store.records import AppendError, SeriesContext, _background
from contexta.store.records import _seal as sealing

CONTEXT = SeriesContext("run:demo.run-1", "demo")


def wait_until(condition):
    for _ in range(10_000):
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


def test_a_sync_without_free_descriptors_fails_clearly_and_forgets_nothing(
    store, add_points, monkeypatch
):
    """Too many open files: our error; the segments that wait are synced and sealed later."""
    add_points(store, 3)
    store.writer().roll()
    add_points(store, 3)

    def exhausted(fd):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "dup", exhausted)
        with pytest.raises(AppendError) as caught:
            store.flush()
    store.seal()

    assert caught.value.code == "record_store_sync_failed"
    assert not list(store.root_path.rglob("*.seg"))
    assert [s.sequence for s in store.scan()] == list(range(1, 7))


def test_a_segment_that_cannot_be_sealed_does_not_hold_up_the_next(store, add_points, monkeypatch):
    """The others become Parquet, the failure is raised, the next seal does the rest."""
    add_points(store, 3)
    store.writer().roll()
    add_points(store, 3)
    seal, refused = sealing.seal_segment, []

    def failing(layout, segment, **options):
        if not refused:
            refused.append(segment)
            raise StoreAccessError("No.", code="store_io_failed")
        return seal(layout, segment, **options)

    monkeypatch.setattr(sealing, "seal_segment", failing)
    with pytest.raises(StoreAccessError):
        store.seal()
    left = [path.stem for path in store.root_path.rglob("*.seg")]
    store.seal()

    assert left == ["1"]
    assert not list(store.root_path.rglob("*.seg"))
    assert [s.sequence for s in store.scan()] == list(range(1, 7))


@pytest.fixture
def failing_seal(open_store, monkeypatch):
    """A store that seals in the background, the attempts, and a way to stop the failing."""
    attempts = []

    def failing(layout, segment, **options):
        attempts.append(segment)
        raise RuntimeError("unforeseen")

    def opened(retry_seconds):
        monkeypatch.setattr(_background, "_FIRST_RETRY_SECONDS", retry_seconds)
        return open_store(max_segment_bytes=2000), attempts, patched.undo

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "seal_segment", failing)
        yield opened


def test_the_sealing_thread_survives_an_error_that_nobody_foresaw(failing_seal, add_points, caplog):
    """It tries again; a thread that ended would leave all later segments unsealed."""
    caplog.set_level(logging.CRITICAL, logger="contexta.store.records")
    store, attempts, mend = failing_seal(0.01)
    add_points(store, 40)
    tried = wait_until(lambda: attempts)
    mend()
    sealed = wait_until(
        lambda: add_points(store, 1) and list(store.root_path.rglob("part-*.parquet"))
    )

    assert tried
    assert sealed


def test_sealing_that_fails_is_not_tried_again_at_each_sync(failing_seal, add_points, caplog):
    """Syncs come 20 times a second, a try reads the whole segment; closing does not wait."""
    caplog.set_level(logging.CRITICAL, logger="contexta.store.records")
    store, attempts, mend = failing_seal(1000.0)
    add_points(store, 40)
    tried = wait_until(lambda: attempts)
    for _ in range(5):
        add_points(store, 1)
        threading.Event().wait(0.06)
    count = len(attempts)
    mend()
    store.close()

    assert tried
    assert count == 1
    assert not list(store.root_path.rglob("*.seg"))


def test_what_a_kill_left_of_a_part_is_removed_by_the_next_attempt(store, add_points, root):
    """A half-written part waits outside the folders that engines read; nothing piles up."""
    add_points(store, 3)
    staging = root / "_staging"
    staging.mkdir()
    for name in (f"_{'ab' * 16}.lock", f"_{'ab' * 16}-0.tmp"):
        (staging / name).write_bytes(b"half")
    store.seal()

    assert list(staging.iterdir()) == []
    assert len(list((root / "metric" / "project=demo").iterdir())) == 1


def test_a_flush_with_nothing_new_writes_nothing(store, add_points, root):
    """The background sync that follows a flush leaves the files alone."""
    add_points(store, 3)
    store.flush()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    for _ in range(3):
        store.flush()
        threading.Event().wait(0.06)

    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_failure_that_repeats_is_one_line_and_its_traceback_stays_at_debug(caplog, monkeypatch):
    """One line a minute at most, with the number of those held back."""
    now = [0.0]
    monkeypatch.setattr(_background.time, "monotonic", lambda: now[0])
    complaint = _background.Complaint("Sealing failed")
    caplog.set_level(logging.DEBUG, logger="contexta.store.records")
    for moment in (0, 1, 2, 59, 61):
        now[0] = moment
        complaint.about(OSError("disk"))
    lines = [(r.levelname, r.getMessage()) for r in caplog.records if r.levelno > logging.DEBUG]
    traces = [r for r in caplog.records if r.exc_info and r.levelno > logging.DEBUG]

    assert lines == [
        ("ERROR", "Sealing failed: disk"),
        ("ERROR", "Sealing failed: disk (3 more times since the last line)"),
    ]
    assert traces == []


REMOVED = """
import shutil, sys
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
store = RecordStore(RecordStoreConfig(sys.argv[1], durability_mode="flush"))
writer = store.writer()
writer.append_point(writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss"), 1, 1.0)
shutil.rmtree(sys.argv[1])
"""


def test_a_folder_that_is_gone_at_exit_is_one_line_and_no_traceback(root):
    """The program's own exit code stays."""
    ended = subprocess.run(
        [sys.executable, "-c", REMOVED, str(root)], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) <= 1
    assert not root.exists()


def test_points_are_stored_where_no_thread_can_be_started(open_store, monkeypatch, caplog):
    """As at the end of the interpreter: flush and close sync them, and that is said once."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    store = open_store()
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    for number in range(3):
        writer.append_point(series, number, number)
    store.flush()
    store.close()
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]

    assert [stored.record.payload.value for stored in open_store().scan()] == [0, 1, 2]
    assert said == ["No thread can sync records: flush and close do it"]
