"""What things say of themselves is followed upstream and downstream."""

import pytest

from contexta.contract.errors import IntegrityError
from contexta.interpretation import (
    DeploymentRecord,
    LineageError,
    LineageService,
    QueryService,
    ResolutionError,
)

DATA, MODEL, LIVE = "artifact:p.prep.data", "artifact:p.fit.model", "deployment:p.live"
PREP, FIT = "run:p.prep", "run:p.fit"


@pytest.fixture
def repository(make):
    """Data of one run used by another, whose model is deployed; no relation is stored."""
    prep, fit = make.run("prep"), make.run("fit", minute=1, dataset_ref=DATA)
    return make.repository(
        runs=[prep, fit],
        artifacts=[make.artifact(prep, "data", "dataset"), make.artifact(fit, "model", "model")],
        deployments=[DeploymentRecord(LIVE, "p", "live", "completed", artifact_ref=MODEL)],
    )


@pytest.fixture
def traverse(repository):
    """Traversal to the end."""
    service = LineageService(QueryService(repository))
    return lambda ref, way: service.traverse_lineage(ref, direction=way, max_depth="unlimited")


def test_a_deployment_rests_on_model_run_data_and_its_run(traverse):
    """Upstream of a deployment lies all that it came from."""
    assert traverse(LIVE, "upstream").visited_refs == (LIVE, MODEL, FIT, DATA, PREP)


def test_data_leads_down_to_the_deployment(traverse):
    """Downstream of data lie the run that used it, its model and the deployment."""
    assert traverse(DATA, "downstream").visited_refs == (DATA, FIT, MODEL, LIVE)


def test_upstream_of_a_run_is_not_what_it_made(traverse):
    """A run rests on its data, not on its own model."""
    assert traverse(FIT, "upstream").visited_refs == (FIT, DATA, PREP)


def test_a_deployment_of_a_run_is_downstream_of_it(make):
    """A deployment that names a run only is linked to the run."""
    run = make.run("fit")
    deployed = DeploymentRecord(LIVE, "p", "live", "completed", run_id=run.run_id)
    service = LineageService(QueryService(make.repository(runs=[run], deployments=[deployed])))
    found = service.traverse_lineage(run.run_id, direction="downstream")

    assert [(edge.source_ref, edge.relation_type) for edge in found.edges] == [
        (LIVE, "deployed_from")
    ]


@pytest.mark.parametrize("way", ["both", "inbound", "outbound"])
def test_other_directions_follow_stored_relations_only(traverse, way):
    """A direction of arrows follows relations as they are stored."""
    assert traverse(FIT, way).edges == ()


def test_links_are_told_from_relations(traverse):
    """The ref of such an edge and its evidence say that it is no stored relation."""
    (edge,) = [e for e in traverse(MODEL, "upstream").edges if e.source_ref == MODEL]

    assert edge.relation_ref == f"link:{MODEL}|produced_by|{FIT}"


def test_an_unreadable_artifact_ends_nothing(repository, traverse, monkeypatch):
    """One damaged binding is noted; what else is known is still followed."""

    def damaged(ref):
        raise IntegrityError("damaged", code="artifact_store_binding_damaged")

    monkeypatch.setattr(repository, "get_artifact", damaged)
    found = traverse(LIVE, "upstream")

    assert found.visited_refs == (LIVE, MODEL)
    assert [note.summary for note in found.completeness_notes] == [f"artifact_unreadable:{MODEL}"]


def test_circles_end(make):
    """Two runs that name each other's data are visited once."""
    runs = [
        make.run("a", dataset_ref="artifact:p.b.x"),
        make.run("b", dataset_ref="artifact:p.a.x"),
    ]
    artifacts = [make.artifact(run, "x", "dataset") for run in runs]
    service = LineageService(QueryService(make.repository(runs=runs, artifacts=artifacts)))
    found = service.traverse_lineage("run:p.a", direction="upstream", max_depth="unlimited")

    assert len(found.visited_refs) == len(set(found.visited_refs)) == 4


@pytest.mark.parametrize("subject", ["", "  ", None, 3])
def test_a_blank_subject_is_refused(traverse, subject):
    """What names nothing is refused with a stable code."""
    with pytest.raises(LineageError) as caught:
        traverse(subject, "both")

    assert caught.value.code == "lineage_invalid_subject"


def test_a_direction_that_does_not_exist_names_the_nearest(traverse):
    """A typing error in the direction is refused with what was perhaps meant."""
    with pytest.raises(LineageError) as caught:
        traverse(FIT, "upsteam")

    assert caught.value.code == "lineage_invalid_direction"
    assert caught.value.details["nearest"][0] == "upstream"


def test_an_empty_direction_is_no_default(traverse):
    """An empty text is a direction that does not exist."""
    with pytest.raises(LineageError):
        traverse(FIT, "")


def test_an_unknown_run_names_the_nearest(traverse):
    """A run that does not exist has no relations, and the note names those close to it."""
    (note,) = traverse("run:p.fitt", "both").completeness_notes

    assert note.summary == "lineage_root_has_no_relations"
    assert note.details["nearest"][0] == FIT


@pytest.mark.parametrize("data", ["s3://bucket/a b.csv", 'it\'s "quoted"', "back\\slash", "üß"])
def test_data_of_any_name_leads_to_the_runs_that_used_it(make, data):
    """What runs name as their data is found whatever text it is."""
    run = make.run("fit", dataset_ref=data)
    service = LineageService(QueryService(make.repository(runs=[run])))
    found = service.traverse_lineage(data, direction="downstream")

    assert found.visited_refs == (data, run.run_id)


@pytest.mark.parametrize("name", ["live", "p.live", LIVE])
def test_a_deployment_has_a_name(traverse, name):
    """What is deployed is found by the deployment's name."""
    assert traverse(name, "upstream").root_ref == LIVE


def test_a_name_of_several_deployments_lists_them(make):
    """A name that was deployed twice is not guessed at."""
    deployed = [DeploymentRecord(f"{LIVE}-{n}", "p", "live", "completed") for n in (1, 2)]
    service = LineageService(QueryService(make.repository(deployments=deployed)))
    with pytest.raises(ResolutionError, match=r"live-1, deployment:p\.live-2") as caught:
        service.traverse_lineage("live")

    assert caught.value.code == "query_deployment_ambiguous"


@pytest.mark.parametrize(("asked", "meant"), [("artifact:p.fit.modell", MODEL), (LIVE + "s", LIVE)])
def test_an_unknown_artifact_or_deployment_names_the_nearest(traverse, asked, meant):
    """A misspelled ref is told from a thing without relations."""
    (note,) = traverse(asked, "upstream").completeness_notes

    assert note.details["nearest"][0] == meant


def test_arrows_that_lead_nowhere_name_the_directions_that_lead_on(traverse):
    """A run without stored relations says which directions follow what is known of it."""
    (note,) = traverse(FIT, "both").completeness_notes
    (end,) = traverse(LIVE, "downstream").completeness_notes

    assert note.details["directions"] == ["upstream", "downstream"]
    assert dict(end.details) == {"root_ref": LIVE}
