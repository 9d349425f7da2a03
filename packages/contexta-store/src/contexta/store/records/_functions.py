"""The store's methods as functions, for those who pass a store around."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.records._enums import ReplayMode

if TYPE_CHECKING:
    from contexta.store.records._compact_models import CompactionPlan, CompactionReport
    from contexta.store.records._filter import ScanFilter
    from contexta.store.records._models import IntegrityReport, RepairReport, ReplayResult
    from contexta.store.records._receipts import ImportReport
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
    include_store_fields: bool = False,
) -> ReplayResult:
    """See `RecordStore.export_jsonl`."""
    return store.export_jsonl(
        destination, scan_filter, mode=mode, include_store_fields=include_store_fields
    )


def export_parquet(
    store: RecordStore,
    destination: str | Path,
    scan_filter: ScanFilter | None = None,
    *,
    mode: ReplayMode | str = ReplayMode.STRICT,
) -> ReplayResult:
    """See `RecordStore.export_parquet`."""
    return store.export_parquet(destination, scan_filter, mode=mode)


def import_jsonl(
    store: RecordStore,
    source: str | Path,
    *,
    run_ref_map: Mapping[str, str] | None = None,
    skip_existing: bool = True,
    mark_imported: bool = False,
) -> ImportReport:
    """See `RecordStore.import_jsonl`."""
    return store.import_jsonl(
        source, run_ref_map=run_ref_map, skip_existing=skip_existing, mark_imported=mark_imported
    )


def import_parquet(
    store: RecordStore,
    source: str | Path,
    *,
    record_type: str | None = None,
    run_ref_map: Mapping[str, str] | None = None,
    skip_existing: bool = True,
    mark_imported: bool = False,
) -> ImportReport:
    """See `RecordStore.import_parquet`."""
    return store.import_parquet(
        source,
        record_type=record_type,
        run_ref_map=run_ref_map,
        skip_existing=skip_existing,
        mark_imported=mark_imported,
    )


def plan_compaction(store: RecordStore, *, full: bool = False) -> CompactionPlan:
    """See `RecordStore.plan_compaction`."""
    return store.plan_compaction(full=full)


def rebuild_indexes(store: RecordStore) -> RepairReport:
    """See `RecordStore.rebuild_indexes`."""
    return store.rebuild_indexes()


def repair_truncated_tails(store: RecordStore) -> RepairReport:
    """See `RecordStore.repair_truncated_tails`."""
    return store.repair_truncated_tails()
