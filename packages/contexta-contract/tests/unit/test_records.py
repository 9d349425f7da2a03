"""Envelopes, payloads, and the rules between them."""

import pytest

from contexta.contract import CorrelationRefs, MetricRecord
from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders

PREFIX = "record_ref_prefix_mismatch"
STAGE = "stage:demo.run-1.train"


def _codes(build, *args, **fields):
    with pytest.raises(ValidationError) as caught:
        build(*args, **fields)
    return [(issue.code, issue.path) for issue in caught.value.issues]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"record_ref": "record:demo.x.m"}, (PREFIX, "$.record_ref")),
        ({"record_type": "metrics"}, ("record_invalid_marker", "$.record_type")),
        ({"producer_ref": "My Tool"}, ("record_invalid_producer_ref", "$.producer_ref")),
        ({"completeness_marker": "all"}, ("record_invalid_marker", "$.completeness_marker")),
        ({"degradation_marker": None}, ("record_invalid_marker", "$.degradation_marker")),
        ({"correlation_refs": None}, ("record_invalid_correlation_refs", "$.correlation_refs")),
        ({"correlation_refs": "x"}, ("record_invalid_correlation_refs", "$.correlation_refs")),
        (
            {"correlation_refs": {"trace_id": ""}},
            ("context_invalid_string", "$.correlation_refs.trace_id"),
        ),
        ({"stage_execution_ref": "stage:demo.x.train"}, (PREFIX, "$.stage_execution_ref")),
        ({"batch_execution_ref": "batch:demo.run-1.x.b"}, (PREFIX, "$.batch_execution_ref")),
        ({"sample_observation_ref": "sample:demo.run-1.x.s"}, (PREFIX, "$.sample_observation_ref")),
        ({"operation_context_ref": "op:demo.run-1.x.o"}, (PREFIX, "$.operation_context_ref")),
        (
            {
                "batch_execution_ref": "batch:demo.run-1.train.b",
                "operation_context_ref": "op:demo.run-1.train.o",
            },
            (PREFIX, "$.operation_context_ref"),
        ),
        (
            {"stage_execution_ref": None, "operation_context_ref": "op:demo.run-1.train.o"},
            ("record_missing_stage_context", "$.stage_execution_ref"),
        ),
    ],
)
def test_each_broken_rule_of_an_envelope_has_its_code_and_path(fields, expected):
    """One problem, one issue."""

    assert _codes(builders.record_envelope, **fields) == [expected]


def test_a_record_may_hang_below_a_batch_that_is_not_named():
    """Five components without a batch ref are accepted, and any deployment is."""
    envelope = builders.record_envelope(
        sample_observation_ref="sample:demo.run-1.train.b1.s1",
        deployment_execution_ref="deployment:other.api",
    )

    assert envelope.batch_execution_ref is None


