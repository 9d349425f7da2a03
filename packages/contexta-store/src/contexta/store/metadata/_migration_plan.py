"""The steps from one schema version to another. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import MigrationError
from contexta.store.metadata._migration_models import MigrationPlan
from contexta.store.metadata._migration_steps import steps_between
from contexta.store.metadata._schema import inspect_schema

if TYPE_CHECKING:
    from contexta.store.metadata._config import MetadataStoreConfig


def plan_migration_for(
    config: MetadataStoreConfig | None = None, *, target_version: str | None = None
) -> MigrationPlan:
    """Return the steps that would bring a ledger to a version. Changes nothing.

    Args:
        config: Names the ledger; it may be open elsewhere, and read-only.
        target_version: None means the version of this release.

    Raises:
        MigrationError: `metadata_migration_unsupported_store` when it is not a ledger, or has
            lost its version; `metadata_migration_path_missing` when no steps lead there.
        StoreAccessError: `metadata_schema_inspection_failed` when it cannot be read.
    """
    inspection = inspect_schema(config, target_version=target_version)
    if inspection.exists and inspection.current_version is None:
        raise MigrationError(
            "This database cannot be migrated: it is not a ledger of Contexta, or it has lost "
            f"its version ({', '.join(inspection.notes)}). Nothing was changed.",
            code="metadata_migration_unsupported_store",
            details={"notes": list(inspection.notes)},
        )
    return plan_between(inspection.current_version, inspection.target_version)


def plan_between(current: str | None, target: str) -> MigrationPlan:
    """Return the plan from a version to another; None means that there is no ledger yet.

    Raises:
        MigrationError: `metadata_migration_path_missing`.
    """
    if current is None or current == target:
        return MigrationPlan(current, target)
    steps = steps_between(current, target)
    if steps is None:
        raise MigrationError(
            f"No steps lead from schema version {current!r} to {target!r}. Use the release that "
            "wrote the ledger; nothing was changed.",
            code="metadata_migration_path_missing",
            details={"current_version": current, "target_version": target},
        )
    return MigrationPlan(current, target, steps)
