"""Artifact manifests, lineage edges, provenance."""

import pytest

from contexta.contract import StableRef
from contexta.contract.artifacts import ARTIFACT_KINDS
from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders


def _codes(build, **fields):
    with pytest.raises(ValidationError) as caught:
        build(**fields)
    return [(issue.code, issue.path) for issue in caught.value.issues]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"artifact_ref": "artifact:demo.x.a"}, ("artifact_ref_prefix_mismatch", "$.artifact_ref")),
        ({"artifact_kind": "Model"}, ("artifact_invalid_artifact_kind", "$.artifact_kind")),
        ({"producer_ref": "Me"}, ("artifact_invalid_producer_ref", "$.producer_ref")),
        ({"location_ref": ""}, ("context_invalid_string", "$.location_ref")),
        ({"size_bytes": -1}, ("artifact_invalid_size_bytes", "$.size_bytes")),
        ({"size_bytes": True}, ("artifact_invalid_size_bytes", "$.size_bytes")),
        ({"size_bytes": 1.0}, ("artifact_invalid_size_bytes", "$.size_bytes")),
        ({"size_bytes": 2**63}, ("artifact_invalid_size_bytes", "$.size_bytes")),
        ({"hash_value": " "}, ("context_invalid_string", "$.hash_value")),
        (
            {"batch_execution_ref": "batch:demo.run-1.train.b"},
            ("artifact_missing_stage_context", "$.stage_execution_ref"),
        ),
        (
            {"stage_execution_ref": "stage:demo.x.train"},
            ("artifact_ref_prefix_mismatch", "$.stage_execution_ref"),
        ),
    ],
)
def test_each_broken_rule_of_a_manifest_has_its_code_and_path(fields, expected):
    """One problem, one issue."""

    assert _codes(builders.artifact_manifest, **fields) == [expected]


def test_artifact_kinds_are_informative():
    """Any lower-case word is a kind."""

    assert builders.artifact_manifest(artifact_kind="tokenizer").artifact_kind == "tokenizer"
    assert "tokenizer" not in ARTIFACT_KINDS


@pytest.mark.parametrize(
    ("build", "fields", "expected"),
    [
        ("lineage_edge", {"relation_type": "x"}, ("record_invalid_marker", "$.relation_type")),
        ("lineage_edge", {"origin_marker": "x"}, ("record_invalid_marker", "$.origin_marker")),
        ("lineage_edge", {"source_ref": "run:a"}, ("stable_ref_invalid_shape", "$.source_ref")),
        ("lineage_edge", {"evidence_refs": [5]}, ("record_invalid_ref", "$.evidence_refs[0]")),
        (
            "lineage_edge",
            {"relation_ref": "run:a.b"},
            ("stable_ref_kind_mismatch", "$.relation_ref"),
        ),
        ("provenance_record", {"policy_ref": "A"}, ("lineage_invalid_policy_ref", "$.policy_ref")),
        (
            "provenance_record",
            {"evidence_bundle_ref": "run:a.b"},
            ("stable_ref_kind_mismatch", "$.evidence_bundle_ref"),
        ),
    ],
)
def test_each_broken_rule_of_lineage_has_its_code_and_path(build, fields, expected):
    """One problem, one issue."""

    assert _codes(getattr(builders, build), **fields) == [expected]


def test_source_and_target_must_differ():
    """Nothing comes from itself."""
    with pytest.raises(ValidationError, match="differ") as caught:
        builders.lineage_edge(source_ref="x:a", target_ref="x:a")

    assert caught.value.code == "lineage_self_relation"
    assert caught.value.details["source_ref"] == "x:a"


def test_ends_of_an_edge_are_refs_and_evidence_is_text():
    """As 1.0 stored them."""
    edge = builders.lineage_edge(evidence_refs=[StableRef("x", "a")])
    provenance = builders.provenance_record(evidence_bundle_ref="artifact:p.r.a")

    assert isinstance(edge.source_ref, StableRef)
    assert edge.evidence_refs == ("x:a",)
    assert provenance.evidence_bundle_ref == "artifact:p.r.a"
