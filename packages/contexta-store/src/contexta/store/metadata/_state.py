"""What marks a ledger as one, on any database, and which of them this release may touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import SchemaVersionError, StoreAccessError
from contexta.store.metadata._engine import LedgerState
from contexta.store.metadata._tables import CURRENT_METADATA_STORE_SCHEMA_VERSION
from contexta.store.metadata._version import FIRST_VERSION, schema_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

_MARKS = frozenset({"schema_metadata", "ledger_runs"})


def state_of(
    names: Collection[str], query: Callable[[str], Sequence[Sequence[Any]]]
) -> LedgerState:
    """Tell what a database is, from the names of its tables and the marks inside it.

    Args:
        names: All tables and views of the file, or of the schema.
        query: Runs a SELECT and returns its rows.
    """
    if not names:
        return LedgerState("empty")
    if not set(names) >= _MARKS:
        return LedgerState("foreign")
    found = query("SELECT store_schema_version FROM schema_metadata")
    if not found:
        return LedgerState("unversioned")
    revisions = None
    if "alembic_version" in names:
        rows = query("SELECT version_num FROM alembic_version")
        revisions = tuple(str(row[0]) for row in rows)
    return LedgerState("ledger", schema_version(str(found[0][0]), revisions))


def require_ours(place: Path | str, state: LedgerState) -> None:
    """Refuse databases of other programs, and ledgers whose version is lost.

    Raises:
        StoreAccessError: `metadata_store_foreign_database`.
        SchemaVersionError: `metadata_schema_metadata_missing`.
    """
    if state.kind == "foreign":
        raise StoreAccessError(
            f"{str(place)!r} is a database of another program; Contexta does not add its "
            "tables to it. Choose another path, or another schema of the server.",
            code="metadata_store_foreign_database",
            details={"database_path": str(place)},
        )
    if state.kind == "unversioned":
        raise SchemaVersionError(
            f"{str(place)!r} has lost its schema version. Restore it from a backup.",
            code="metadata_schema_metadata_missing",
            details={"database_path": str(place)},
        )


def require_supported(place: Path | str, state: LedgerState) -> None:
    """Refuse whatever this release must not touch.

    Raises:
        StoreAccessError: `metadata_store_foreign_database`.
        SchemaVersionError: `metadata_schema_metadata_missing` or
            `metadata_store_schema_version_unsupported`.
    """
    require_ours(place, state)
    if state.kind == "ledger" and state.version == FIRST_VERSION:
        raise SchemaVersionError(
            f"{str(place)!r} has schema version {FIRST_VERSION!r}, which an earlier release "
            "wrote. Close it everywhere, then open it once with auto_migrate=True, or call "
            "contexta.store.metadata.migrate_for(config): both copy it first.",
            code="metadata_store_schema_version_unsupported",
            details={
                "database_path": str(place),
                "current_version": state.version,
                "supported_version": CURRENT_METADATA_STORE_SCHEMA_VERSION,
            },
        )
    if state.kind == "ledger" and state.version != CURRENT_METADATA_STORE_SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{str(place)!r} has schema version {state.version!r}; this release supports "
            f"{CURRENT_METADATA_STORE_SCHEMA_VERSION!r}. Use the release that wrote it; nothing "
            "was changed.",
            code="metadata_store_schema_version_unsupported",
            details={
                "database_path": str(place),
                "current_version": state.version,
                "supported_version": CURRENT_METADATA_STORE_SCHEMA_VERSION,
            },
        )
