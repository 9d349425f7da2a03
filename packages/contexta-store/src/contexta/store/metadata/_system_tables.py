"""Tables about the ledger itself: its schema revision, its migrations, its repairs.

Importing this module adds them to the metadata of `_tables`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from contexta.contract.time import iso_utc_now
from contexta.store.metadata._tables import (
    CURRENT_METADATA_STORE_SCHEMA_VERSION,
    marked,
    metadata,
    schema_metadata,
)
from contexta.store.metadata._version import HEAD_REVISION

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ID = BigInteger().with_variant(Integer, "sqlite")

# Named and shaped as Alembic does it: it reads and updates this table.
alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# A step that failed may be tried again, so a step can have several rows.
migration_history = Table(
    "ledger_migration_history",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("step_id", Text, nullable=False),
    Column("from_version", Text, nullable=False),
    Column("to_version", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
    Column("notes_json", Text, nullable=True),
    Column(
        "digest",
        LargeBinary,
        nullable=False,
        default=marked(
            "ledger_migration_history",
            "step_id",
            "from_version",
            "to_version",
            "description",
            "status",
            "applied_at",
            "notes_json",
        ),
    ),
)

# What a repair changed, row by row; `before_json` is enough to put the row back.
repair_audit = Table(
    "ledger_repair_audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("repair_id", Text, nullable=False, index=True),
    Column("applied_at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("issue_code", Text, nullable=False),
    Column("ref", Text, nullable=True),
    Column("table_name", Text, nullable=False),
    Column("before_json", Text, nullable=True),
    Column("after_json", Text, nullable=True),
    Column(
        "digest",
        LargeBinary,
        nullable=False,
        default=marked(
            "ledger_repair_audit",
            "repair_id",
            "applied_at",
            "actor",
            "action",
            "issue_code",
            "ref",
            "table_name",
            "before_json",
            "after_json",
        ),
    ),
    Column("undone_at", Text, nullable=True),  # not in the digest: it is set later
)


def stamp_new_ledger(connection: Connection) -> None:
    """Mark tables that were just created as being of the current schema."""
    connection.execute(
        schema_metadata.insert().values(
            store_schema_version=CURRENT_METADATA_STORE_SCHEMA_VERSION, applied_at=iso_utc_now()
        )
    )
    connection.execute(alembic_version.insert().values(version_num=HEAD_REVISION))
