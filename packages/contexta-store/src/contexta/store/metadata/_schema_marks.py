"""The schema marks of a ledger, read and written on a connection of SQLAlchemy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select

from contexta.contract.time import iso_utc_now
from contexta.store.metadata._migration_models import MigrationHistoryRow
from contexta.store.metadata._system_tables import alembic_version, migration_history
from contexta.store.metadata._tables import schema_metadata
from contexta.store.metadata._version import schema_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Connection

    from contexta.store.metadata._migration_models import MigrationStep


def stored_version(connection: Connection) -> str | None:
    """Return the schema version of a ledger; None when its mark is lost."""
    public = connection.execute(select(schema_metadata.c.store_schema_version)).scalar()
    if public is None:
        return None
    revisions = None
    if inspect(connection).has_table(alembic_version.name):
        rows = connection.execute(select(alembic_version.c.version_num)).scalars()
        revisions = tuple(str(row) for row in rows)
    return schema_version(str(public), revisions)


def set_version(connection: Connection, version: str) -> None:
    """Replace the public version mark."""
    connection.execute(schema_metadata.delete())
    connection.execute(
        schema_metadata.insert().values(store_schema_version=version, applied_at=iso_utc_now())
    )


def record_step(
    connection: Connection, step: MigrationStep, status: str, notes: Mapping[str, Any] | None
) -> MigrationHistoryRow:
    """Add a row to the history of migrations, which is created when it is missing."""
    row = MigrationHistoryRow(
        step_id=step.step_id,
        from_version=step.from_version,
        to_version=step.to_version,
        description=step.description,
        status=status,
        applied_at=iso_utc_now(),
        notes=notes,
    )
    migration_history.create(connection, checkfirst=True)
    connection.execute(
        migration_history.insert(),
        {
            "step_id": row.step_id,
            "from_version": row.from_version,
            "to_version": row.to_version,
            "description": row.description,
            "status": row.status,
            "applied_at": row.applied_at,
            "notes_json": None if row.notes is None else json.dumps(row.notes, sort_keys=True),
        },
    )
    return row
