"""Relations, provenance and the registry of refs."""

import pytest

from contexta.contract.errors import NotFoundError


def test_endpoints_must_be_stored(store, make):
    """A relation to an unknown run is refused, and nothing of it is stored or registered."""
    make.fill(store)
    before = store.list_registered_refs()
    for source, target in (("run:p.r", "run:p.ghost"), ("stage:p.r.no", "run:p.r")):
        with pytest.raises(NotFoundError) as caught:
            store.relations.put_relation(make.relation("e2", source, target))
        assert caught.value.code == "metadata_ref_not_found"

    assert store.list_registered_refs() == before


def test_artifacts_and_operations_are_taken_as_given(store, make):
    """They need not be stored, and are registered."""
    make.fill(store)
    store.relations.put_relation(make.relation("e2", "artifact:p.r.a", "op:p.r.s.o"))

    assert {"artifact:p.r.a", "op:p.r.s.o"} <= set(store.list_registered_refs())


def test_evidence_does_not_make_a_run_exist(store, make):
    """A run that only evidence names is no legal endpoint, and the check reports it."""
    make.fill(store)
    store.relations.put_relation(
        make.relation("e2", "run:p.r", "artifact:p.r.x", evidence_refs=("run:p.ghost",))
    )
    with pytest.raises(NotFoundError):
        store.relations.put_relation(make.relation("e3", "run:p.ghost", "run:p.r"))
    report = store.check_integrity()

    assert [(issue.code, issue.severity, issue.ref) for issue in report.issues] == [
        ("dangling_evidence_ref", "warning", "run:p.ghost")
    ]


def test_evidence_naming_a_stored_run_leaves_its_registry_entry_alone(store, make):
    """The run stays registered as a run, and the store is healthy."""
    make.fill(store)
    store.relations.put_relation(
        make.relation("e2", "run:p.r", "artifact:p.r.x", evidence_refs=("run:p.r",))
    )
    entry = store.duckdb.query_all(
        "SELECT ref_kind, owner_kind FROM structural_ref_registry WHERE ref = 'run:p.r'"
    )

    assert entry == (("run", "run"),)
    assert store.check_integrity().ok


def test_a_record_named_as_evidence_can_be_an_endpoint(store, make):
    """Kinds that this plane does not store need only have been mentioned."""
    make.fill(store)
    edge = make.relation("e2", "record:p.r.x", "run:p.r")
    with pytest.raises(NotFoundError):
        store.relations.put_relation(edge)
    store.relations.put_relation(
        make.relation("e3", "run:p.r", "artifact:p.r.x", evidence_refs=("record:p.r.x",))
    )

    assert store.relations.put_relation(edge) == edge
    assert store.check_integrity().ok


def test_lists_follow_direction_and_time(store, make):
    """By source, by target, by either; ordered by recording time."""
    make.fill(store)
    store.relations.put_many(
        [
            make.relation("e3", "artifact:p.r.m", "run:p.r", recorded_at="2026-01-01T00:00:02Z"),
            make.relation("e2", "run:p.r", "stage:p.r.s", recorded_at="2026-01-01T00:00:02Z"),
        ]
    )

    def names(edges):
        return [edge.relation_ref.value for edge in edges]

    assert names(store.relations.list_relations_for_ref("run:p.r")) == ["p.e1", "p.e2", "p.e3"]
    assert names(store.relations.list_relations_for_source("run:p.r")) == ["p.e1", "p.e2"]
    assert names(store.relations.list_relations_for_target("run:p.r")) == ["p.e3"]
    assert len(store.provenance.list_provenance_for_relation("relation:p.e1")) == 1


def test_registry_holds_all_that_is_stored_or_named(store, make):
    """Own refs, endpoints, evidence, contexts and bundles; sorted, each once."""
    make.fill(store)
    store.provenance.put_provenance(
        make.provenance(
            "c2", "e1", formation_context_ref="op:p.r.s.o", evidence_bundle_ref="artifact:p.r.ev"
        )
    )

    assert store.list_registered_refs() == (
        "artifact:p.r.ev",
        "artifact:p.r.m",
        "batch:p.r.s.b",
        "deployment:p.d",
        "environment:p.r.e",
        "op:p.r.s.o",
        "project:p",
        "provenance:p.c1",
        "provenance:p.c2",
        "relation:p.e1",
        "run:p.r",
        "sample:p.r.s.b.x",
        "stage:p.r.s",
    )


def test_a_relation_may_point_at_a_relation(store, make):
    """A stored relation is an endpoint like any other, and the check is silent about it."""
    make.fill(store)
    store.relations.put_relation(make.relation("e2", "run:p.r", "artifact:p.r.x"))
    store.relations.put_relation(make.relation("e3", "run:p.r", "relation:p.e2"))

    assert () == store.check_integrity().issues
