"""kill -9 before changing system calls of a merge; then it is run again."""

import os
import shutil
import signal

import pyarrow.parquet as pq  # loaded once, so that forked processes start at once
import pytest

from contexta.store.integrity import check_workspace
from contexta.store.merge import _artifacts, _metadata, _records, merge_workspaces  # noqa: F401

# Python 3.12 warns about every fork beside threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

CALLS = ("open", "replace", "unlink", "rmdir", "mkdir", "ftruncate", "fsync", "link", "rename")
STEP = int(os.environ.get("KILL_STEP", "13"))


def kill_before(number):
    """Let this process die before its `number`-th call."""
    left = [number]

    def counted(original):
        def called(*arguments, **more):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **more)

        return called

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def in_child(source, target, number):
    """Merge in a child that dies before its `number`-th call; return how it ended."""
    child = os.fork()
    if child == 0:
        try:
            kill_before(number)
            merge_workspaces(source, target)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_killed_merge_is_completed_by_the_next(workspace, tmp_path):
    """Wherever it is killed, the target is whole, and a rerun brings everything once."""
    assert pq is not None
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of a")
    a.run("y", artifact=b"of y")
    b.run("x", points=1, artifact=b"of b")
    expected = None
    number, ended = 1, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        shutil.rmtree(tmp_path / "c", ignore_errors=True)
        shutil.copytree(b.root, tmp_path / "c")
        c = workspace("c")
        ended = in_child(a.root, c.root, number)
        assert ended in (0, -signal.SIGKILL)
        between = c.points_of()
        assert [0] == between["run:p.x"]
        assert len(between) in (1, 3)
        merge_workspaces(a.root, c.root)
        with c.open() as planes:
            issues = check_workspace(
                planes.metadata, planes.records, planes.artifacts, deep=True
            ).issues
        found = (c.points_of(), c.runs(), c.bodies())
        expected = expected or found
        assert expected == found
        assert () == issues
        number += STEP

    assert {"run:p.x": [0], "run:p.x-2": [0, 1, 2], "run:p.y": [0, 1, 2]} == expected[0]
    assert 3 == len(expected[1]) == len(expected[2])
    assert number > STEP
