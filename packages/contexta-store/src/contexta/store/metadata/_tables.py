"""The tables of the ledger.

One table per entity, named `ledger_<plural>`. The plain plural names are views for readers of
SQL (see `_views`). A row holds the columns that queries filter and sort by, and the whole model
as canonical JSON; `digest` covers every column, so that a flipped bit is found on read. Instants
are microseconds since 1970 UTC: text would sort `00.5Z` before `00Z`.
"""

from __future__ import annotations

from typing import Any

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
)

CURRENT_METADATA_STORE_SCHEMA_VERSION = "1"

metadata = MetaData()

# Refs and names compare bytewise on every database.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, _TEXT, **{"nullable": False, **options})


def _instant(name: str, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, **{"nullable": False, **options})


def _entity(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(
        f"ledger_{name}",
        metadata,
        _text("ref", primary_key=True),
        *columns,
        _instant("stored_us"),
        Column("revision", Integer, nullable=False),
        _text("payload"),
        Column("digest", LargeBinary, nullable=False),
    )


projects = _entity("projects", _text("name"), _instant("created_us"))

runs = _entity(
    "runs",
    _text("project_ref"),
    _text("name"),
    _instant("started_us"),
    _instant("ended_us", nullable=True),
    _text("status"),
    Index("ledger_runs_by_project", "project_ref", "started_us", "ref"),
    Index("ledger_runs_by_start", "started_us", "ref"),
    Index("ledger_runs_by_name", "name"),
)

deployments = _entity(
    "deployment_executions",
    _text("project_ref"),
    _text("deployment_name"),
    _text("run_ref", nullable=True),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
    Index("ledger_deployments_by_project", "project_ref"),
    Index("ledger_deployments_by_run", "run_ref"),
)

stages = _entity(
    "stage_executions",
    _text("run_ref"),
    _text("stage_name"),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
    Index("ledger_stages_by_run", "run_ref"),
)

batches = _entity(
    "batch_executions",
    _text("run_ref"),
    _text("stage_ref"),
    _text("batch_name"),
    Column("order_index", BigInteger, nullable=True),
    _instant("started_us"),
    _text("status"),
    Index("ledger_batches_by_run", "run_ref"),
    Index("ledger_batches_by_stage", "stage_ref"),
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
    Index("ledger_samples_by_run", "run_ref"),
    Index("ledger_samples_by_stage", "stage_ref"),
    Index("ledger_samples_by_batch", "batch_ref"),
)

environments = _entity(
    "environment_snapshots",
    _text("run_ref"),
    _instant("captured_us"),
    Index("ledger_environments_by_run", "run_ref"),
)

relations = _entity(
    "relations",
    _text("source_ref"),
    _text("target_ref"),
    _text("relation_type"),
    _instant("recorded_us"),
    Index("ledger_relations_by_source", "source_ref"),
    Index("ledger_relations_by_target", "target_ref"),
)

provenance = _entity(
    "provenance_records",
    _text("relation_ref"),
    _instant("asserted_us"),
    _text("assertion_mode"),
    Index("ledger_provenance_by_relation", "relation_ref"),
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
)

run_params = Table(
    "run_params",
    metadata,
    _text("run_ref", primary_key=True),
    _text("key", primary_key=True),
    _text("text"),
    Column("number", Double, nullable=True),
    Index("run_params_by_value", "key", "number", "text"),
    sqlite_with_rowid=False,
)

run_tags = Table(
    "run_tags",
    metadata,
    _text("run_ref", primary_key=True),
    _text("key", primary_key=True),
    _text("value"),
    Index("run_tags_by_value", "key", "value"),
    sqlite_with_rowid=False,
)

run_writers = Table(
    "run_writers",
    metadata,
    _text("run_ref", primary_key=True),
    _text("writer_id"),
    _instant("opened_us"),
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
    Index("ledger_lifecycle_history_by_ref", "ref"),
)

schema_metadata = Table(
    "schema_metadata",
    metadata,
    _text("store_schema_version", primary_key=True),
    _text("applied_at"),
)
