"""The metadata plane as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from contexta.contract.errors import ConfigurationError, NotFoundError, SchemaVersionError
from contexta.store.metadata import _entities
from contexta.store.metadata._adapters import DuckDBAdapter, PandasAdapter, PolarsAdapter
from contexta.store.metadata._care_methods import CareMethods
from contexta.store.metadata._config import MetadataStoreConfig
from contexta.store.metadata._context import StoreContext
from contexta.store.metadata._damage import DamageLog
from contexta.store.metadata._database import Database
from contexta.store.metadata._deletion_methods import DeletionMethods
from contexta.store.metadata._history import login_name
from contexta.store.metadata._log_damage import require_whole_log
from contexta.store.metadata._migrate import migrate_at_open
from contexta.store.metadata._reading import fetch_rows
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._refs_methods import RefMethods
from contexta.store.metadata._registered import registered_refs
from contexta.store.metadata._snapshot import collect_snapshot
from contexta.store.metadata._streams import tolerant_text
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
    from types import TracebackType
    from typing import Self

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._damage import DamagedRow
    from contexta.store.metadata._snapshot import RunSnapshot


class MetadataStore(RefMethods, DeletionMethods, CareMethods):
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
        IntegrityError: `metadata_log_damaged` when confirmed writes cannot be read any more;
            a read-only open shows what is left.
        SchemaVersionError: `metadata_store_schema_version_unsupported`.
    """

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
        """Return every ref that is stored here or named by lineage, sorted as text.

        Each row is compared with its digest; damaged ones are left out and reported by `damage`.
        """
        with self._backend.read() as connection, tolerant_text(connection):
            return tuple(sorted(registered_refs(connection, self._damage)))

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
    require_whole_log(settings)
    try:
        return Database(settings)
    except SchemaVersionError as error:
        if not migrate_at_open(settings, error):
            raise
        return Database(settings)
