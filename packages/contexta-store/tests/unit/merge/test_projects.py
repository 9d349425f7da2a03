"""Only some projects of the source."""

import shutil

import pytest

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.merge import merge_workspaces, plan_merge
from contexta.store.testing import ModelFactory


def run_of(workspace, project, name, content):
    """Store a run of a project with points and an artifact."""
    make = ModelFactory()
    with workspace.open() as planes:
        run = planes.metadata.runs.create_run(
            make.run(name, project), project=make.project(project)
        )
        planes.metadata.deployments.put_deployment_execution(
            make.deployment(f"d-{name}", project, run_ref=run.run_ref.text)
        )
        planes.metadata.stages.put_stage_execution(make.stage("train", run.run_ref.value))
        workspace.points(planes, run.run_ref.text, 3)
        workspace.artifact(planes, run.run_ref.text, content)
    return run.run_ref.text


@pytest.fixture
def two(workspace):
    """A workspace with the projects p and q."""
    source = workspace("source")
    run_of(source, "p", "x", b"of p")
    run_of(source, "q", "y", b"of q")
    return source


def everything(workspace):
    with workspace.open(read_only=True) as planes:
        deployments = planes.metadata.deployments.list_deployment_executions()
        names = sorted(one.deployment_name for one in deployments)
    return workspace.runs(), workspace.points_of(), workspace.bodies(), names


def test_only_the_named_project_comes(two, workspace):
    """Runs, records, artifacts and deployments of other projects stay away."""
    target = workspace("target")

    merge_workspaces(two.root, target.root, projects=["q"])

    assert (
        {"run:q.y": "open"},
        {"run:q.y": [0, 1, 2]},
        {"artifact:q.y.model": b"of q"},
        ["d-y"],
    ) == everything(target)
    assert [] == target.issues()


def test_the_others_come_later(two, workspace):
    """What was left out is not taken for what is there already."""
    target = workspace("target")
    merge_workspaces(two.root, target.root, projects=["q"])

    merge_workspaces(two.root, target.root)

    assert everything(two) == everything(target)
    assert [] == target.issues()
    assert merge_workspaces(two.root, target.root).is_empty


def test_a_lost_project_comes_back_from_a_copy(two, workspace, tmp_path):
    """From an older copy of the same workspace, a deleted project returns, and nothing else."""
    shutil.copytree(two.root, tmp_path / "older")
    with two.open() as planes:
        gone = ["run:p.x", "run:q.y"]
        named = [*gone, "deployment:p.d-x", "deployment:q.d-y"]
        planes.metadata.apply_deletion(planes.metadata.plan_deletion(named, recursive=True))
        planes.records.apply_erasure(planes.records.plan_erasure(run_refs=gone))
    run_of(two, "q", "later", b"later")

    merge_workspaces(tmp_path / "older", two.root, projects=["p"], include_deleted=True)

    assert {"run:p.x": "open", "run:q.later": "open"} == two.runs()
    assert [0, 1, 2] == two.points_of()["run:p.x"]


def test_relations_come_with_either_end(two, workspace):
    """A relation belongs to the projects of its ends; one between others stays away."""
    make = ModelFactory()
    with two.open() as planes:
        relations = planes.metadata.relations
        relations.put_relation(make.relation("inside", "run:q.y", "artifact:q.y.model"))
        relations.put_relation(make.relation("other", "run:p.x", "artifact:p.x.model"))
        planes.metadata.provenance.put_provenance(make.provenance("says", "inside"))
        planes.metadata.provenance.put_provenance(make.provenance("says-too", "other"))
    target = workspace("target")

    merge_workspaces(two.root, target.root, projects=["q"])

    with target.open(read_only=True) as planes:
        found = planes.metadata.relations.list_relations()
        said = planes.metadata.provenance.list_provenance()
    assert ["relation:p.inside"] == [one.relation_ref.text for one in found]
    assert ["provenance:p.says"] == [one.provenance_ref.text for one in said]


def test_an_unknown_project_is_refused(two, workspace):
    """A name that the source does not know changes nothing."""
    target = workspace("target")
    before = target.runs()

    with pytest.raises(NotFoundError) as caught:
        merge_workspaces(two.root, target.root, projects=["p", "nothing"])

    assert "merge_project_not_found" == caught.value.code
    assert before == target.runs()


@pytest.mark.parametrize("projects", ["p", [], [""], [3]])
def test_what_is_no_list_of_names_is_refused(two, workspace, projects):
    """A single text would be taken for its letters."""
    with pytest.raises(ValidationError) as caught:
        plan_merge(two.root, workspace("target").root, projects=projects)

    assert "merge_invalid_projects" == caught.value.code
