"""The metadata plane as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from contexta.contract.errors import ConfigurationError, NotFoundError, SchemaVersionError
from contexta.store.metadata import _entities
from contexta.store.metadata._adapters import DuckDBAdapter, PandasAdapter, PolarsAdapter
from contexta.store.metadata._config import MetadataStoreConfig
from contexta.store.metadata._context import StoreContext
from contexta.store.metadata._damage import DamageLog
from contexta.store.metadata._database import Database
from contexta.store.metadata._deletion_methods import DeletionMethods
from contexta.store.metadata._history import login_name
from contexta.store.metadata._integrity import check_database
from contexta.store.metadata._maintenance import backup_to, checkpoint, vacuum
from contexta.store.metadata._migrate import dry_run_migration_for, migrate_at_open, migrate_for
from contexta.store.metadata._migration_plan import plan_migration_for
from contexta.store.metadata._reading import fetch_rows
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._refs_methods import RefMethods
from contexta.store.metadata._schema import inspect_schema
from contexta.store.metadata._snapshot import collect_snapshot
from contexta.store.metadata._tables import schema_metadata
from contexta.store.metadata.repositories import (
    BatchRepository,
    DeploymentRepository,
    EnvironmentRepository,
    ProjectRepository,
    ProvenanceRepository,
    RelationRepository,
    RunRepository,
    SampleRepository,
    StageRepository,
)

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._copy import LedgerCopy
    from contexta.store.metadata._damage import DamagedRow
    from contexta.store.metadata._integrity import IntegrityReport
    from contexta.store.metadata._migration_models import MigrationPlan, MigrationResult
    from contexta.store.metadata._snapshot import RunSnapshot


class MetadataStore(RefMethods, DeletionMethods):
    """The ledger of a workspace: projects, runs and what belongs to them.

    Safe for any number of threads and processes at once; usable after a fork. A confirmed put
    survives the death of the process, and with `synchronous="full"` a power cut.

    Args:
        config: Where and how; see `MetadataStoreConfig`.

    Raises:
        ConfigurationError: Without a database path.
        StoreAccessError: `metadata_store_missing` when the database is absent and may not be
            created; `metadata_store_foreign_database` when another program made it;
            `metadata_store_open_failed` when it is not a database.
        SchemaVersionError: `metadata_store_schema_version_unsupported`.
    """

    inspect_schema = staticmethod(inspect_schema)
    plan_migration_for = staticmethod(plan_migration_for)
    dry_run_migration_for = staticmethod(dry_run_migration_for)
    migrate_for = staticmethod(migrate_for)

    def __init__(self, config: MetadataStoreConfig | None = None) -> None:
        settings = MetadataStoreConfig() if config is None else config
        if not isinstance(settings, MetadataStoreConfig):
            raise ConfigurationError(
                f"MetadataStore needs a MetadataStoreConfig, not {type(settings).__name__}.",
                code="metadata_store_invalid_config",
                details={"type": type(settings).__name__},
            )
        self.config = settings
        self._backend = _open(settings)
        self._damage = DamageLog()
        actor = settings.actor or login_name()
        context = self._context = StoreContext(self._backend, self._damage, actor)
        self.projects = ProjectRepository(context, _entities.PROJECT)
        self.runs = RunRepository(context, _entities.RUN)
        self.deployments = DeploymentRepository(context, _entities.DEPLOYMENT)
        self.stages = StageRepository(context, _entities.STAGE)
        self.batches = BatchRepository(context, _entities.BATCH)
        self.samples = SampleRepository(context, _entities.SAMPLE)
        self.environments = EnvironmentRepository(context, _entities.ENVIRONMENT)
        self.relations = RelationRepository(context, _entities.RELATION)
        self.provenance = ProvenanceRepository(context, _entities.PROVENANCE)
        self._repositories = {
            "project": self.projects,
            "run": self.runs,
            "deployment_execution": self.deployments,
            "stage_execution": self.stages,
            "batch_execution": self.batches,
            "sample_observation": self.samples,
            "environment_snapshot": self.environments,
            "relation": self.relations,
            "provenance": self.provenance,
        }

    @property
    def duckdb(self) -> DuckDBAdapter:
        """Rows by SQL, read-only."""
        return DuckDBAdapter(self._backend)

    @property
    def pandas(self) -> PandasAdapter:
        """Pandas frames by SQL, read-only."""
        return PandasAdapter(self.duckdb)

    @property
    def polars(self) -> PolarsAdapter:
        """Polars frames by SQL, read-only."""
        return PolarsAdapter(self.duckdb)

    def get_store_schema_version(self) -> str:
        """Return the schema version on disk.

        Raises:
            SchemaVersionError: `metadata_schema_metadata_missing` when the row is gone.
        """
        with self._backend.read() as connection:
            version = connection.execute(
                select(schema_metadata.c.store_schema_version)
            ).scalar_one_or_none()
        if version is None:
            raise SchemaVersionError(
                "The store has lost its schema version. Restore it from a backup.",
                code="metadata_schema_metadata_missing",
            )
        return str(version)

    def list_registered_refs(self) -> tuple[str, ...]:
        """Return every ref that is stored here or named by lineage, sorted as text."""
        with self._backend.read() as connection:
            rows = connection.execute(text("SELECT ref FROM structural_ref_registry"))
            return tuple(sorted({str(row.ref) for row in rows}))

    def build_run_snapshot(self, run_ref: StableRef | str) -> RunSnapshot:
        """Collect a run and what hangs on it, all of one moment.

        Raises:
            NotFoundError: `metadata_row_not_found` for an unknown run.
            IntegrityError: When the row of the run or of its project is damaged. Other damaged
                rows are left out and reported by `damage`.
        """
        wanted = filter_text(run_ref, "run", "run_ref")
        table = _entities.RUN.table
        with self._backend.read() as connection:
            rows = fetch_rows(connection, select(table).where(table.c.ref == wanted))
            if not rows:
                raise NotFoundError(
                    f"There is no {wanted!r} in 'runs'.",
                    code="metadata_row_not_found",
                    details={"table": "runs", "ref": wanted},
                )
            return collect_snapshot(connection, _entities.RUN.model_of(rows[0]), self._damage)

    def check_integrity(self, *, full: bool = True) -> IntegrityReport:
        """Check what is stored; reads only, changes nothing.

        Args:
            full: Whether every row is read and compared with its digest and its columns, and
                the file with itself; otherwise only references and times are checked.
        """
        return check_database(self._backend, full=full)

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

    def damage(self) -> tuple[DamagedRow, ...]:
        """Return the damaged rows that reads of this object have met and left out."""
        return self._damage.rows()

    def close(self) -> None:
        """Close the database. Harmless when repeated; other calls then raise."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _open(settings: MetadataStoreConfig) -> Database:
    try:
        return Database(settings)
    except SchemaVersionError as error:
        if not migrate_at_open(settings, error):
            raise
        return Database(settings)
