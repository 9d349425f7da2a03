"""The tables of the ledger.

One table per entity, named `ledger_<plural>`. The plain plural names are views for readers of
SQL (see `_views`). A row holds the columns that queries filter and sort by, and the whole model
as canonical JSON; `digest` covers every column, so that a flipped bit is found on read. Instants
are microseconds since 1970 UTC: text would sort `00.5Z` before `00Z`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    literal_column,
)

from contexta.store.metadata._rows import row_digest
from contexta.store.metadata._types import PostgresText

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

CURRENT_METADATA_STORE_SCHEMA_VERSION = "1"

metadata = MetaData()

# Refs and names compare bytewise on every database.
_TEXT = Text().with_variant(PostgresText(), "postgresql")


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, _TEXT, **{"nullable": False, **options})


def _instant(name: str, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, **{"nullable": False, **options})


def _digest(**options: Any) -> Column[Any]:
    return Column("digest", LargeBinary, **{"nullable": False, **options})


MARKED: dict[str, tuple[str, ...]] = {}
"""Tables besides the entities whose rows carry a digest, and the columns that it covers."""


def marked(name: str, *columns: str) -> Callable[[Any], bytes]:
    """Return a column default: the digest of `columns` of the row that is being inserted."""
    MARKED[name] = columns

    def digest(context: Any) -> bytes:
        given = context.get_current_parameters()
        return row_digest(name, tuple(given.get(column) for column in columns))

    return digest


def none_last(column: Column[Any]) -> ColumnElement[Any]:
    """Return what to sort by instead of a column, so that NULL comes last, and an index helps.

    NULLS LAST cannot stand in an index of SQLite, and a page that starts after NULL needs a value
    to compare with. The stand-in is greater than every ref, and than every index in use.
    """
    if isinstance(column.type, BigInteger):
        return func.coalesce(column, literal_column(str((1 << 63) - 1)))
    return func.coalesce(column, literal_column("'~'"))


#: For equality on PostgreSQL, whose ordered indexes refuse long values. Its engine makes them
#: hash indexes: to say so here would load that dialect for SQLite.
BY_HASH: list[Index] = []


def _by_hash(name: str, column: str) -> Index:
    index = Index(name, column).ddl_if(dialect="postgresql")
    BY_HASH.append(index)
    return index


def _entity(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(
        f"ledger_{name}",
        metadata,
        _text("ref", primary_key=True),
        *columns,
        _instant("stored_us"),
        Column("revision", Integer, nullable=False),
        _text("payload"),
        _digest(),
    )


projects = _entity(
    "projects",
    _text("name"),
    _instant("created_us"),
    Index("ledger_projects_by_name", "name", "ref"),
)

runs = _entity(
    "runs",
    _text("project_ref"),
    _text("name"),
    _instant("started_us"),
    _instant("ended_us", nullable=True),
    _text("status"),
    Index("ledger_runs_by_project", "project_ref", "started_us", "ref"),
    Index("ledger_runs_by_start", "started_us", "ref"),
    Index("ledger_runs_in_name_order", "name", "ref"),
    Index("ledger_runs_by_status", "status", "started_us", "ref"),
)

deployments = _entity(
    "deployment_executions",
    _text("project_ref"),
    _text("deployment_name"),
    _text("run_ref", nullable=True),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
)
_order = none_last(deployments.c.order_index)
Index(
    "ledger_deployments_in_project_order",
    deployments.c.project_ref,
    deployments.c.deployment_name,
    _order,
    deployments.c.started_us,
    deployments.c.ref,
)
Index(
    "ledger_deployments_in_run_order",
    deployments.c.run_ref,
    _order,
    deployments.c.started_us,
    deployments.c.ref,
)

stages = _entity(
    "stage_executions",
    _text("run_ref"),
    _text("stage_name"),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
)
Index(
    "ledger_stages_in_order",
    stages.c.run_ref,
    none_last(stages.c.order_index),
    stages.c.started_us,
    stages.c.ref,
)

batches = _entity(
    "batch_executions",
    _text("run_ref"),
    _text("stage_ref"),
    _text("batch_name"),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
)
# A stage ref tells its run, so that this index serves the batches of a stage, too.
Index(
    "ledger_batches_in_order",
    batches.c.run_ref,
    batches.c.stage_ref,
    none_last(batches.c.order_index),
    batches.c.started_us,
    batches.c.ref,
)

samples = _entity(
    "sample_observations",
    _text("run_ref"),
    _text("stage_ref"),
    _text("batch_ref", nullable=True),
    _text("sample_name"),
    _instant("observed_us"),
    _text("retention_class", nullable=True),
    _text("redaction_profile", nullable=True),
)
# The same for the samples of a stage or of a batch.
Index(
    "ledger_samples_in_order",
    samples.c.run_ref,
    samples.c.stage_ref,
    none_last(samples.c.batch_ref),
    samples.c.observed_us,
    samples.c.ref,
)

environments = _entity(
    "environment_snapshots",
    _text("run_ref"),
    _instant("captured_us"),
    Index("ledger_environments_in_order", "run_ref", "captured_us", "ref"),
)

relations = _entity(
    "relations",
    _text("source_ref"),
    _text("target_ref"),
    _text("relation_type"),
    _instant("recorded_us"),
    Index("ledger_relations_from_source", "source_ref", "recorded_us", "ref"),
    Index("ledger_relations_to_target", "target_ref", "recorded_us", "ref"),
)

provenance = _entity(
    "provenance_records",
    _text("relation_ref"),
    _instant("asserted_us"),
    _text("assertion_mode"),
    Index("ledger_provenance_in_order", "relation_ref", "asserted_us", "ref"),
)

ENTITY_TABLES: dict[str, Table] = {
    "project": projects,
    "run": runs,
    "deployment_execution": deployments,
    "stage_execution": stages,
    "batch_execution": batches,
    "sample_observation": samples,
    "environment_snapshot": environments,
    "relation": relations,
    "provenance": provenance,
}
"""Entity kind to table, parents before children."""

TABLE_OF_REF_KIND: dict[str, Table] = {
    "project": projects,
    "run": runs,
    "deployment": deployments,
    "stage": stages,
    "batch": batches,
    "sample": samples,
    "environment": environments,
    "relation": relations,
    "provenance": provenance,
}
"""Kind of a stable ref to the table that holds its entity."""

# Refs that lineage names without this plane storing their entity (artifacts, records, evidence).
# Refs of stored entities are not copied here, so the registry cannot disagree with the tables.
mentions = Table(
    "ledger_mentions",
    metadata,
    _text("ref", primary_key=True),
    _text("ref_kind"),
    _text("mentioned_as"),
    _instant("registered_us"),
    _digest(
        nullable=True,
        default=marked("ledger_mentions", "ref", "ref_kind", "mentioned_as", "registered_us"),
    ),
)

# Which refs a relation or an assertion names besides its endpoints, and as what; derived from the
# payloads. Roles: evidence, operation_context, formation_context, evidence_bundle.
citations = Table(
    "ledger_citations",
    metadata,
    _text("owner_ref", primary_key=True),
    _text("ref", primary_key=True),
    _text("role", primary_key=True),
    Index("ledger_citations_by_ref", "ref"),
    sqlite_with_rowid=False,
)

# What a run ran on, for filters; derived from the payload. Only runs that name one of the two.
run_origins = Table(
    "run_origins",
    metadata,
    _text("run_ref", primary_key=True),
    _text("code_revision", nullable=True),
    _text("dataset_ref", nullable=True),
    Index("run_origins_by_code", "code_revision"),
    Index("run_origins_by_dataset", "dataset_ref"),
    sqlite_with_rowid=False,
)

run_params = Table(
    "run_params",
    metadata,
    _text("run_ref", primary_key=True),
    _text("key", primary_key=True),
    _text("text"),
    Column("number", Double, nullable=True),
    Index("run_params_by_value", "key", "number", "text").ddl_if(dialect="sqlite"),
    Index("run_params_by_number", "key", "number").ddl_if(dialect="postgresql"),
    _by_hash("run_params_by_text", "text"),
    sqlite_with_rowid=False,
)

run_tags = Table(
    "run_tags",
    metadata,
    _text("run_ref", primary_key=True),
    _text("key", primary_key=True),
    _text("value"),
    Index("run_tags_by_value", "key", "value").ddl_if(dialect="sqlite"),
    _by_hash("run_tags_by_value_hash", "value"),
    sqlite_with_rowid=False,
)

run_writers = Table(
    "run_writers",
    metadata,
    _text("run_ref", primary_key=True),
    _text("writer_id"),
    _instant("opened_us"),
    _digest(nullable=True, default=marked("run_writers", "run_ref", "writer_id", "opened_us")),
    sqlite_with_rowid=False,
)

# The next suffix to try for a run ref that was taken: without it, the thousandth run of a name
# would probe 999 refs.
run_suffixes = Table(
    "ledger_run_suffixes",
    metadata,
    _text("base_ref", primary_key=True),
    Column("next_suffix", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

lifecycle_history = Table(
    "ledger_lifecycle_history",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _text("ref"),
    _text("field"),
    _text("previous_value", nullable=True),
    _text("value"),
    _instant("changed_us"),
    _text("actor"),
    _digest(
        nullable=True,
        default=marked(
            "ledger_lifecycle_history",
            "ref",
            "field",
            "previous_value",
            "value",
            "changed_us",
            "actor",
        ),
    ),
    Index("ledger_lifecycle_history_by_ref", "ref"),
)

# Entities that lists may leave out; everything else about them stays as it is.
archived = Table(
    "ledger_archived",
    metadata,
    _text("ref", primary_key=True),
    _text("ref_kind"),
    _instant("archived_us"),
    _text("actor"),
    _digest(default=marked("ledger_archived", "ref", "ref_kind", "archived_us", "actor")),
    sqlite_with_rowid=False,
)

# One row for each deletion, kept for good: it holds no content, and the revision that the next
# row of this ref continues from.
_BURIED = ("ref", "ref_kind", "deleted_us", "actor", "reason", "last_revision", "payload_digest")
tombstones = Table(
    "ledger_tombstones",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _text("ref"),
    _text("ref_kind"),
    _instant("deleted_us"),
    _text("actor"),
    _text("reason", nullable=True),
    Column("last_revision", Integer, nullable=False),
    Column("payload_digest", LargeBinary, nullable=False),
    _digest(default=marked("ledger_tombstones", *_BURIED)),
    Index("ledger_tombstones_by_ref", "ref"),
)

schema_metadata = Table(
    "schema_metadata",
    metadata,
    _text("store_schema_version", primary_key=True),
    _text("applied_at"),
)
