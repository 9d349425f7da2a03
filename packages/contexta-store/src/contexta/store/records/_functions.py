"""The store's methods as functions, for those who pass a store around."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.records._enums import ReplayMode

if TYPE_CHECKING:
    from contexta.store.records._compact_models import CompactionPlan, CompactionReport
    from contexta.store.records._erase_models import ErasurePlan, ErasureReport, RetentionPlan
    from contexta.store.records._filter import ScanFilter
    from contexta.store.records._layout import Layout
    from contexta.store.records._models import IntegrityReport, RepairReport, ReplayResult
    from contexta.store.records._receipts import ImportReport
    from contexta.store.records._repair_models import QuarantineItem, RecordRepairPlan
    from contexta.store.records._retention_policy import RetentionPolicy
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


def plan_erasure(
    store: RecordStore,
    *,
    run_refs: Iterable[str] = (),
    sample_refs: Iterable[str] = (),
    before: str | datetime | None = None,
    include_mentions: bool = False,
) -> ErasurePlan:
    """See `RecordStore.plan_erasure`."""
    return store.plan_erasure(
        run_refs=run_refs,
        sample_refs=sample_refs,
        before=before,
        include_mentions=include_mentions,
    )


def apply_erasure(
    store: RecordStore, plan: ErasurePlan, *, anonymous: bool = False
) -> ErasureReport:
    """See `RecordStore.apply_erasure`."""
    return store.apply_erasure(plan, anonymous=anonymous)


def plan_retention(
    store: RecordStore,
    policy: RetentionPolicy,
    *,
    now: str | datetime | None = None,
    protected_run_refs: Iterable[str] = (),
) -> RetentionPlan:
    """See `RecordStore.plan_retention`."""
    return store.plan_retention(policy, now=now, protected_run_refs=protected_run_refs)


def apply_retention(store: RecordStore, plan: RetentionPlan) -> ErasureReport:
    """See `RecordStore.apply_retention`."""
    return store.apply_retention(plan)


def plan_repairs(store: RecordStore | str | Path) -> RecordRepairPlan:
    """See `RecordStore.plan_repairs`. Takes a folder, too: a store that cannot be opened."""
    if not isinstance(store, str | Path):
        return store.plan_repairs()
    from contexta.store.records._repair_plan import plan_repairs as plan_of_folder

    return plan_of_folder(_layout_of(store))


def apply_repairs(
    store: RecordStore | str | Path,
    plan: RecordRepairPlan,
    *,
    dry_run: bool = True,
    actor: str | None = None,
) -> RepairReport:
    """See `RecordStore.apply_repairs`. Takes a folder, too: a store that cannot be opened."""
    if not isinstance(store, str | Path):
        return store.apply_repairs(plan, dry_run=dry_run, actor=actor)
    from contexta.store.records._repair_apply import apply_repairs as apply_to_folder

    return apply_to_folder(_layout_of(store), plan, dry_run=dry_run, actor=actor)


def _layout_of(folder: str | Path) -> Layout:
    from contexta.contract.errors import StoreAccessError
    from contexta.store.records._layout import Layout

    layout = Layout(Path(folder).expanduser().absolute())
    if not layout.is_store():
        raise StoreAccessError(
            f"{str(layout.root)!r} holds no record store. Check the path.",
            code="record_store_missing_root",
            details={"path": str(layout.root)},
        )
    return layout


def list_quarantine(store: RecordStore) -> tuple[QuarantineItem, ...]:
    """See `RecordStore.list_quarantine`."""
    return store.list_quarantine()


def release_quarantine(
    store: RecordStore,
    item: QuarantineItem | str,
    *,
    confirmed: bool = False,
    actor: str | None = None,
) -> None:
    """See `RecordStore.release_quarantine`."""
    store.release_quarantine(item, confirmed=confirmed, actor=actor)


def supply_part(store: RecordStore, path: str | Path, *, actor: str | None = None) -> str:
    """See `RecordStore.supply_part`."""
    return store.supply_part(path, actor=actor)
