"""Processes that die before a chosen system call."""

import itertools
import os
import signal
import sys
from pathlib import Path

import pytest

CALLS = (
    *("open", "write", "pwrite", "replace", "rename", "link", "unlink", "mkdir", "rmdir"),
    *("chmod", "utime", "ftruncate", "fsync"),
)


def _matters(name, arguments):
    """Bytes that go into a temporary file change nothing that a reader sees."""
    return name != "write" or Path(f"/proc/self/fd/{arguments[0]}").readlink().suffix != ".tmp"


def _die_before(number, also):
    left = [number]

    def counted(original, name):
        def called(*arguments, **more):
            left[0] -= _matters(name, arguments)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **more)

        return called

    for owner, name in (*((os, call) for call in CALLS), *also):
        setattr(owner, name, counted(getattr(owner, name), name))


@pytest.fixture
def kill_numbers():
    """Count the calls to kill before: one in `step`, another one with each Python.

    `KILL_STEP=1` kills before every call.
    """

    def count(step):
        step = int(os.environ.get("KILL_STEP", step))
        return itertools.count(1 + sys.version_info.minor % step, step)

    return count


@pytest.fixture
def killed_before(fork):
    """Run work in a child that is killed before its n-th changing call; True when it was.

    `also` are more calls that count, as pairs of a module and a name. Work that fails for itself
    fails the test.
    """

    def run(number, work, *arguments, also=()):
        child = fork()
        if child == 0:
            code = 1
            try:
                _die_before(number, also)
                work(*arguments)
                code = 0
            finally:
                os._exit(code)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert ended in (0, -signal.SIGKILL)
        return ended != 0

    return run
