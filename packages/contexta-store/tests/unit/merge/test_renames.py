"""A name that is taken gets a suffix, in every plane, once."""

import pytest

from contexta.contract import DeploymentExecution, LineageEdge, ProvenanceRecord
from contexta.contract.errors import (
    ConflictError,
)
from contexta.store.merge import merge_workspaces

T = "2026-01-01T00:00:00Z"


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
    assert [] == b.issues()


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
