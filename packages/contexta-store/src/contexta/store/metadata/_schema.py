"""What schema a database has, without opening it as a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError, StoreError
from contexta.store.metadata._config import MetadataStoreConfig
from contexta.store.metadata._errors import translated_database_errors
from contexta.store.metadata._migration_steps import steps_between
from contexta.store.metadata._open_engine import open_engine
from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION

if TYPE_CHECKING:
    from contexta.store.metadata._engine import LedgerState


@dataclass(frozen=True, slots=True)
class SchemaInspection:
    """The schema of a database file, and whether this release can use it.

    `notes` is one of `in_memory_store`, `store_missing`, `schema_metadata_missing` (a database
    of another program), `schema_version_row_missing`, `unsupported_migration_path`, or empty.
    """

    exists: bool
    current_version: str | None
    target_version: str
    requires_migration: bool
    supported: bool
    notes: tuple[str, ...] = ()


def inspect_schema(
    config: MetadataStoreConfig | None = None, *, target_version: str | None = None
) -> SchemaInspection:
    """Tell which schema version a database has. Reads only, also while others write.

    Args:
        config: Names the database.
        target_version: The version asked for; None means the one of this release.

    Raises:
        ConfigurationError: `metadata_store_missing_database_path` without a path.
        StoreAccessError: `metadata_schema_inspection_failed` when it cannot be read.
    """
    settings = MetadataStoreConfig() if config is None else config
    target = target_version or CURRENT_METADATA_STORE_SCHEMA_VERSION
    if settings.in_memory:
        return SchemaInspection(False, None, target, False, True, ("in_memory_store",))
    state = _state(settings)
    if state.kind in {"absent", "empty"}:
        return SchemaInspection(False, None, target, False, True, ("store_missing",))
    if state.kind == "foreign":
        return SchemaInspection(True, None, target, False, False, ("schema_metadata_missing",))
    if state.kind == "unversioned" or state.version is None:
        return SchemaInspection(True, None, target, False, False, ("schema_version_row_missing",))
    if state.version == target:
        return SchemaInspection(True, state.version, target, False, True)
    if steps_between(state.version, target) is not None:
        return SchemaInspection(True, state.version, target, True, True)
    notes = ("unsupported_migration_path",)
    return SchemaInspection(True, state.version, target, True, False, notes)


def _state(settings: MetadataStoreConfig) -> LedgerState:
    engine = open_engine(settings.model_copy(update={"read_only": True}))
    try:
        with translated_database_errors(engine.place):
            return engine.state()
    except StoreError as error:
        raise StoreAccessError(
            f"The schema of {engine.place!r} cannot be read: {error.message}",
            code="metadata_schema_inspection_failed",
            details={"database_path": engine.place},
            retryable=error.retryable,
        ) from error
    finally:
        engine.dispose()
