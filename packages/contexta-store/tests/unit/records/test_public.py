"""Names, settings, models and the cost of importing them."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest

import contexta.store.records as records
from contexta.contract.errors import ConfigurationError, ValidationError
from contexta.store.records import (
    AppendReceipt,
    AppendResult,
    DurabilityMode,
    IntegrityState,
    KnownGap,
    LayoutMode,
    RecordStore,
    RecordStoreConfig,
    ReplayMode,
    ReplayResult,
    StoreConfig,
    models,
)

FROM_1_0 = {
    "RecordStore",
    "StoreConfig",
    "RecordStoreConfig",
    "DurabilityMode",
    "LayoutMode",
    "DurabilityStatus",
    "IntegrityState",
    "ReplayMode",
    "AppendReceipt",
    "AppendRejection",
    "AppendResult",
    "ScanFilter",
    "StoredRecord",
    "KnownGap",
    "ReplayResult",
    "IntegrityIssue",
    "IntegrityReport",
    "RepairReport",
    "check_integrity",
    "export_jsonl",
    "rebuild_indexes",
    "repair_truncated_tails",
    "AppendError",
    "ReplayError",
}
ADDED = {
    "AppendSkip",
    "Blocker",
    "BulkReceipt",
    "CompactionGroup",
    "CompactionPlan",
    "CompactionReport",
    "DeadWriter",
    "ErasedRange",
    "ErasurePlan",
    "ErasureReport",
    "ImportRejection",
    "ImportReport",
    "LiveRows",
    "MetricSummary",
    "PartChange",
    "QuarantineItem",
    "RecordRepairPlan",
    "RecordWriter",
    "RepairStep",
    "RetentionPlan",
    "RetentionPolicy",
    "SeriesContext",
    "SkippedPart",
    "apply_erasure",
    "apply_repairs",
    "apply_retention",
    "compact",
    "derive_record_ref",
    "export_parquet",
    "import_jsonl",
    "import_parquet",
    "list_quarantine",
    "plan_compaction",
    "plan_erasure",
    "plan_repairs",
    "plan_retention",
    "release_quarantine",
    "supply_part",
}


def test_the_public_names_are_exactly_these():
    """No name leaks and none is lost; each one loads."""
    assert set(records.__all__) == FROM_1_0 | ADDED
    assert records.__all__ == sorted(records.__all__)
    assert all(getattr(records, name) is not None for name in records.__all__)
    assert not hasattr(records, "no_such_name")
    assert models.ReplayResult is records.ReplayResult


@pytest.mark.parametrize(
    "statement",
    [
        "from contexta.store.records import RecordStoreConfig, ReplayMode; RecordStoreConfig()",
        "from contexta.store.records.schema import columns_of; columns_of('metric')",
        (
            "from contexta.store.records import *; "
            "w = RecordStore(RecordStoreConfig(sys.argv[1])).writer(); "
            "w.append_point(w.define_series(SeriesContext('run:p.r', 'p'), 'k'), 1, 1.0)"
        ),
    ],
)
def test_pyarrow_loads_at_the_first_seal_or_read_only(statement, tmp_path):
    """Settings, columns and appends do without it, also when the interpreter exits."""
    code = (
        f"import sys, atexit\natexit.register(lambda: print('pyarrow' in sys.modules))\n{statement}"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert (result.stdout, result.stderr) == ("False\n", "")


def test_what_a_process_left_unsealed_at_exit_continues_the_numbers(tmp_path):
    """Exiting without close syncs, keeps the records, and gives unused numbers back."""
    code = (
        "import sys\nfrom contexta.store.records import *\n"
        "w = RecordStore(RecordStoreConfig(sys.argv[1])).writer()\n"
        "w.append_point(w.define_series(SeriesContext('run:p.r', 'p'), 'k'), 1, 1.0)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    with RecordStore(RecordStoreConfig(tmp_path)) as store:
        before = [s.sequence for s in store.scan()]
        dead = store.recover_dead_writers()
        after = [s.sequence for s in store.scan()]

    assert before == after == [1, 2]
    assert sorted(writer.record_count for writer in dead) == [1, 1]


def test_settings_have_these_defaults_and_names(tmp_path):
    """`StoreConfig` and `RecordStoreConfig` are one class."""
    config = RecordStoreConfig(tmp_path)

    assert StoreConfig is RecordStoreConfig
    assert config.root_path == tmp_path
    assert (config.max_segment_bytes, config.durability_mode) == (16_777_216, "fsync")
    assert (config.layout_mode, config.layout_version) == (LayoutMode.PARQUET, "1")
    assert (config.enable_indexes, config.read_only) == (True, False)
    assert config.to_dict()["root_path"] == str(tmp_path)


def test_settings_of_older_scripts_work():
    """`jsonl_segments` names the one layout; texts are stripped, case does not matter."""
    config = RecordStoreConfig(layout_mode=" JSONL_segments ", durability_mode="Flush")
    changed = RecordStoreConfig.from_mapping({"read_only": True, "other": 1}, base=config)

    assert config.layout_mode is LayoutMode.JSONL_SEGMENTS
    assert changed.durability_mode is DurabilityMode.FLUSH
    assert changed.read_only


def test_a_unified_configuration_gives_the_root(tmp_path):
    """The section's own root, or else the workspace's records folder."""
    workspace = SimpleNamespace(records_path=tmp_path / "records")
    section = RecordStoreConfig(durability_mode="flush")
    config = RecordStoreConfig.from_unified_config(
        SimpleNamespace(records=section, workspace=workspace)
    )

    assert config.root_path == tmp_path / "records"
    assert config.durability_mode is DurabilityMode.FLUSH


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"max_segment_bytes": True}, "record_store_invalid_config"),
        ({"max_segment_bytes": 0}, "record_store_invalid_config"),
        ({"root_path": 5}, "record_store_invalid_config"),
        ({"layout_version": " "}, "record_store_invalid_config"),
        ({"read_only": "yes"}, "record_store_invalid_config"),
        ({"durability_mode": "maybe"}, "record_store_invalid_durability_mode"),
        ({"layout_mode": "csv"}, "record_store_invalid_layout_mode"),
        ({"unknown": 1}, "record_store_invalid_config"),
    ],
)
def test_a_wrong_setting_is_refused_when_it_is_made(values, code):
    """All problems are named, none waits for the first use."""
    with pytest.raises(ConfigurationError) as caught:
        RecordStoreConfig(**values)

    assert caught.value.code == code


def test_a_store_takes_its_own_configuration_only(tmp_path):
    """A foreign object is refused clearly, a missing root too."""
    with pytest.raises(ConfigurationError):
        RecordStore(SimpleNamespace(root_path=tmp_path))
    with pytest.raises(ValidationError) as caught:
        RecordStore()

    assert caught.value.code == "record_store_missing_root_path"


def test_a_store_of_another_layout_version_is_refused_on_first_use(open_store, metric):
    """The stored version decides."""
    open_store().append(metric())
    with pytest.raises(records.AppendError) as caught:
        open_store(layout_version="2").append(metric())

    assert caught.value.code == "record_store_layout_version_mismatch"


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: AppendReceipt(0, 1, 1, "r", "metric", "run"), "invalid_number"),
        (lambda: AppendReceipt(1, 1, 1, " ", "metric", "run"), "invalid_record_ref"),
        (lambda: AppendReceipt(1, 1, 1, "r", "log", "run"), "invalid_record_type"),
        (lambda: AppendResult(durable_count=1), "invalid_append_result"),
        (lambda: KnownGap("c", "m", 1, None, 5, 4), "invalid_gap"),
        (lambda: KnownGap("", "m", 1), "invalid_gap"),
        (lambda: KnownGap("c", "m", 0), "invalid_number"),
        (lambda: records.AppendRejection(-1, "c", "m"), "invalid_number"),
        (lambda: records.AppendRejection(0, "", "m"), "invalid_rejection"),
        (lambda: ReplayResult(warnings=("w",)), "invalid_replay_result"),
    ],
)
def test_models_refuse_what_makes_no_sense(build, code):
    """Each rule has its code."""
    with pytest.raises(ValidationError) as caught:
        build()

    assert caught.value.code == f"record_store_{code}"


def test_models_are_values(metric, store):
    """They compare, copy and travel between processes."""
    gap = KnownGap("c", "m", 1, details={"b": 1, "a": 2})
    result = ReplayResult((), 0, ReplayMode.TOLERANT, ("w",), (gap,), IntegrityState.DEGRADED)
    stored = store.append(metric()).accepted[0], next(iter(store.scan()))

    assert list(gap.details) == ["a", "b"]
    assert pickle.loads(pickle.dumps(result)) == result
    assert pickle.loads(pickle.dumps(stored)) == stored


def test_an_append_error_travels_with_its_partial_result():
    """Worker processes see the account, too."""
    error = records.AppendError("m", partial_result=AppendResult(), retryable=True)
    copy = pickle.loads(pickle.dumps(error))

    assert (copy.code, copy.retryable) == ("record_append_error", True)
    assert copy.partial_result == AppendResult()
