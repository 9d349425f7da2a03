"""Bring a ledger to another schema version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import MigrationError, ReadOnlyStoreError, SchemaVersionError
from contexta.store.metadata._config import MetadataStoreConfig
from contexta.store.metadata._copy import automatic_path, copy_ledger
from contexta.store.metadata._database import Database
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._log_damage import require_whole_log
from contexta.store.metadata._migration_models import MigrationResult
from contexta.store.metadata._migration_plan import plan_between, plan_migration_for
from contexta.store.metadata._schema_marks import record_step, set_version, stored_version
from contexta.store.metadata.migrations import STEP_IMPLEMENTATIONS

if TYPE_CHECKING:
    from contexta.store.metadata._copy import LedgerCopy
    from contexta.store.metadata._migration_models import (
        MigrationHistoryRow,
        MigrationPlan,
        MigrationStep,
    )

# Another process that migrates the same ledger may take long.
_LONGEST_WAIT_SECONDS = 600.0


def dry_run_migration_for(
    config: MetadataStoreConfig | None = None, *, target_version: str | None = None
) -> MigrationResult:
    """Tell what `migrate_for` would do. Changes nothing, also while others use the ledger.

    Raises:
        MigrationError: As `plan_migration_for`.
    """
    settings = MetadataStoreConfig() if config is None else config
    plan = plan_migration_for(settings, target_version=target_version)
    return MigrationResult(
        plan.current_version,
        plan.target_version,
        applied_steps=plan.steps,
        dry_run=True,
        warnings=_warnings(settings, plan),
    )


def migrate_for(
    config: MetadataStoreConfig | None = None, *, target_version: str | None = None
) -> MigrationResult:
    """Bring a ledger to a schema version, after a copy of it was taken and checked.

    Each step is one transaction with the new version and its row of history in it: killed at
    any moment, the ledger has the old version or the new one, and a later call goes on. A step
    that fails changes nothing but the history, and can be tried any number of times. Of several
    processes that migrate at once one does it; the others wait, find it done and change
    nothing. Stores of older releases that have the ledger open must be closed first.

    The copy lies in `backups/` beside the database and is never removed by this package. A
    database on a server is not copied: take a dump before.

    Raises:
        ReadOnlyStoreError: `metadata_migration_read_only`.
        MigrationError: As `plan_migration_for`; `metadata_migration_step_missing` when a step
            has no code; `metadata_migration_step_failed` when one fails.
        StoreAccessError: When the ledger cannot be opened, copied or locked.
    """
    settings = MetadataStoreConfig() if config is None else config
    if settings.read_only:
        raise ReadOnlyStoreError(
            "A read-only configuration cannot migrate. Pass one with read_only=False.",
            code="metadata_migration_read_only",
        )
    plan = plan_migration_for(settings, target_version=target_version)
    if not plan.steps:
        return _nothing_done(settings, plan)
    require_whole_log(settings)
    patient = max(settings.busy_timeout_seconds, _LONGEST_WAIT_SECONDS)
    waiting = settings.model_copy(update={"busy_timeout_seconds": patient})
    database = Database(waiting, any_version=True)
    try:
        return _migrate(settings, database, plan.target_version)
    finally:
        database.close()


def migrate_at_open(config: MetadataStoreConfig, error: SchemaVersionError) -> bool:
    """Migrate a ledger that could not be opened, when the configuration asks for it.

    Returns:
        Whether it was migrated, so that opening it again will work. False when this release has
        no way from that version: then the error of the open says it best.
    """
    current = (error.details or {}).get("current_version")
    if not config.auto_migrate or config.read_only or not isinstance(current, str):
        return False
    try:
        plan_migration_for(config)
    except MigrationError:
        return False
    migrate_for(config)
    return True


def _migrate(
    settings: MetadataStoreConfig, database: Database, target_version: str
) -> MigrationResult:
    engine = database.engine
    with translated_database_errors(database.place), engine.turn():
        with engine.reading() as connection:
            current = stored_version(connection)
        plan = plan_between(current, target_version)
        if not plan.steps:  # another process did it while this one waited
            return _nothing_done(settings, plan)
        _require_code(plan)
        copy = _copy(database, plan)
        rows = tuple(_apply(database, step, copy) for step in plan.steps)
        engine.after_write()
    warnings = _warnings(settings, plan)
    if copy is None:
        warnings = (*warnings, "no_automatic_copy")
    return MigrationResult(
        plan.current_version,
        plan.target_version,
        applied_steps=plan.steps,
        changed=True,
        history_rows=rows,
        warnings=warnings,
        backup_path=None if copy is None else copy.path,
    )


def _copy(database: Database, plan: MigrationPlan) -> LedgerCopy | None:
    if database.path is None:
        return None
    with database.engine.reading() as connection:
        return copy_ledger(
            connection, automatic_path(database.path, f"schema-{plan.current_version}")
        )


def _apply(database: Database, step: MigrationStep, copy: LedgerCopy | None) -> MigrationHistoryRow:
    notes = {}
    if copy is not None:
        # No absolute path: the workspace may move, and the copy moves with it.
        notes = {"backup": f"{copy.path.parent.name}/{copy.path.name}", "sha256": copy.sha256}
    try:
        with database.engine.writing() as connection:
            STEP_IMPLEMENTATIONS[step.step_id](connection)
            set_version(connection, step.to_version)
            return record_step(connection, step, "applied", notes)
    except Exception as error:
        with database.engine.writing() as connection:
            record_step(connection, step, "failed", {**notes, "error_type": type(error).__name__})
        raise MigrationError(
            f"Step {step.step_id!r} from schema version {step.from_version!r} to "
            f"{step.to_version!r} failed and was undone: {error}. Mend the cause and call again"
            + (f"; a copy of the ledger is {str(copy.path)!r}." if copy is not None else "."),
            code="metadata_migration_step_failed",
            details={
                "step_id": step.step_id,
                "from_version": step.from_version,
                "to_version": step.to_version,
                "error_type": type(error).__name__,
                "backup_path": None if copy is None else str(copy.path),
            },
        ) from error


def _require_code(plan: MigrationPlan) -> None:
    missing = [step.step_id for step in plan.steps if step.step_id not in STEP_IMPLEMENTATIONS]
    if missing:
        raise MigrationError(
            f"These migration steps have no code: {', '.join(missing)}. Register them in "
            "contexta.store.metadata.migrations.STEP_IMPLEMENTATIONS; nothing was changed.",
            code="metadata_migration_step_missing",
            details={"step_ids": missing},
        )


def _nothing_done(settings: MetadataStoreConfig, plan: MigrationPlan) -> MigrationResult:
    return MigrationResult(
        plan.current_version, plan.target_version, warnings=_warnings(settings, plan)
    )


def _warnings(settings: MetadataStoreConfig, plan: MigrationPlan) -> tuple[str, ...]:
    warnings = []
    if settings.auto_migrate:
        warnings.append("config_auto_migrate_is_enabled")
    if not plan.steps:
        warnings.append("no_schema_changes_required")
    return tuple(warnings)
