"""The metadata plane: projects, runs, stages, samples, deployments, lineage.

Open a `MetadataStore` with a `MetadataStoreConfig`, then use its repositories: `store.runs`,
`store.stages` and so on. Every put is one transaction; threads and processes may share a ledger.

Errors, and what you can do:

* `NotFoundError`: a ref or a parent is not stored. Put the parent first.
* `StoreAccessError`: the file is missing, foreign, busy, or the disk refuses. `retryable` says
  whether the same call may work later.
* `ReadOnlyStoreError`: the store was opened read-only.
* `SchemaVersionError`: another release wrote the file; nothing was changed.
* `IntegrityError`: a row is damaged. Lists leave such rows out and report them in
  `store.damage()`; `store.check_integrity()` finds all of them.

Importing this package, or the settings, does not import SQLAlchemy; opening a store does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.store.metadata._adapters import (
        DuckDBAdapter,
        FrameAdapterProtocol,
        PandasAdapter,
        PolarsAdapter,
    )
    from contexta.store.metadata._config import MetadataStoreConfig
    from contexta.store.metadata._copy import LedgerCopy
    from contexta.store.metadata._damage import DamagedRow
    from contexta.store.metadata._deletion import apply_deletion, plan_deletion
    from contexta.store.metadata._deletion_models import (
        DeletionBlocker,
        DeletionPlan,
        DeletionReport,
    )
    from contexta.store.metadata._history import ChangeRow, LifecycleChange
    from contexta.store.metadata._integrity import IntegrityReport, check_integrity
    from contexta.store.metadata._issues import IntegrityIssue
    from contexta.store.metadata._log_damage import accept_damaged_log
    from contexta.store.metadata._migrate import dry_run_migration_for, migrate_for
    from contexta.store.metadata._migration_models import (
        MigrationHistoryRow,
        MigrationPlan,
        MigrationResult,
        MigrationStep,
    )
    from contexta.store.metadata._migration_plan import plan_migration_for
    from contexta.store.metadata._paging import Page
    from contexta.store.metadata._repair import apply_repairs, undo_repairs
    from contexta.store.metadata._repair_models import (
        RepairCandidate,
        RepairChange,
        RepairPlan,
        RepairPreview,
        RepairResult,
        RepairSkip,
    )
    from contexta.store.metadata._repair_plan import plan_repairs, preview_repairs
    from contexta.store.metadata._retention import plan_retention
    from contexta.store.metadata._run_rows import RunOrderRow, RunRow
    from contexta.store.metadata._schema import SchemaInspection, inspect_schema
    from contexta.store.metadata._snapshot import RunSnapshot, build_run_snapshot
    from contexta.store.metadata._store import MetadataStore
    from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION
    from contexta.store.metadata._tombstones import Tombstone
    from contexta.store.metadata._transfer import transfer_ledger

__all__ = [
    "CURRENT_METADATA_STORE_SCHEMA_VERSION",
    "ChangeRow",
    "DamagedRow",
    "DeletionBlocker",
    "DeletionPlan",
    "DeletionReport",
    "DuckDBAdapter",
    "FrameAdapterProtocol",
    "IntegrityIssue",
    "IntegrityReport",
    "LedgerCopy",
    "LifecycleChange",
    "MetadataStore",
    "MetadataStoreConfig",
    "MigrationHistoryRow",
    "MigrationPlan",
    "MigrationResult",
    "MigrationStep",
    "Page",
    "PandasAdapter",
    "PolarsAdapter",
    "RepairCandidate",
    "RepairChange",
    "RepairPlan",
    "RepairPreview",
    "RepairResult",
    "RepairSkip",
    "RunOrderRow",
    "RunRow",
    "RunSnapshot",
    "SchemaInspection",
    "Tombstone",
    "accept_damaged_log",
    "apply_deletion",
    "apply_repairs",
    "build_run_snapshot",
    "check_integrity",
    "dry_run_migration_for",
    "inspect_schema",
    "migrate_for",
    "plan_deletion",
    "plan_migration_for",
    "plan_repairs",
    "plan_retention",
    "preview_repairs",
    "transfer_ledger",
    "undo_repairs",
]

_HOME = {
    "CURRENT_METADATA_STORE_SCHEMA_VERSION": "_tables",
    "ChangeRow": "_history",
    "DamagedRow": "_damage",
    "DeletionBlocker": "_deletion_models",
    "DeletionPlan": "_deletion_models",
    "DeletionReport": "_deletion_models",
    "DuckDBAdapter": "_adapters",
    "FrameAdapterProtocol": "_adapters",
    "IntegrityIssue": "_issues",
    "IntegrityReport": "_integrity",
    "LedgerCopy": "_copy",
    "LifecycleChange": "_history",
    "MetadataStore": "_store",
    "MetadataStoreConfig": "_config",
    "MigrationHistoryRow": "_migration_models",
    "MigrationPlan": "_migration_models",
    "MigrationResult": "_migration_models",
    "MigrationStep": "_migration_models",
    "Page": "_paging",
    "PandasAdapter": "_adapters",
    "PolarsAdapter": "_adapters",
    "RepairCandidate": "_repair_models",
    "RepairChange": "_repair_models",
    "RepairPlan": "_repair_models",
    "RepairPreview": "_repair_models",
    "RepairResult": "_repair_models",
    "RepairSkip": "_repair_models",
    "RunOrderRow": "_run_rows",
    "RunRow": "_run_rows",
    "RunSnapshot": "_snapshot",
    "SchemaInspection": "_schema",
    "Tombstone": "_tombstones",
    "accept_damaged_log": "_log_damage",
    "apply_deletion": "_deletion",
    "apply_repairs": "_repair",
    "build_run_snapshot": "_snapshot",
    "check_integrity": "_integrity",
    "dry_run_migration_for": "_migrate",
    "inspect_schema": "_schema",
    "migrate_for": "_migrate",
    "plan_deletion": "_deletion",
    "plan_migration_for": "_migration_plan",
    "plan_repairs": "_repair_plan",
    "plan_retention": "_retention",
    "preview_repairs": "_repair_plan",
    "transfer_ledger": "_transfer",
    "undo_repairs": "_repair",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"contexta.store.metadata.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
