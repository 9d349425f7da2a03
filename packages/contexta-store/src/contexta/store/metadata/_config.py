"""Settings of the metadata plane. Imports no database library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_serializer,
    model_validator,
)

from contexta.contract.errors import ConfigurationError
from contexta.store._settings import StoreSettings, absolute_path
from contexta.store.metadata._url import URL_SCHEMES, looks_like_url, redacted, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

LEDGER_FILE_NAME = "ledger.sqlite"
MEMORY = ":memory:"
DEFAULT_SCHEMA_NAME = "contexta"
# Names of PostgreSQL that need no quotes: nothing in them can end a setting.
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")


def _adapter_name(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _database_path(value: object) -> object:
    if isinstance(value, str) and value.strip() == MEMORY:
        return MEMORY
    return absolute_path(value)


def _url(value: object) -> object:
    if not isinstance(value, str):
        return value
    url = value.strip()
    if scheme_of(url) not in URL_SCHEMES or not looks_like_url(url):
        raise ValueError(
            "a database URL reads postgresql://user@host:5432/database; the password may stay "
            "in PGPASSWORD or in ~/.pgpass"
        )
    return url


def _schema_name(value: object) -> object:
    if isinstance(value, str) and not _SCHEMA_NAME.fullmatch(value):
        raise ValueError("a schema name is 1 to 63 of a-z, 0-9 and '_', and starts not with pg_")
    return value


class MetadataStoreConfig(StoreSettings):
    """How the metadata plane is opened.

    Attributes:
        storage_adapter: `sqlite` or `postgresql`. `duckdb`, the name used by release 1.0, is
            accepted and means SQLite; it does not open files that release 1.0 wrote. A `url`
            alone chooses `postgresql`.
        database_path: The database file, or `":memory:"`. Absolute once constructed. A text
            with `://` is taken as `url`.
        url: `postgresql://user@host:5432/database`, libpq parameters after `?`. The password
            may stay outside: libpq reads `PGPASSWORD` and `~/.pgpass`. Printed and exported
            without its password.
        schema_name: Schema of the database that holds the ledger, one for each workspace;
            `contexta` when None.
        auto_create: Whether an absent database is created.
        read_only: Whether nothing is ever written or created.
        auto_migrate: Whether an older schema is upgraded at open.
        synchronous: `full` survives a power cut with every confirmed put; `normal` may lose the
            last ones then, and loses nothing when only the process dies.
        busy_timeout_seconds: How long a writer waits for the writers of other processes.
        actor: Who is named in the change history; the login name when None.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # a URL may hold a password

    error_code: ClassVar[str] = "metadata_store_invalid_config"
    field_error_codes = {"storage_adapter": "metadata_store_invalid_adapter"}

    storage_adapter: Annotated[
        Literal["sqlite", "duckdb", "postgresql"], BeforeValidator(_adapter_name)
    ] = "sqlite"
    database_path: Annotated[Path | Literal[":memory:"] | None, BeforeValidator(_database_path)] = (
        None
    )
    auto_create: StrictBool = True
    read_only: StrictBool = False
    auto_migrate: StrictBool = False
    synchronous: Literal["full", "normal"] = "full"
    busy_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    actor: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    url: Annotated[str | None, BeforeValidator(_url)] = None
    schema_name: Annotated[str | None, BeforeValidator(_schema_name)] = None

    @model_validator(mode="before")
    @classmethod
    def _sort_out_places(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = dict(values)
        place = values.get("database_path")
        if isinstance(place, str) and looks_like_url(place) and values.get("url") is None:
            values["url"] = values.pop("database_path")
        if values.get("url") is not None and _adapter_name(
            values.get("storage_adapter", "sqlite")
        ) in {"sqlite", "duckdb"}:
            values["storage_adapter"] = "postgresql"
        return values

    @model_validator(mode="after")
    def _require_one_place(self) -> Self:
        if self.url is not None and self.database_path is not None:
            raise ValueError("database_path and url are both set; a ledger has one place")
        if self.schema_name is not None and not self.on_server:
            raise ValueError("schema_name is for PostgreSQL; set url, too")
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, redacted(value) if isinstance(value, str) else value

    @field_serializer("url", when_used="json")
    def _without_password(self, url: str | None) -> str | None:
        return None if url is None else redacted(url)

    @classmethod
    def _shown(cls, value: object) -> str:
        return redacted(repr(value))[:200]

    @property
    def on_server(self) -> bool:
        """Whether the ledger is on a PostgreSQL server."""
        return self.storage_adapter == "postgresql"

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
            ConfigurationError: `metadata_store_missing_database_path` when none is set;
                `metadata_store_not_a_file` when the ledger is on a server.
        """
        if self.on_server:
            raise ConfigurationError(
                "This ledger is on a PostgreSQL server; it has no database file.",
                code="metadata_store_not_a_file",
            )
        if self.database_path is None:
            raise ConfigurationError(
                "No database path is set. Pass MetadataStoreConfig(database_path=...), "
                'or ":memory:" for a store that ends with the process.',
                code="metadata_store_missing_database_path",
            )
        return self.database_path

    def resolved_url(self) -> str:
        """Return the URL of the server, password included.

        Raises:
            ConfigurationError: `metadata_store_missing_database_path` when none is set.
        """
        if self.url is None:
            raise ConfigurationError(
                "storage_adapter is postgresql, but no url is set. Pass "
                'MetadataStoreConfig(url="postgresql://user@host/database").',
                code="metadata_store_missing_database_path",
            )
        return self.url

    def resolved_schema_name(self) -> str:
        """Return the schema of the server that holds the ledger."""
        return self.schema_name or DEFAULT_SCHEMA_NAME

    @classmethod
    def from_unified_config(cls, config: Any) -> MetadataStoreConfig:
        """Return the section `config.metadata` with its path filled in.

        Args:
            config: Anything with `.metadata` and `.workspace.metadata_path`.
        """
        section: MetadataStoreConfig = config.metadata
        if section.database_path is not None or section.on_server:
            return section
        path = Path(config.workspace.metadata_path) / LEDGER_FILE_NAME
        return section.model_copy(update={"database_path": path})
