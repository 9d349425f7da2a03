"""Outcome objects of capture."""

import copy
import json
import pickle

import pytest

from contexta.capture import (
    BatchCaptureResult,
    CaptureResult,
    Delivery,
    DeliveryStatus,
    PayloadFamily,
    ResultStatus,
)
from contexta.common.results import (
    BatchResult,
    DegradationNote,
    FailureInfo,
    MessageLevel,
    OperationResult,
    ResultMessage,
)
from contexta.contract.errors import ConflictError


def test_enum_names_are_accepted_in_any_case():
    """Constructors take the names of their enums in any case."""
    delivery = Delivery("x", "record", "failure")

    assert (delivery.family, delivery.status) == (PayloadFamily.RECORD, DeliveryStatus.FAILURE)


def test_unknown_enum_names_are_refused():
    """An unknown name raises ValueError that lists the members."""
    with pytest.raises(ValueError, match="SUCCESS"):
        Delivery("x", "RECORD", "great")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"status": "SUCCESS", "failure": FailureInfo("c", "m")}, "no failure"),
        ({"status": "DEGRADED"}, "note"),
        ({"status": "FAILURE"}, "failure"),
        ({"status": "SUCCESS", "planned_only": True}, "applied"),
    ],
)
def test_contradicting_outcomes_are_refused(fields, match):
    """Status, notes, failure and flags must agree."""
    with pytest.raises(ValueError, match=match):
        OperationResult(**fields)


def test_failure_info_describes_our_errors_by_code():
    """A ContextaError keeps its code; a foreign exception gets a common one."""
    ours = FailureInfo.from_exception(ConflictError("taken", code="c1", details={"a": 1}))
    foreign = FailureInfo.from_exception(KeyError("k"))

    assert (ours.code, dict(ours.details)) == ("c1", {"a": 1})
    assert (foreign.code, foreign.error_type) == ("unexpected_error", "KeyError")


def test_warnings_and_reasons_become_messages_and_notes():
    """Plain texts are filled in as coded messages and notes."""
    result = CaptureResult.with_degradation(
        PayloadFamily.RECORD, warnings=("w",), degradation_reasons=("r",)
    )

    assert result.messages == (ResultMessage(MessageLevel.WARNING, "capture_warning_1", "w"),)
    assert result.degradation_notes == (
        DegradationNote("capture_degradation_1", "r", affected_planes=("capture",)),
    )


def test_failure_result_keeps_the_payload():
    """What could not be stored stays in the result."""
    result = CaptureResult.failure_result("RECORD", OSError("full"), payload={"a": 1})

    assert (result.payload, result.value, result.error_code) == (
        {"a": 1},
        {"a": 1},
        "unexpected_error",
    )
    assert bool(result)


def test_results_are_plain_data_on_demand_and_can_be_pickled():
    """to_dict gives JSON; results survive pickle and deepcopy."""
    result = CaptureResult.success(
        "RECORD", payload={"a": 1}, deliveries=(Delivery("s", "RECORD", "SUCCESS"),)
    )

    assert json.loads(json.dumps(result.to_dict()))["status"] == "SUCCESS"
    assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result


def test_batches_report_partial_failure_as_degraded():
    """All failed is FAILURE, some failed is DEGRADED, none is SUCCESS."""
    good = CaptureResult.success("RECORD")
    bad = CaptureResult.failure_result("RECORD", OSError("x"))

    def status(*items):
        return BatchCaptureResult.from_results("RECORD", items).status

    assert (status(), status(good), status(good, bad), status(bad, bad)) == (
        ResultStatus.SUCCESS,
        ResultStatus.SUCCESS,
        ResultStatus.DEGRADED,
        ResultStatus.FAILURE,
    )


def test_a_batch_of_operations_counts_its_items():
    """Aggregation of plain operations fails when any item failed."""
    batch = BatchResult.aggregate(
        [OperationResult.success(1), OperationResult.failure_result(OSError("x"))]
    )

    assert (batch.total_count, batch.success_count, batch.failure_count, batch.failed) == (
        2,
        1,
        1,
        True,
    )


def test_batch_items_must_be_of_one_family():
    """A batch refuses results of another family."""
    with pytest.raises(ValueError, match="ARTIFACT"):
        BatchCaptureResult.aggregate("ARTIFACT", [CaptureResult.success("RECORD")])
