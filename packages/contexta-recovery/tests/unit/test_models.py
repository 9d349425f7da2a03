import json
from pathlib import Path

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    BackupPlan,
    BackupResult,
    ImportResult,
    RecoveryResult,
    ReplayBatchResult,
    ReplayEntryResult,
    RestoreResult,
)


def test_status_is_upper_case_and_details_are_sorted_and_read_only():
    result = RecoveryResult(" success ", details={"b": 1, "a": 2})

    assert result.status == "SUCCESS"
    assert list(result.details) == ["a", "b"]
    with pytest.raises(TypeError):
        result.details["c"] = 3


def test_replay_result_with_entries_is_json():
    """`to_dict` used to raise as soon as there were entries."""
    entry = ReplayEntryResult("replay:1", "RECORD", "sink", "SUCCESS")
    result = ReplayBatchResult("SUCCESS", entries=(entry,), acknowledged_count=1)

    assert json.loads(json.dumps(result.to_dict()))["entries"][0]["replay_ref"] == "replay:1"


def test_import_result_keeps_its_own_fields():
    """`to_dict` used to lose them."""
    result = ImportResult("SUCCESS", source_root=Path("/a"), created_run_count=2)

    assert result.to_dict()["created_run_count"] == 2
    assert result.to_dict()["source_root"] == "/a"


def test_nested_details_are_json():
    result = RestoreResult("SUCCESS", backup_ref="b", plane_results={"records": {"n": (1, 2)}})

    assert json.loads(json.dumps(result.to_dict()))["plane_results"] == {"records": {"n": [1, 2]}}


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: RecoveryResult("  "), "recovery_invalid_text"),
        (lambda: RecoveryResult(3), "recovery_invalid_text"),
        (lambda: BackupResult("SUCCESS", backup_ref="b"), "recovery_invalid_text"),
        (lambda: RestoreResult("SUCCESS", backup_ref="b", applied=1), "recovery_invalid_bool"),
        (lambda: ReplayBatchResult("SUCCESS", pending_count=-1), "recovery_invalid_number"),
        (lambda: ReplayBatchResult("SUCCESS", pending_count=True), "recovery_invalid_number"),
        (lambda: BackupPlan("b", "/w", "/b", (), 1.5), "recovery_invalid_number"),
        (lambda: ReplayEntryResult("r", "", "t", "SUCCESS"), "recovery_invalid_text"),
    ],
)
def test_a_wrong_value_is_refused_with_the_code_of_its_kind(build, code):
    with pytest.raises(ValidationError) as caught:
        build()

    assert caught.value.code == code
