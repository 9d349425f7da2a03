"""One workspace into another."""

import json
import shutil
from pathlib import Path

from contexta.store.merge import MergeCounts, merge_workspaces, plan_merge

T = "2026-01-01T00:00:00Z"


def test_everything_comes(workspace):
    """The target has the runs, the points in order and the artifacts of both."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("y", points=2)

    merge_workspaces(a.root, b.root)

    assert {"run:p.x": "completed", "run:p.y": "completed"} == b.runs()
    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1]} == b.points_of()
    assert {"artifact:p.x.model": b"of x"} == b.bodies()
    assert [] == b.issues()


def test_again_is_nothing(workspace):
    """Merging the same source again takes nothing and changes no file but the ledger."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("x")
    merge_workspaces(a.root, b.root)
    before = {name: raw for name, (raw, _) in b.files("records/metric").items()}

    report = merge_workspaces(a.root, b.root)

    assert report.is_empty
    assert before == {name: raw for name, (raw, _) in b.files("records/metric").items()}


def test_plan_writes_nothing(workspace):
    """A plan counts as the merge does, and leaves every file of both as it is."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("x")
    before = a.files(), b.files()

    plan = plan_merge(a.root, b.root)

    assert before == (a.files(), b.files())
    assert plan.counts == merge_workspaces(a.root, b.root).counts


def test_plan_without_target(workspace, tmp_path):
    """A plan for a folder that does not exist counts everything, and makes no folder."""
    a = workspace("a")
    a.run("x", artifact=b"of x")

    plan = plan_merge(a.root, tmp_path / "none")

    assert MergeCounts(new=3) == plan.counts["records"]["metric"]
    assert not (tmp_path / "none").exists()


def test_source_stays(workspace):
    """No byte and no time of change of the source is touched."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    before = a.files()

    merge_workspaces(a.root, b.root)

    assert before == a.files()


def test_newer_goes_forward(workspace):
    """A run that was open comes closed the next time, with its new points; tags are united."""
    a, b = workspace("a"), workspace("b")
    run = a.run("x", close=False)
    merge_workspaces(a.root, b.root)
    with b.open() as planes:
        planes.metadata.runs.update_tags(run, {"here": "yes"})
    with a.open() as planes:
        a.points(planes, run, 2, first=3)
        planes.metadata.runs.update_tags(run, {"there": "too"})
        planes.metadata.runs.close_run(run, status="failed", ended_at=T)

    merge_workspaces(a.root, b.root)

    assert {run: [0, 1, 2, 3, 4]} == b.points_of()
    with b.open() as planes:
        stored = planes.metadata.runs.get_run(run)
    assert ("failed", {"here": "yes", "there": "too"}) == (stored.status, dict(stored.tags))
    assert [] == b.issues()


def test_older_copy_changes_nothing(workspace, tmp_path):
    """An older copy of the source does not take anything back."""
    a, b = workspace("a"), workspace("b")
    run = a.run("x", close=False)
    shutil.copytree(a.root, tmp_path / "older")
    with a.open() as planes:
        a.points(planes, run, 2, first=3)
        planes.metadata.runs.close_run(run, status="completed", ended_at=T)
    merge_workspaces(a.root, b.root)

    report = merge_workspaces(tmp_path / "older", b.root)

    assert report.is_empty
    assert ({run: "completed"}, {run: [0, 1, 2, 3, 4]}) == (b.runs(), b.points_of())


def test_there_and_back(workspace):
    """A into B, B into A, A into B: everything is there once on both sides."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"a")
    b.run("x", points=2, artifact=b"b")

    merge_workspaces(a.root, b.root)
    merge_workspaces(b.root, a.root)
    report = merge_workspaces(a.root, b.root)

    assert report.is_empty
    assert sorted(b.points_of().values()) == sorted(a.points_of().values())
    assert [[0, 1], [0, 1, 2]] == sorted(a.points_of().values())


def test_by_way_of_a_third(workspace):
    """What came by way of another workspace is known when it comes from its own."""
    a, b, c = workspace("a"), workspace("b"), workspace("c")
    a.run("x", artifact=b"a")
    merge_workspaces(a.root, b.root)
    merge_workspaces(b.root, c.root)

    report = merge_workspaces(a.root, c.root)

    assert report.is_empty
    assert {"run:p.x": [0, 1, 2]} == c.points_of()


def test_copies_that_went_on(workspace, tmp_path):
    """Of two copies of one workspace, each takes only what the other has added."""
    a = workspace("a")
    a.run("x")
    shutil.copytree(a.root, tmp_path / "b")
    b = workspace("b")
    a.run("y", points=1)
    b.run("y", points=2)

    merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1], "run:p.y-2": [0]} == b.points_of()


def test_deleted_stays_deleted(workspace):
    """A run that was deleted in the target does not come back, unless asked."""
    a, b = workspace("a"), workspace("b")
    run = a.run("x", artifact=b"a")
    merge_workspaces(a.root, b.root)
    with b.open() as planes:
        planes.metadata.apply_deletion(planes.metadata.plan_deletion([run], recursive=True))
        planes.records.apply_erasure(planes.records.plan_erasure(run_refs=[run]))

    report = merge_workspaces(a.root, b.root)

    assert ["deleted_in_target"] == [one.code for one in report.skipped]
    assert ({}, {}) == (b.runs(), b.points_of())

    merge_workspaces(a.root, b.root, include_deleted=True)

    assert {run: [0, 1, 2]} == b.points_of()
    assert {run: "completed"} == b.runs()


def test_five_into_one(workspace):
    """Five machines that all called their run `train` become one workspace."""
    home = workspace("home")
    for number in range(5):
        one = workspace(f"w{number}")
        one.run("train", points=2, first=number * 10)
        merge_workspaces(one.root, home.root)

    points = home.points_of()

    assert [[n * 10, n * 10 + 1] for n in range(5)] == sorted(points.values())
    assert 5 == len(home.runs())
    assert [] == home.issues()


def test_report_is_json(workspace):
    """The report is JSON as it is, and text without more work."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("x")

    report = merge_workspaces(a.root, b.root)

    assert report.to_dict() == json.loads(json.dumps(report.to_dict()))
    assert "    run:p.x -> run:p.x-2" in report.lines()


def test_reachable_from_the_store_package():
    """The two functions are attributes of `contexta.store`, beside its planes."""
    import contexta.store

    assert contexta.store.merge_workspaces is merge_workspaces
    assert "merge_workspaces" not in contexta.store.__all__


def test_folders_and_bodies_are_shared_or_copied(workspace):
    """A body is a hard link where nobody can write to it, and a copy otherwise."""
    a, b, c = workspace("a"), workspace("b"), workspace("c")
    a.run("x", artifact=b"body")
    body = next(path for path in (a.root / "artifacts" / "objects").rglob("*") if path.is_file())

    linked = merge_workspaces(a.root, b.root).linked_bytes
    body.chmod(0o600)
    again = merge_workspaces(a.root, c.root)

    assert (4, 0) == (linked, again.linked_bytes)
    assert {"artifact:p.x.model": b"body"} == c.bodies()
    twin = c.root / body.relative_to(a.root)
    assert Path(body).stat().st_ino != twin.stat().st_ino
