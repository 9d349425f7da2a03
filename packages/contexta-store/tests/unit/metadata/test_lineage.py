"""Relations, provenance and the registry of refs."""

import pytest

from contexta.contract.errors import NotFoundError, ValidationError


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


def test_relations_of_several_runs_are_those_of_what_belongs_to_them(store, make, put_many):
    """Also of their stages, batches and deployments; together with refs, either will do."""
    put_many(store)
    for name, source in (
        ("s", "stage:p.r00.s00"),
        ("b", "batch:p.r00.s00.b00"),
        ("d", "deployment:p.d01"),
        ("other", "deployment:p.d00"),
    ):
        store.relations.put_relation(make.relation(name, source, "artifact:p.q.far"))

    def listed(**filters):
        found = store.relations.list_relations(**filters)
        return {one.relation_ref.text.partition(".")[2] for one in found}

    assert listed(parts_of=["run:p.r00"]) == {"e00", "s", "b", "d"}
    assert listed(parts_of=["run:p.r01", "run:p.r02"]) == {"e01", "e02"}
    assert listed(parts_of=["run:p.r01"], refs=["deployment:p.d00"]) == {"e01", "other"}
    assert listed(parts_of=["run:p.gone"]) == listed(parts_of=[]) == set()
    assert store.relations.count_relations(parts_of=["run:p.r00"]) == 4
    with pytest.raises(ValidationError):
        store.relations.list_relations(parts_of=["stage:p.r00.s00"])


def test_assertions_about_several_relations_come_at_once(store, make, put_many):
    """By relation, then time, then ref, as the list of one relation has them."""
    put_many(store)
    store.provenance.put_provenance(
        make.provenance("late", "e01", asserted_at="2027-01-01T00:00:00Z")
    )
    store.provenance.put_provenance(make.provenance("early", "e01"))
    refs = ["relation:p.e01", "relation:p.e00", "relation:p.e02"]
    expected = [
        one for ref in sorted(refs) for one in store.provenance.list_provenance_for_relation(ref)
    ]

    assert len(expected) == 14
    assert list(store.provenance.list_provenance_for_relations(refs)) == expected
    assert store.provenance.list_provenance_for_relations([]) == ()
