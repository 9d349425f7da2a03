"""One workspace into another."""

import json
import shutil
from pathlib import Path

import pytest

from contexta.contract import DeploymentExecution, LineageEdge, ProvenanceRecord
from contexta.contract.errors import (
    ConflictError,
    IntegrityError,
    NotFoundError,
    SchemaVersionError,
    ValidationError,
)
from contexta.store.integrity import check_workspace
from contexta.store.merge import MergeCounts, merge_workspaces, plan_merge

T = "2026-01-01T00:00:00Z"


def issues(workspace):
    with workspace.open() as planes:
        report = check_workspace(planes.metadata, planes.records, planes.artifacts, deep=True)
    return [(issue.code, issue.message) for issue in report.issues]


def files(root):
    """Every file below a folder: path to content and time of change."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def relation(name, source, target, **more):
    return LineageEdge(
        relation_ref=f"relation:p.{name}",
        relation_type="used",
        source_ref=source,
        target_ref=target,
        recorded_at=T,
        origin_marker="explicit",
        confidence_marker="high",
        **more,
    )


def test_everything_comes(workspace):
    """The target has the runs, the points in order and the artifacts of both."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("y", points=2)

    merge_workspaces(a.root, b.root)

    assert {"run:p.x": "completed", "run:p.y": "completed"} == b.runs()
    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1]} == b.points_of()
    assert {"artifact:p.x.model": b"of x"} == b.bodies()
    assert [] == issues(b)


def test_again_is_nothing(workspace):
    """Merging the same source again takes nothing and changes no file but the ledger."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("x")
    merge_workspaces(a.root, b.root)
    before = {name: raw for name, (raw, _) in files(b.root / "records" / "metric").items()}

    report = merge_workspaces(a.root, b.root)

    assert report.is_empty
    assert before == {name: raw for name, (raw, _) in files(b.root / "records/metric").items()}


def test_plan_writes_nothing(workspace):
    """A plan counts as the merge does, and leaves every file of both as it is."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("x")
    before = files(a.root), files(b.root)

    plan = plan_merge(a.root, b.root)

    assert before == (files(a.root), files(b.root))
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
    before = files(a.root)

    merge_workspaces(a.root, b.root)

    assert before == files(a.root)


def test_taken_names_get_a_suffix_everywhere(workspace):
    """Another run under a ref that is taken is renamed in all planes, with all that names it."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of a")
    b.run("x", points=1, artifact=b"of b")
    with a.open() as planes:
        planes.metadata.relations.put_relation(
            relation(
                "r",
                "artifact:p.x.model",
                "run:p.x",
                evidence_refs=("record:p.x.metric-000000000001",),
            )
        )

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0], "run:p.x-2": [0, 1, 2]} == b.points_of()
    assert {"artifact:p.x.model": b"of b", "artifact:p.x-2.model": b"of a"} == b.bodies()
    assert [("run:p.x", "run:p.x-2")] == [tuple(one) for one in report.renames]
    with b.open() as planes:
        stage = planes.metadata.stages.get_stage_execution("stage:p.x-2.train")
        edge = planes.metadata.relations.get_relation("relation:p.r")
    assert "run:p.x-2" == stage.run_ref.text
    assert "run:p.x-2" == edge.target_ref.text
    named = [getattr(ref, "text", ref) for ref in edge.evidence_refs]
    assert ["record:p.x-2.metric-000000000001"] == named
    assert named[0] in b.record_refs()
    assert [] == issues(b)


def test_renamed_once(workspace):
    """A run that was renamed is the same one at the next merge."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("x")
    merge_workspaces(a.root, b.root)
    a.run("x", first=10)

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.x": "run:p.x-2", "run:p.x-2": "run:p.x-2-2"} == dict(report.renames)
    assert [[0, 1, 2], [0, 1, 2], [10, 11, 12]] == [
        b.points_of()[run] for run in ("run:p.x", "run:p.x-2", "run:p.x-2-2")
    ]


