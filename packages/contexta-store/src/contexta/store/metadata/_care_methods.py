"""What a store can do for its ledger: check, repair, migrate, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from contexta.store.metadata._maintenance import backup_to, checkpoint, vacuum
from contexta.store.metadata._migrate import dry_run_migration_for, migrate_for
from contexta.store.metadata._migration_plan import plan_migration_for
from contexta.store.metadata._schema import inspect_schema

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from contexta.store.metadata._config import MetadataStoreConfig
    from contexta.store.metadata._copy import LedgerCopy
    from contexta.store.metadata._database import Database
    from contexta.store.metadata._integrity import IntegrityReport
    from contexta.store.metadata._migration_models import MigrationPlan, MigrationResult
    from contexta.store.metadata._repair_models import RepairPlan, RepairPreview, RepairResult
    from contexta.store.metadata._store import MetadataStore


class CareMethods:
    """The part of `MetadataStore` that looks after the ledger as a whole.

    Checks and repairs load when they are called: who only reads does not pay for them.
    """

    config: MetadataStoreConfig
    _backend: Database

    inspect_schema = staticmethod(inspect_schema)
    plan_migration_for = staticmethod(plan_migration_for)
    dry_run_migration_for = staticmethod(dry_run_migration_for)
    migrate_for = staticmethod(migrate_for)

    def check_integrity(self, *, full: bool = True) -> IntegrityReport:
        """Check what is stored; reads only, changes nothing.

        One damaged table hides no finding in another. What the check cannot see: rows that
        someone removed together with everything that names them.

        Args:
            full: Whether every row is read and compared with its digest and its columns, and
                the file with itself; otherwise only references and times are checked.
        """
        from contexta.store.metadata._integrity import check_database

        return check_database(self._backend, full=full)

    def plan_repairs(self, report: IntegrityReport | None = None) -> RepairPlan:
        """Return what would mend the findings of a report; without one, of a full check."""
        from contexta.store.metadata._repair_plan import plan_repairs

        return plan_repairs(self.check_integrity() if report is None else report)

    def preview_repairs(self, plan: RepairPlan | None = None) -> RepairPreview:
        """Return a plan in lines for people; without one, the plan of a full check."""
        from contexta.store.metadata._repair_plan import preview_repairs

        return preview_repairs(self.plan_repairs() if plan is None else plan)

    def apply_repairs(
        self,
        plan: RepairPlan,
        *,
        dry_run: bool = True,
        actions: Collection[str] | None = None,
    ) -> RepairResult:
        """Apply a plan, or tell what that would change; see `apply_repairs`."""
        from contexta.store.metadata._repair import apply_repairs

        return apply_repairs(cast("MetadataStore", self), plan, dry_run=dry_run, actions=actions)

    def undo_repairs(self, repair_id: str, *, dry_run: bool = True) -> RepairResult:
        """Put back what a repair changed or removed; see `undo_repairs`."""
        from contexta.store.metadata._repair import undo_repairs

        return undo_repairs(cast("MetadataStore", self), repair_id, dry_run=dry_run)

    def plan_migration(self, *, target_version: str | None = None) -> MigrationPlan:
        """Return the steps to a schema version; see `plan_migration_for`."""
        return plan_migration_for(self.config, target_version=target_version)

    def dry_run_migration(self, *, target_version: str | None = None) -> MigrationResult:
        """Tell what `migrate` would do; see `dry_run_migration_for`."""
        return dry_run_migration_for(self.config, target_version=target_version)

    def migrate(self, *, target_version: str | None = None) -> MigrationResult:
        """Bring the ledger to a schema version; see `migrate_for`."""
        return migrate_for(self.config, target_version=target_version)

    def backup_to(self, path: str | Path) -> LedgerCopy:
        """Copy the ledger to a new file while anybody may write to it.

        The copy is of one moment, is one file without a log, and is checked before it gets its
        name. Opened as a ledger it is one.

        Args:
            path: The new file; nothing is replaced.

        Raises:
            ConflictError: `metadata_backup_exists`.
            IntegrityError: `metadata_backup_damaged` when the ledger is not whole.
            StoreAccessError: `metadata_store_not_a_file` for a ledger on a server; otherwise
                when the disk refuses.
        """
        return backup_to(self._backend, path)

    def checkpoint(self) -> bool:
        """Copy the whole write-ahead log into the database and empty it.

        Returns:
            False when a reader kept part of the log from being copied; nothing is lost then.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
            StoreAccessError: `metadata_store_not_a_file`, or retryable when it stays busy.
        """
        return checkpoint(self._backend)

    def vacuum(self) -> None:
        """Rewrite the ledger without its free pages. Other writers wait meanwhile.

        It needs free space for about twice the size of the ledger.

        Raises:
            ReadOnlyStoreError: `metadata_store_read_only`.
            StoreAccessError: `metadata_store_not_a_file`, or retryable when it stays busy.
        """
        vacuum(self._backend)
