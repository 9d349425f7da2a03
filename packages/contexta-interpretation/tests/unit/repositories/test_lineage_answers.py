"""Lineage around many things is read in as few questions as around one."""

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from contexta.contract import DeploymentExecution, LineageEdge, ProvenanceRecord
from contexta.interpretation import LineageService

DATA = "artifact:p.data.photos"


def fill(space, users):
    """Data that runs use, each with a stage, a model made from the data, and one is deployed."""
    space.run("run:p.data")
    space.artifact("run:p.data", "photos", "dataset", b"photos")
    for number in range(users):
        run = space.run(f"run:p.r{number}", number, dataset_ref=DATA)
        stage = space.stage(run, "fit")
        space.artifact(run, f"model{number}", "model", b"weights", stage_execution_ref=stage)
        relate(space, f"m{number}", f"artifact:p.r{number}.model{number}", DATA)
        relate(space, f"s{number}", stage, "run:p.data")
    space.metadata.deployments.put_deployment_execution(
        DeploymentExecution(
            "deployment:p.live",
            "project:p",
            "live",
            "completed",
            space.at(),
            space.at(1),
            run_ref="run:p.r0",
            artifact_ref="artifact:p.r0.model0",
        )
    )
    relate(space, "d", "deployment:p.live", "artifact:p.r1.model1")


def relate(space, name, source, target):
    ref = f"relation:p.{name}"
    space.metadata.relations.put_relation(
        LineageEdge(
            relation_ref=ref,
            relation_type="generated_from",
            source_ref=source,
            target_ref=target,
            recorded_at=space.at(),
            origin_marker="explicit",
            confidence_marker="high",
        )
    )
    for claim in (1, 2):
        space.metadata.provenance.put_provenance(
            ProvenanceRecord(f"provenance:p.{name}-{claim}", ref, "explicit", space.at(claim))
        )


@pytest.fixture(scope="module")
def spaces(tmp_path_factory, workspace_class):
    """A workspace in which few runs share their data, and one in which many do."""
    made = []
    for users in (4, 16):
        space = workspace_class(tmp_path_factory.mktemp("space"))
        space.project("p")
        fill(space, users)
        made.append(space)
    yield made
    for space in made:
        space.close()


def count(space, call, monkeypatch):
    """Return how often a call asks the ledger, and lists what artifacts there are."""
    seen = []

    def statement(*_):
        seen.append("sql")

    for name in ("list_bindings", "list_refs"):
        real = getattr(type(space.artifacts), name)

        def listing(store, *args, real=real, **named):
            seen.append("artifacts")
            return real(store, *args, **named)

        monkeypatch.setattr(type(space.artifacts), name, listing)
    event.listen(Engine, "before_cursor_execute", statement)
    try:
        call(space)
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        monkeypatch.undo()
    return seen


@pytest.mark.parametrize("way", ["both", "inbound", "outbound", "upstream", "downstream"])
@pytest.mark.parametrize("root", [DATA, "run:p.r0", "run:p.data"])
def test_lineage_over_data_of_many_runs_asks_no_more_than_over_that_of_few(
    spaces, monkeypatch, way, root
):
    """The number of questions does not grow with the number of runs that share the data."""

    def follow(space):
        service = LineageService(space.query)
        return service.traverse_lineage(root, direction=way, max_depth=2)

    few, many = (len(follow(space).edges) for space in spaces)
    asked_of_few, asked_of_many = (count(space, follow, monkeypatch) for space in spaces)

    assert few <= many
    assert asked_of_few == asked_of_many


def refs_of(space):
    repository = space.repository
    runs = [run.run_id for run in repository.list_runs()]
    artifacts = [item.artifact_ref for item in repository.list_artifacts()]
    stages = [stage.stage_id for run in runs for stage in repository.list_stages(run)]
    return [*runs, *artifacts, *stages, "deployment:p.live"]


def test_relations_around_many_are_those_around_each(spaces):
    """Of runs also those of their stages, deployments and artifacts; what is no ref has none."""
    for space in spaces:
        refs = [*refs_of(space), "run:p.gone", "run:no such", "s3://bucket/photos", "photos"]
        one_by_one = {ref: space.repository.list_relations(ref) for ref in refs[:-3]}
        found = space.repository.relations_around(refs)

        assert {ref: own for ref, own in one_by_one.items() if own} == found


def test_provenance_of_many_relations_is_that_of_each(spaces):
    """The assertion made last, seen from the same run."""
    for space in spaces:
        relations = space.repository.list_relations()
        each = {
            one.relation_ref: space.repository.get_relation_provenance(one) for one in relations
        }

        assert len(each) > 8
        assert each == space.repository.relation_provenances(relations)


def test_artifacts_of_many_runs_are_those_of_each(spaces):
    """Runs without artifacts, or that are not there, are left out."""
    for space in spaces:
        runs = [run.run_id for run in space.repository.list_runs()]
        each = {run: space.repository.list_artifacts(run_id=run) for run in runs}

        assert each == space.repository.artifacts_by_run([*runs, "run:p.gone"])
