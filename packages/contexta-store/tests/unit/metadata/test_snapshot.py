"""Everything about one run."""

import json

import pytest

from contexta.contract.errors import NotFoundError
from contexta.store.metadata import build_run_snapshot


def test_snapshot_holds_the_run_and_what_hangs_on_it(store, make):
    """Parts in list order, relations one hop away, and what is not included."""
    make.fill(store)
    store.runs.put_run(make.run("other"))
    store.relations.put_many(
        [
            make.relation("far", "artifact:p.r.m", "artifact:p.r.n"),
            make.relation("in", "artifact:p.r.z", "batch:p.r.s.b"),
            make.relation("alien", "run:p.other", "artifact:p.r.z"),
        ]
    )
    snapshot = build_run_snapshot(store, "run:p.r")

    assert (snapshot.project.name, snapshot.run.name) == ("p", "r")
    assert [len(getattr(snapshot, n)) for n in ("deployments", "stages", "batches")] == [1, 1, 1]
    assert [edge.relation_ref.value for edge in snapshot.relations] == ["p.e1", "p.in"]
    assert [claim.provenance_ref.value for claim in snapshot.provenance] == ["p.c1"]
    assert snapshot.scoped_refs == (
        "batch:p.r.s.b",
        "deployment:p.d",
        "environment:p.r.e",
        "provenance:p.c1",
        "relation:p.e1",
        "relation:p.in",
        "run:p.r",
        "sample:p.r.s.b.x",
        "stage:p.r.s",
    )
    assert snapshot.completeness_notes == (
        "record_plane_not_projected",
        "artifact_plane_not_projected",
    )
    assert snapshot == store.build_run_snapshot("run:p.r")
    assert list(json.loads(json.dumps(snapshot.to_dict())))[:3] == ["project", "run", "deployments"]


def test_snapshot_notes_what_is_missing(store, make):
    """No environment, no relations, no provenance are noted."""
    store.runs.create_run(make.run())
    bare = store.build_run_snapshot("run:p.r").completeness_notes
    store.relations.put_relation(make.relation("e", "run:p.r", "artifact:p.r.m"))
    related = store.build_run_snapshot("run:p.r").completeness_notes

    assert bare[:2] == ("environment_snapshot_missing", "relation_graph_empty")
    assert related[:2] == ("environment_snapshot_missing", "provenance_missing")


def test_snapshot_of_an_unknown_run_is_not_found(store):
    """Unknown runs raise `metadata_row_not_found`."""
    with pytest.raises(NotFoundError) as caught:
        store.build_run_snapshot("run:p.none")

    assert caught.value.code == "metadata_row_not_found"


def test_number_of_queries_does_not_grow_with_the_run(store, make):
    """A run with 200 samples takes as many statements as one with a single sample."""
    from sqlalchemy import event

    make.fill(store)
    counts = []
    statements = []
    event.listen(
        store._backend.engine._writer, "before_cursor_execute", lambda *a: statements.append(a[2])
    )
    for _ in range(2):
        statements.clear()
        store.build_run_snapshot("run:p.r")
        counts.append(len(statements))
        store.samples.put_many([make.sample(f"n{i}") for i in range(200)])

    assert counts[0] == counts[1]
    assert len(store.build_run_snapshot("run:p.r").samples) == 201
