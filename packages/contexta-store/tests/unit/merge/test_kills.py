"""kill -9 before changing system calls of a merge; then it is run again."""

import shutil

import pyarrow.parquet as pq  # loaded once, so that forked processes start at once

from contexta.store.merge import _artifacts, _metadata, _records, merge_workspaces  # noqa: F401


def test_a_killed_merge_is_completed_by_the_next(workspace, tmp_path, killed_before, kill_numbers):
    """Wherever it is killed, the target is whole, and a rerun brings everything once."""
    assert pq is not None
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of a")
    a.run("y", artifact=b"of y")
    b.run("x", points=1, artifact=b"of b")
    expected = None
    for number in kill_numbers(47):
        shutil.rmtree(tmp_path / "c", ignore_errors=True)
        shutil.copytree(b.root, tmp_path / "c")
        c = workspace("c")
        killed = killed_before(number, merge_workspaces, a.root, c.root)
        between = c.points_of()
        assert [0] == between["run:p.x"]
        assert len(between) in (1, 3)
        merge_workspaces(a.root, c.root)
        found = (c.points_of(), c.runs(), c.bodies())
        expected = expected or found
        assert expected == found
        assert [] == c.issues()
        if not killed:
            break

    assert {"run:p.x": [0], "run:p.x-2": [0, 1, 2], "run:p.y": [0, 1, 2]} == expected[0]
    assert 3 == len(expected[1]) == len(expected[2])
    assert number > 100
