"""The record plane: events, metrics, spans and degraded records of runs.

A record goes into a write-ahead log that its process alone owns, in one write of microseconds,
and survives the death of the process from then on. Segments of the log become Parquet parts,
sorted by run, key and step, which any engine can read; `contexta.store.records.schema` says what
the columns mean. Reads merge both, so every process sees a record once its append returned.

`RecordStore` does everything. `RecordStore.writer()` is the fast path for points of a series.

Errors, all below `contexta.contract.errors.StoreError` unless noted:

* `AppendError`: the disk refused. `partial_result` says exactly what is stored; when
  `retryable`, the same handle works again once there is space.
* `ReplayError`: a strict replay met damage; replay in tolerant mode to get the rest and the gaps.
* `RecordError`: a scan met damage; it names the file. Restore it from a backup.
* `ReadOnlyStoreError`, `SchemaVersionError`, `StoreAccessError`: as their names say.
* `ValidationError`, `ConfigurationError`, `LifecycleError`: fix the call.

Names load on first use: importing the configuration or the enums does not import pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.records._compact_models import (
        CompactionGroup,
        CompactionPlan,
        CompactionReport,
        SkippedPart,
    )
    from contexta.store.records._config import RecordStoreConfig, StoreConfig
    from contexta.store.records._enums import (
        DurabilityMode,
        DurabilityStatus,
        IntegrityState,
        LayoutMode,
        ReplayMode,
    )
    from contexta.store.records._erase_models import (
        Blocker,
        ErasedRange,
        ErasurePlan,
        ErasureReport,
        LiveRows,
        PartChange,
        RetentionPlan,
    )
    from contexta.store.records._errors import AppendError, ReplayError
    from contexta.store.records._filter import ScanFilter
    from contexta.store.records._functions import (
        apply_erasure,
        apply_repairs,
        apply_retention,
        check_integrity,
        compact,
        export_jsonl,
        list_quarantine,
        plan_compaction,
        plan_erasure,
        plan_repairs,
        plan_retention,
        rebuild_indexes,
        release_quarantine,
        repair_truncated_tails,
        supply_part,
    )
    from contexta.store.records._models import (
        AppendReceipt,
        AppendRejection,
        AppendResult,
        AppendSkip,
        DeadWriter,
        IntegrityIssue,
        IntegrityReport,
        KnownGap,
        MetricSummary,
        RepairReport,
        ReplayResult,
        StoredRecord,
    )
    from contexta.store.records._receipts import BulkReceipt, ImportRejection, ImportReport
    from contexta.store.records._refs import derive_record_ref
    from contexta.store.records._repair_models import (
        QuarantineItem,
        RecordRepairPlan,
        RepairStep,
    )
    from contexta.store.records._retention_policy import RetentionPolicy
    from contexta.store.records._series import SeriesContext
    from contexta.store.records._store import RecordStore
    from contexta.store.records._writer import RecordWriter

_HOMES = {
    "AppendError": "_errors",
    "AppendReceipt": "_models",
    "AppendRejection": "_models",
    "AppendResult": "_models",
    "AppendSkip": "_models",
    "Blocker": "_erase_models",
    "BulkReceipt": "_receipts",
    "CompactionGroup": "_compact_models",
    "CompactionPlan": "_compact_models",
    "CompactionReport": "_compact_models",
    "DeadWriter": "_models",
    "DurabilityMode": "_enums",
    "DurabilityStatus": "_enums",
    "ErasedRange": "_erase_models",
    "ErasurePlan": "_erase_models",
    "ErasureReport": "_erase_models",
    "ImportRejection": "_receipts",
    "ImportReport": "_receipts",
    "IntegrityIssue": "_models",
    "IntegrityReport": "_models",
    "IntegrityState": "_enums",
    "KnownGap": "_models",
    "LayoutMode": "_enums",
    "LiveRows": "_erase_models",
    "MetricSummary": "_models",
    "PartChange": "_erase_models",
    "QuarantineItem": "_repair_models",
    "RecordRepairPlan": "_repair_models",
    "RecordStore": "_store",
    "RecordStoreConfig": "_config",
    "RecordWriter": "_writer",
    "RepairReport": "_models",
    "RepairStep": "_repair_models",
    "ReplayError": "_errors",
    "ReplayMode": "_enums",
    "ReplayResult": "_models",
    "RetentionPlan": "_erase_models",
    "RetentionPolicy": "_retention_policy",
    "ScanFilter": "_filter",
    "SeriesContext": "_series",
    "SkippedPart": "_compact_models",
    "StoreConfig": "_config",
    "StoredRecord": "_models",
    "apply_erasure": "_functions",
    "apply_repairs": "_functions",
    "apply_retention": "_functions",
    "check_integrity": "_functions",
    "compact": "_functions",
    "derive_record_ref": "_refs",
    "export_jsonl": "_functions",
    "export_parquet": "_functions",
    "import_jsonl": "_functions",
    "import_parquet": "_functions",
    "list_quarantine": "_functions",
    "plan_compaction": "_functions",
    "plan_erasure": "_functions",
    "plan_repairs": "_functions",
    "plan_retention": "_functions",
    "rebuild_indexes": "_functions",
    "release_quarantine": "_functions",
    "repair_truncated_tails": "_functions",
    "supply_part": "_functions",
}

__all__ = [
    "AppendError",
    "AppendReceipt",
    "AppendRejection",
    "AppendResult",
    "AppendSkip",
    "Blocker",
    "BulkReceipt",
    "CompactionGroup",
    "CompactionPlan",
    "CompactionReport",
    "DeadWriter",
    "DurabilityMode",
    "DurabilityStatus",
    "ErasedRange",
    "ErasurePlan",
    "ErasureReport",
    "ImportRejection",
    "ImportReport",
    "IntegrityIssue",
    "IntegrityReport",
    "IntegrityState",
    "KnownGap",
    "LayoutMode",
    "LiveRows",
    "MetricSummary",
    "PartChange",
    "QuarantineItem",
    "RecordRepairPlan",
    "RecordStore",
    "RecordStoreConfig",
    "RecordWriter",
    "RepairReport",
    "RepairStep",
    "ReplayError",
    "ReplayMode",
    "ReplayResult",
    "RetentionPlan",
    "RetentionPolicy",
    "ScanFilter",
    "SeriesContext",
    "SkippedPart",
    "StoreConfig",
    "StoredRecord",
    "apply_erasure",
    "apply_repairs",
    "apply_retention",
    "check_integrity",
    "compact",
    "derive_record_ref",
    "export_jsonl",
    "export_parquet",
    "import_jsonl",
    "import_parquet",
    "list_quarantine",
    "plan_compaction",
    "plan_erasure",
    "plan_repairs",
    "plan_retention",
    "rebuild_indexes",
    "release_quarantine",
    "repair_truncated_tails",
    "supply_part",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
