"""Choose the engine for a configuration: the only place that names both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._sqlite_engine import SqliteEngine

if TYPE_CHECKING:
    from contexta.store.metadata._config import MetadataStoreConfig
    from contexta.store.metadata._engine import LedgerEngine, LedgerState


def open_engine(config: MetadataStoreConfig) -> LedgerEngine:
    """Return the engine for the database that a configuration names; connects to nothing.

    Raises:
        ConfigurationError: `metadata_store_missing_database_path` when it names none.
        DependencyError: `metadata_store_backend_missing` without the driver of PostgreSQL.
    """
    if config.on_server:
        from contexta.store.metadata._postgres_engine import PostgresEngine

        return PostgresEngine(
            config.resolved_url(),
            schema=config.resolved_schema_name(),
            read_only=config.read_only,
            durable=config.synchronous == "full",
            busy_timeout_seconds=config.busy_timeout_seconds,
        )
    return SqliteEngine(
        config.resolved_database_path(),
        read_only=config.read_only,
        synchronous=config.synchronous,
        busy_timeout_seconds=config.busy_timeout_seconds,
    )


def ledger_state(config: MetadataStoreConfig) -> LedgerState:
    """Tell what is at the place that a configuration names; changes nothing there.

    Raises:
        StoreAccessError: When it cannot be read.
    """
    engine = open_engine(config)
    try:
        with translated_database_errors(engine.place):
            return engine.state()
    finally:
        engine.close()
