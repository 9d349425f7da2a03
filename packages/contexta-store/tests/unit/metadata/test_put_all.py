"""Models of mixed kinds in one transaction, and what they cost."""

import pytest
from sqlalchemy import Engine, event

from contexta.contract.errors import NotFoundError, ReadOnlyStoreError, ValidationError


@pytest.fixture
def one_of_each(make):
    """Children before parents, and a relation that names the assertion about another one."""
    return [
        make.provenance("c1", "e1"),
        make.relation("e2", "run:p.r", "provenance:p.c1"),
        make.relation("e1", "sample:p.r.s.b.x", "artifact:p.r.m"),
        make.sample(batch="b"),
        make.environment(),
        make.batch(),
        make.stage(),
        make.deployment(run_ref="run:p.r"),
        make.run(params={"lr": 0.1}),
        make.project(),
    ]


@pytest.fixture
def statements():
    """Counts the statements of all databases of this process."""
    seen = []

    def note(connection, cursor, statement, parameters, context, executemany):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def test_the_order_of_models_does_not_matter(store, one_of_each):
    """Parents are stored before children, whatever comes first; the models come back."""
    returned = store.put_all(one_of_each)

    assert list(returned) == one_of_each
    assert len(store.list_registered_refs()) == len(one_of_each) + 1
    assert store.check_integrity().ok
    assert store.put_all([]) == ()


def test_all_or_none_are_stored(store, make, one_of_each):
    """One missing parent undoes the whole batch; one that is no model refuses it."""
    with pytest.raises(NotFoundError) as caught:
        store.put_all([*one_of_each, make.stage("t", run="p.none")])
    with pytest.raises(ValidationError) as wrong:
        store.put_all([*one_of_each, "run:p.r"])

    assert caught.value.code == "metadata_missing_stage_run"
    assert wrong.value.code == "metadata_store_invalid_model"
    assert store.list_registered_refs() == ()


def test_a_second_time_changes_nothing(store, one_of_each):
    """A batch can be put again, after a crash, say: revisions and history stay."""
    store.put_all(one_of_each)
    store.put_all(one_of_each)

    assert store.get_revision("run:p.r") == 1
    assert store.history("run:p.r") == ()


def test_read_only_stores_take_no_batch(opened, one_of_each):
    """The whole batch is refused."""
    opened().close()
    with pytest.raises(ReadOnlyStoreError):
        opened(read_only=True).put_all(one_of_each)


def test_a_batch_is_few_statements(store, make, statements):
    """1,000 samples are not 1,000 statements: 1.0 took 19 s for them."""
    store.put_all([make.project(), make.run(), make.stage()])
    del statements[:]
    store.put_all([make.sample(f"x{i}") for i in range(1000)])

    assert len(statements) < 15


def test_a_run_is_opened_with_few_statements(store, make, statements):
    """Opening a run with parameters and tags, and putting a stage: what is needed, no more."""
    store.runs.create_run(make.run())
    del statements[:]
    store.runs.create_run(make.run("x", params={"a": 1, "b": 2}, tags={"t": "u"}), writer_id="w")
    opening = len([text for text in statements if not text.startswith("BEGIN")])
    del statements[:]
    store.stages.put_stage_execution(make.stage())
    stage = len([text for text in statements if not text.startswith("BEGIN")])

    assert (opening, stage) == (6, 2)


def test_a_snapshot_is_as_many_queries_for_a_thousand_samples_as_for_one(store, make, statements):
    """1.0 asked once per sample and took 1.9 s for 1,000."""
    store.put_all([make.project(), make.run(), make.stage(), make.sample("x0")])
    store.relations.put_relation(make.relation("e", "sample:p.r.s.x0", "artifact:p.r.m"))
    del statements[:]
    small = store.build_run_snapshot("run:p.r")
    few = len(statements)
    store.samples.put_many([make.sample(f"x{i}") for i in range(1000)])
    del statements[:]
    large = store.build_run_snapshot("run:p.r")

    assert len(statements) == few <= 12
    assert (len(small.samples), len(large.samples)) == (1, 1000)
    assert len(large.relations) == 1


def test_archived_entities_are_there_and_can_be_left_out(store, one_of_each):
    """Lists show them unless told not to; scripts of 1.0 knew no archive."""
    store.put_all(one_of_each)
    fresh = store.archive(["run:p.r", "project:p", "stage:p.r.s"])
    again = store.archive(["run:p.r"])
    hidden = [
        store.runs.list_runs(include_archived=False),
        store.projects.list_projects(include_archived=False),
        store.stages.list_stage_executions("run:p.r", include_archived=False),
    ]
    with pytest.raises(NotFoundError) as caught:
        store.archive(["project:p", "run:p.none"])

    assert (fresh, again) == (("project:p", "run:p.r", "stage:p.r.s"), ())
    assert hidden == [(), (), ()]
    assert len(store.runs.list_runs()) == len(store.runs.list_runs(archived=True)) == 1
    assert list(caught.value.details["refs"]) == ["run:p.none"]
    assert store.unarchive(["run:p.r", "run:p.none"]) == ("run:p.r",)
    assert len(store.runs.list_runs(include_archived=False)) == 1


def test_evidence_neither_relabels_a_run_nor_makes_one_exist(store, make):
    """A run that is evidence stays a run; evidence that is not stored is no end of a relation."""
    store.put_all([make.project(), make.run(), make.run("s")])
    store.relations.put_relation(
        make.relation("e", "run:p.r", "artifact:p.r.m", evidence_refs=["run:p.s"])
    )
    healthy = store.check_integrity()
    store.relations.put_relation(
        make.relation("g", "run:p.r", "artifact:p.r.m", evidence_refs=["run:p.ghost"])
    )
    with pytest.raises(NotFoundError) as caught:
        store.relations.put_relation(make.relation("h", "run:p.ghost", "run:p.r"))
    owners = dict(store.duckdb.query_all("SELECT ref, owner_kind FROM structural_ref_registry"))
    issues = [(item.code, item.severity, item.ref) for item in store.check_integrity().issues]

    assert healthy.ok
    assert (owners["run:p.s"], owners["run:p.ghost"]) == ("run", "evidence")
    assert caught.value.code == "metadata_ref_not_found"
    assert ("dangling_evidence_ref", "warning", "run:p.ghost") in issues


def test_what_a_relation_no_longer_names_is_forgotten(store, make):
    """Replacing a relation replaces its evidence; deleting it deletes what only it named."""
    store.put_all([make.project(), make.run()])
    for evidence in (["record:p.r.a", "record:p.r.b"], ["record:p.r.b"]):
        store.relations.put_relation(
            make.relation("e", "run:p.r", "artifact:p.r.m", evidence_refs=evidence)
        )
    cited = store.duckdb.query_all("SELECT owner_ref, ref, role FROM ledger_citations")
    store.apply_deletion(store.plan_deletion(["relation:p.e"]))

    assert cited == (("relation:p.e", "record:p.r.b", "evidence"),)
    assert "artifact:p.r.m" not in store.list_registered_refs()
    assert store.duckdb.query_all("SELECT * FROM ledger_citations") == ()
