"""Locks that die with their holder."""

import os
import subprocess
import sys

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import FileLock, lock_is_held
from contexta.store.fs._locks import FilelockBackend

HOLD = """
import sys
from contexta.store.fs import FileLock
lock = FileLock(sys.argv[1]); lock.acquire(); print("held", flush=True); sys.stdin.read()
"""


def _holder(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_excludes_another_process_until_it_is_killed(tmp_path):
    """A lock is held while its process lives and free once it was killed."""
    path = tmp_path / "l"
    with _holder(path) as process:
        while_alive = (lock_is_held(path), FileLock(path).try_acquire())
        process.kill()
        process.wait()
    lock = FileLock(path)

    assert while_alive == (True, False)
    assert (lock_is_held(path), lock.try_acquire()) == (False, True)
    lock.release()


def test_timeout_is_retryable(tmp_path):
    """Waiting too long raises `store_lock_timeout`, retryable."""
    with FileLock(tmp_path / "l"), pytest.raises(StoreAccessError) as caught:
        FileLock(tmp_path / "l").acquire(timeout=0.01)

    assert (caught.value.code, caught.value.retryable) == ("store_lock_timeout", True)


def test_shared_locks_go_together_and_keep_writers_out(tmp_path):
    """Two shared holders coexist; an exclusive one waits for both."""
    path = tmp_path / "l"
    path.touch()
    first, second = FileLock(path, shared=True), FileLock(path, shared=True)
    taken = (first.try_acquire(), second.try_acquire(), FileLock(path).try_acquire())
    first.release()
    second.release()

    assert taken == (True, True, False)
    assert not lock_is_held(path)


def test_forked_child_neither_holds_nor_frees_the_lock(tmp_path, fork):
    """A child does not hold its parent's lock, and its end does not free it."""
    path = tmp_path / "l"
    lock = FileLock(path)
    lock.acquire()
    child = fork()
    if child == 0:
        os._exit(0 if not lock.held and lock_is_held(path) else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert status == 0
    assert lock_is_held(path)
    lock.release()


def test_surviving_child_does_not_keep_a_dead_parents_lock(tmp_path):
    """The lock of a parent that died is free although its forked child lives on."""
    code = HOLD.replace(
        "sys.stdin.read()",
        "import os, time\nif os.fork() == 0:\n  print('child', flush=True)\n  time.sleep(30)\n"
        "time.sleep(30)",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "l")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.kill()
        process.wait()
        held = lock_is_held(tmp_path / "l")
        os.killpg(process.pid, 9)

    assert sorted(lines) == ["child\n", "held\n"]
    assert not held


def test_absent_file_is_not_held(tmp_path):
    """Probing creates nothing."""
    assert not lock_is_held(tmp_path / "l")
    assert not (tmp_path / "l").exists()


def test_works_through_filelock_where_flock_is_missing(tmp_path):
    """The fallback excludes a second holder and can be taken again."""
    first, second = FilelockBackend(tmp_path / "l"), FilelockBackend(tmp_path / "l")
    results = [first.try_lock(), second.try_lock()]
    first.unlock()
    results.append(second.try_lock())
    second.unlock()

    assert results == [True, False, True]