def test_names_can_be_refused(workspace):
    """With `rename=False` a taken name refuses the whole merge, and nothing changes."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("x")

    with pytest.raises(ConflictError) as caught:
        merge_workspaces(a.root, b.root, rename=False)

    assert ("merge_names_taken", ["run:p.x"]) == (caught.value.code, caught.value.details["refs"])
    assert ["run:p.x"] == list(b.runs())


def test_deployments_and_provenance_follow(workspace):
    """A deployment of a taken name keeps its name for people; relations to it follow."""
    a, b = workspace("a"), workspace("b")
    for one in (a, b):
        run = one.run("x")
        with one.open() as planes:
            planes.metadata.deployments.put_deployment_execution(
                DeploymentExecution(
                    deployment_execution_ref="deployment:p.d",
                    project_ref="project:p",
                    deployment_name="d",
                    status="open",
                    started_at=T,
                    run_ref=run,
                )
            )
            planes.metadata.relations.put_relation(relation("r", "deployment:p.d", run))
            planes.metadata.provenance.put_provenance(
                ProvenanceRecord(
                    provenance_ref="provenance:p.v",
                    relation_ref="relation:p.r",
                    assertion_mode="explicit",
                    asserted_at=T,
                )
            )

    merge_workspaces(a.root, b.root)

    with b.open() as planes:
        deployment = planes.metadata.deployments.get_deployment_execution("deployment:p.d-2")
        edge = planes.metadata.relations.get_relation("relation:p.r-2")
        proof = planes.metadata.provenance.get_provenance("provenance:p.v-2")
    assert ("d-2", "d") == (deployment.deployment_name, deployment.display_name)
    assert "run:p.x-2" == deployment.run_ref.text
    assert ("deployment:p.d-2", "run:p.x-2") == (edge.source_ref.text, edge.target_ref.text)
    assert "relation:p.r-2" == proof.relation_ref.text


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
    assert [] == issues(b)


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


def test_ten_into_one(workspace):
    """Ten machines that all called their run `train` become one workspace."""
    home = workspace("home")
    for number in range(10):
        one = workspace(f"w{number}")
        one.run("train", points=2, first=number * 10)
        merge_workspaces(one.root, home.root)

    points = home.points_of()

    assert [[n * 10, n * 10 + 1] for n in range(10)] == sorted(points.values())
    assert 10 == len(home.runs())
    assert [] == issues(home)


def test_report_is_json(workspace):
    """The report is JSON as it is, and text without more work."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("x")

    report = merge_workspaces(a.root, b.root)

    assert report.to_dict() == json.loads(json.dumps(report.to_dict()))
    assert "    run:p.x -> run:p.x-2" in report.lines()


def newer_workspace(root):
    mark = {"format_version": 99, "workspace_id": "1" * 32}
    (root / "workspace.json").write_text(json.dumps(mark))


def newer_ledger(root):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(root / "metadata" / "ledger.sqlite")) as connection:
        connection.execute("UPDATE schema_metadata SET store_schema_version = '99'")
        connection.commit()


@pytest.mark.parametrize("make_newer", [newer_workspace, newer_ledger])
@pytest.mark.parametrize("which", ["source", "target"])
def test_newer_format_is_refused(workspace, make_newer, which):
    """A newer format on either side is refused before anything changes."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    make_newer({"source": a, "target": b}[which].root)
    before = {name: raw for name, (raw, _) in files(b.root).items() if "lock" not in name}

    with pytest.raises(SchemaVersionError):
        merge_workspaces(a.root, b.root)

    after = {name: raw for name, (raw, _) in files(b.root).items() if "lock" not in name}
    assert before == after


def test_wrong_folders_are_refused(workspace, tmp_path):
    """No workspace, the same one, and one inside the other have codes of their own."""
    a = workspace("a")
    inside = workspace("a/inside")
    link = tmp_path / "link"
    link.symlink_to(a.root)
    cases = [
        (tmp_path / "none", a.root, NotFoundError),
        (a.root, a.root, ValidationError),
        (link, a.root, ValidationError),
        (inside.root, a.root, ValidationError),
        (a.root, inside.root, ValidationError),
    ]

    codes = []
    for source, target, expected in cases:
        with pytest.raises(expected) as caught:
            merge_workspaces(source, target)
        codes.append(caught.value.code)

    assert [
        "workspace_not_found",
        "merge_same_workspace",
        "merge_same_workspace",
        "merge_nested_workspace",
        "merge_nested_workspace",
    ] == codes


def test_damaged_ledger_is_refused(workspace):
    """A merge refuses to guess what was taken before."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    merge_workspaces(a.root, b.root)
    path = b.root / "records" / "_merged.jsonl"
    path.write_bytes(path.read_bytes().replace(b"run:p.x", b"run:p.y", 1))

    with pytest.raises(IntegrityError) as caught:
        merge_workspaces(a.root, b.root)

    assert "merge_ledger_damaged" == caught.value.code


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
