"""Models of the record plane, under the path that scripts already import."""

from __future__ import annotations

from contexta.store.records._enums import (
    DurabilityMode,
    DurabilityStatus,
    IntegrityState,
    LayoutMode,
    ReplayMode,
)
from contexta.store.records._filter import ScanFilter
from contexta.store.records._models import (
    AppendReceipt,
    AppendRejection,
    AppendResult,
    DeadWriter,
    IntegrityIssue,
    IntegrityReport,
    KnownGap,
    MetricSummary,
    RepairReport,
    ReplayResult,
    StoredRecord,
)

__all__ = [
    "AppendReceipt",
    "AppendRejection",
    "AppendResult",
    "DeadWriter",
    "DurabilityMode",
    "DurabilityStatus",
    "IntegrityIssue",
    "IntegrityReport",
    "IntegrityState",
    "KnownGap",
    "LayoutMode",
    "MetricSummary",
    "RepairReport",
    "ReplayMode",
    "ReplayResult",
    "ScanFilter",
    "StoredRecord",
]
