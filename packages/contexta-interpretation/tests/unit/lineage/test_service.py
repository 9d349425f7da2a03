"""Following what things rest on."""

import pytest

from contexta.interpretation import LineageError, LineageService, QueryService, RelationRecord


def relation(name, kind, source, target):
    return RelationRecord(f"relation:p.{name}", kind, source, target, "t", "explicit", "high")


DATA, MODEL, DEPLOYED = "artifact:p.r0.data", "artifact:p.r1.model", "deployment:p.live"
RELATIONS = [
    relation("a", "generated_from", MODEL, DATA),
    relation("b", "deployed_from", DEPLOYED, MODEL),
    relation("c", "consumed_by", DATA, "run:p.r1"),
]


@pytest.fixture
def traverse(make):
    """Traversal over a chain: data, model, deployment."""
    return LineageService(QueryService(make.repository(relations=RELATIONS))).traverse_lineage


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("upstream", {MODEL, DATA}),
        ("downstream", {MODEL, DEPLOYED}),
        ("outbound", {MODEL, DATA, "run:p.r1"}),
        ("inbound", {MODEL, DEPLOYED}),
    ],
)
def test_directions(traverse, direction, expected):
    """Upstream of a model is its data, downstream its deployment; the others follow the arrow."""
    assert set(traverse(MODEL, direction=direction).visited_refs) == expected


def test_consumed_by_points_downstream(traverse):
    """The data that a run consumed is upstream of the run."""
    assert traverse("run:p.r1", direction="upstream").visited_refs == ("run:p.r1", DATA)


def test_depth(traverse):
    """Depth 0 gives the subject's own relations and visits nothing; unlimited goes to the end."""
    own = traverse(DEPLOYED, max_depth=0)
    everything = traverse(DEPLOYED, max_depth="unlimited")

    assert ([e.relation_ref for e in own.edges], own.visited_refs) == (
        ["relation:p.b"],
        (DEPLOYED,),
    )
    assert everything.visited_refs == (DEPLOYED, MODEL, DATA, "run:p.r1")


def test_a_subject_without_relations_gets_a_note(traverse):
    """Nothing known is said, not raised."""
    found = traverse("artifact:p.r9.none")

    assert [n.summary for n in found.completeness_notes] == ["lineage_root_has_no_relations"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"direction": "sideways"}, "lineage_invalid_direction"),
        ({"max_depth": -1}, "lineage_invalid_max_depth"),
        ({"max_depth": True}, "lineage_invalid_max_depth"),
    ],
)
def test_bad_questions_are_refused(traverse, arguments, code):
    """An unknown direction or depth is refused with a stable code."""
    with pytest.raises(LineageError) as caught:
        traverse(MODEL, **arguments)

    assert caught.value.code == code
