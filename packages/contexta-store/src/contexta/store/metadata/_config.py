"""Settings of the metadata plane. Imports no database library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictBool

from contexta.contract.errors import ConfigurationError
from contexta.store._settings import StoreSettings, absolute_path

LEDGER_FILE_NAME = "ledger.sqlite"
MEMORY = ":memory:"


def _adapter_name(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _database_path(value: object) -> object:
    if isinstance(value, str) and value.strip() == MEMORY:
        return MEMORY
    return absolute_path(value)


class MetadataStoreConfig(StoreSettings):
    """How the metadata plane is opened.

    Attributes:
        storage_adapter: `sqlite`. `duckdb`, the name used by release 1.0, is accepted and means
            the same store; it does not open files that release 1.0 wrote.
        database_path: The database file, or `":memory:"`. Absolute once constructed.
        auto_create: Whether an absent database is created.
        read_only: Whether nothing is ever written or created.
        auto_migrate: Whether an older schema is upgraded at open.
        synchronous: `full` survives a power cut with every confirmed put; `normal` may lose the
            last ones then, and loses nothing when only the process dies.
        busy_timeout_seconds: How long a writer waits for the writers of other processes.
        actor: Who is named in the change history; the login name when None.
    """

    error_code: ClassVar[str] = "metadata_store_invalid_config"
    field_error_codes = {"storage_adapter": "metadata_store_invalid_adapter"}

    storage_adapter: Annotated[Literal["sqlite", "duckdb"], BeforeValidator(_adapter_name)] = (
        "sqlite"
    )
    database_path: Annotated[Path | Literal[":memory:"] | None, BeforeValidator(_database_path)] = (
        None
    )
    auto_create: StrictBool = True
    read_only: StrictBool = False
    auto_migrate: StrictBool = False
    synchronous: Literal["full", "normal"] = "full"
    busy_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    actor: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @property
    def backend(self) -> str:
        """The adapter name as configured."""
        return self.storage_adapter

    @property
    def in_memory(self) -> bool:
        """Whether the database lives in this process only."""
        return self.database_path == MEMORY

    def resolved_database_path(self) -> Path | str:
        """Return the absolute path of the database, or `":memory:"`.

        Raises:
            ConfigurationError: `metadata_store_missing_database_path` when none is set.
        """
        if self.database_path is None:
            raise ConfigurationError(
                "No database path is set. Pass MetadataStoreConfig(database_path=...), "
                'or ":memory:" for a store that ends with the process.',
                code="metadata_store_missing_database_path",
            )
        return self.database_path

    @classmethod
    def from_unified_config(cls, config: Any) -> MetadataStoreConfig:
        """Return the section `config.metadata` with its path filled in.

        Args:
            config: Anything with `.metadata` and `.workspace.metadata_path`.
        """
        section: MetadataStoreConfig = config.metadata
        if section.database_path is not None:
            return section
        path = Path(config.workspace.metadata_path) / LEDGER_FILE_NAME
        return section.model_copy(update={"database_path": path})