def test_correlation_refs_may_be_given_as_a_mapping():
    """As they come from JSON."""
    envelope = builders.record_envelope(correlation_refs={"trace_id": "t"})

    assert envelope.correlation_refs == CorrelationRefs("t")
    assert builders.record_envelope().correlation_refs.to_dict() == {
        "trace_id": None,
        "session_id": None,
    }


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("structured_event_payload", {"event_key": "a\tb"}, "record_invalid_event_key"),
        ("structured_event_payload", {"event_key": "a" * 256}, "record_invalid_event_key"),
        ("structured_event_payload", {"level": "fatal"}, "record_invalid_marker"),
        ("structured_event_payload", {"message": " "}, "context_invalid_string"),
        ("structured_event_payload", {"subject_ref": 5}, "record_invalid_ref"),
        ("structured_event_payload", {"subject_ref": "run:x"}, "stable_ref_invalid_shape"),
        ("structured_event_payload", {"attributes": [1]}, "record_invalid_mapping"),
        ("structured_event_payload", {"attributes": {"": 1}}, "record_invalid_mapping"),
        ("structured_event_payload", {"origin_marker": "guess"}, "record_invalid_marker"),
        ("metric_payload", {"metric_key": ""}, "context_invalid_string"),
        ("metric_payload", {"metric_key": "a\u2028b"}, "record_invalid_metric_key"),
        ("metric_payload", {"metric_key": "a\x9bb"}, "record_invalid_metric_key"),
        ("metric_payload", {"value": "1"}, "record_invalid_metric_value"),
        ("metric_payload", {"value": True}, "record_invalid_metric_value"),
        ("metric_payload", {"value_type": "Float"}, "record_invalid_value_type"),
        ("metric_payload", {"aggregation_scope": "all"}, "record_invalid_marker"),
        ("metric_payload", {"slice_ref": "A b"}, "record_invalid_slice_ref"),
        ("metric_payload", {"summary_basis": "p-95"}, "record_invalid_summary_basis"),
        ("metric_payload", {"tags": {"a": {}}}, "context_invalid_mapping"),
        ("metric_payload", {"step": 1.5}, "record_invalid_step"),
        ("metric_payload", {"step": True}, "record_invalid_step"),
        ("metric_payload", {"step": 2**63}, "record_invalid_step"),
        ("metric_payload", {"epoch": float("nan")}, "record_invalid_epoch"),
        ("metric_payload", {"epoch": 10**400}, "record_invalid_epoch"),
        ("trace_span_payload", {"span_id": ""}, "context_invalid_string"),
        ("trace_span_payload", {"parent_span_id": ""}, "context_invalid_string"),
        ("trace_span_payload", {"status": "done"}, "record_invalid_marker"),
        ("trace_span_payload", {"span_kind": "gpu"}, "record_invalid_marker"),
        ("trace_span_payload", {"ended_at": "2023-01-01Z"}, "record_invalid_time_order"),
        ("trace_span_payload", {"linked_refs": "run:p.r"}, "record_invalid_ref"),
        ("trace_span_payload", {"linked_refs": [None]}, "record_invalid_ref"),
        ("degraded_payload", {"issue_key": "Lost points"}, "record_invalid_issue_key"),
        ("degraded_payload", {"category": "disk"}, "record_invalid_marker"),
        ("degraded_payload", {"severity": "fatal"}, "record_invalid_marker"),
        ("degraded_payload", {"summary": None}, "context_invalid_string"),
    ],
)
def test_each_broken_rule_of_a_payload_has_its_code(name, fields, expected):
    """One problem, one issue."""

    assert [code for code, _ in _codes(getattr(builders, name), **fields)] == [expected]


def test_subjects_and_links_are_stored_as_text_and_foreign_kinds_pass():
    """Core kinds are counted, others are free."""
    span = builders.trace_span_payload(linked_refs=["dataset:a.b.c.d.e.f", "run:p.r"])

    assert span.linked_refs == ("dataset:a.b.c.d.e.f", "run:p.r")


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (builders.structured_event_record, "event"),
        (builders.metric_record, "metric"),
        (builders.trace_span_record, "span"),
        (builders.degraded_record, "degraded"),
    ],
)
def test_envelope_and_payload_belong_together(build, kind):
    """Type, presence and class of the payload are checked."""
    other = builders.record_envelope(
        "event" if kind != "event" else "span", degradation_marker="capture_gap"
    )

    assert build().envelope.record_type == kind
    assert _codes(build, envelope=other) == [("record_type_mismatch", "$.envelope.record_type")]
    assert _codes(build, envelope="x") == [("record_invalid_envelope", "$.envelope")]
    assert _codes(build, payload=builders.project()) == [("record_invalid_payload", "$.payload")]


def test_absent_fits_degraded_records_only_and_those_need_a_gap():
    """A payload that is there is not absent; a degraded record says how."""
    absent = builders.record_envelope(completeness_marker="absent")
    sound = builders.record_envelope("degraded", degradation_marker="none")

    assert _codes(builders.metric_record, envelope=absent) == [
        ("record_absent_not_allowed", "$.envelope.completeness_marker")
    ]
    assert _codes(builders.degraded_record, envelope=sound) == [
        ("record_degraded_requires_gap", "$.envelope.degradation_marker")
    ]
    assert builders.degraded_record(
        envelope=builders.record_envelope("degraded", completeness_marker="absent")
    )


def test_a_record_can_be_built_from_mappings():
    """As they come from JSON."""
    record = builders.metric_record()

    assert MetricRecord(record.envelope.to_dict(), record.payload.to_dict()) == record
