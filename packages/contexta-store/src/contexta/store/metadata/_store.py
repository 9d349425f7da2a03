"""The metadata plane as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from contexta.contract.errors import ConfigurationError, NotFoundError, SchemaVersionError
from contexta.store.metadata import _entities
from contexta.store.metadata._adapters import DuckDBAdapter, PandasAdapter, PolarsAdapter
from contexta.store.metadata._config import MetadataStoreConfig
from contexta.store.metadata._damage import DamageLog
from contexta.store.metadata._database import Database
from contexta.store.metadata._history import changes_of, login_name
from contexta.store.metadata._integrity import check_database
from contexta.store.metadata._reading import fetch_rows
from contexta.store.metadata._refs import filter_text, ref_text
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
    from types import TracebackType
    from typing import Self

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._damage import DamagedRow
    from contexta.store.metadata._history import LifecycleChange
    from contexta.store.metadata._integrity import IntegrityReport
    from contexta.store.metadata._snapshot import RunSnapshot


class MetadataStore:
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

    def __init__(self, config: MetadataStoreConfig | None = None) -> None:
        settings = MetadataStoreConfig() if config is None else config
        if not isinstance(settings, MetadataStoreConfig):
            raise ConfigurationError(
                f"MetadataStore needs a MetadataStoreConfig, not {type(settings).__name__}.",
                code="metadata_store_invalid_config",
                details={"type": type(settings).__name__},
            )
        self.config = settings
        self._backend = Database(settings)
        self._damage = DamageLog()
        actor = settings.actor or login_name()
        base = (self._backend, self._damage, actor)
        self.projects = ProjectRepository(base[0], _entities.PROJECT, base[1], base[2])
        self.runs = RunRepository(base[0], _entities.RUN, base[1], base[2])
        self.deployments = DeploymentRepository(base[0], _entities.DEPLOYMENT, base[1], base[2])
        self.stages = StageRepository(base[0], _entities.STAGE, base[1], base[2])
        self.batches = BatchRepository(base[0], _entities.BATCH, base[1], base[2])
        self.samples = SampleRepository(base[0], _entities.SAMPLE, base[1], base[2])
        self.environments = EnvironmentRepository(base[0], _entities.ENVIRONMENT, base[1], base[2])
        self.relations = RelationRepository(base[0], _entities.RELATION, base[1], base[2])
        self.provenance = ProvenanceRepository(base[0], _entities.PROVENANCE, base[1], base[2])

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

    def list_lifecycle_changes(self, ref: StableRef | str) -> tuple[LifecycleChange, ...]:
        """Return the status changes of one entity, oldest first."""
        wanted = ref_text(ref)
        with self._backend.read() as connection:
            return changes_of(connection, wanted)

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
