"""The store's methods as functions, for those who pass a store around."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.records._enums import ReplayMode

if TYPE_CHECKING:
    from contexta.store.records._compact_models import CompactionPlan, CompactionReport
    from contexta.store.records._filter import ScanFilter
    from contexta.store.records._models import IntegrityReport, RepairReport, ReplayResult
    from contexta.store.records._store import RecordStore


def check_integrity(store: RecordStore) -> IntegrityReport:
    """See `RecordStore.check_integrity`."""
    return store.check_integrity()


def compact(
    store: RecordStore, *, full: bool = False, max_bytes: int | None = None
) -> CompactionReport:
    """See `RecordStore.compact`."""
    return store.compact(full=full, max_bytes=max_bytes)


def export_jsonl(
    store: RecordStore,
    destination: str | Path,
    scan_filter: ScanFilter | None = None,
    *,
    mode: ReplayMode | str = ReplayMode.STRICT,
) -> ReplayResult:
    """See `RecordStore.export_jsonl`."""
    return store.export_jsonl(destination, scan_filter, mode=mode)


def plan_compaction(store: RecordStore, *, full: bool = False) -> CompactionPlan:
    """See `RecordStore.plan_compaction`."""
    return store.plan_compaction(full=full)


def rebuild_indexes(store: RecordStore) -> RepairReport:
    """See `RecordStore.rebuild_indexes`."""
    return store.rebuild_indexes()


def repair_truncated_tails(store: RecordStore) -> RepairReport:
    """See `RecordStore.repair_truncated_tails`."""
    return store.repair_truncated_tails()
