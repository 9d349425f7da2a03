"""Add what the complete plane needs to a ledger without revisions.

New: tombstones, archives, citations of lineage, origins of runs, the histories of migrations and
repairs, digests for the tables that had none. Indexes follow the orders in which lists are read.
Nothing that was stored changes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

from contexta.store.metadata._rows import row_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PAGE = 500

_OLD_INDEXES = {
    "ledger_runs": ("ledger_runs_by_name",),
    "ledger_deployment_executions": (
        "ledger_deployments_by_project",
        "ledger_deployments_by_run",
    ),
    "ledger_stage_executions": ("ledger_stages_by_run",),
    "ledger_batch_executions": ("ledger_batches_by_run", "ledger_batches_by_stage"),
    "ledger_sample_observations": (
        "ledger_samples_by_run",
        "ledger_samples_by_stage",
        "ledger_samples_by_batch",
    ),
    "ledger_environment_snapshots": ("ledger_environments_by_run",),
    "ledger_relations": ("ledger_relations_by_source", "ledger_relations_by_target"),
    "ledger_provenance_records": ("ledger_provenance_by_relation",),
}

_ORDER = "coalesce(order_index, 9223372036854775807)"
_NEW_INDEXES = (
    ("ledger_projects", "ledger_projects_by_name", "name", "ref"),
    ("ledger_runs", "ledger_runs_in_name_order", "name", "ref"),
    ("ledger_runs", "ledger_runs_by_status", "status", "started_us", "ref"),
    (
        "ledger_deployment_executions",
        "ledger_deployments_in_project_order",
        "project_ref",
        "deployment_name",
        _ORDER,
        "started_us",
        "ref",
    ),
    (
        "ledger_deployment_executions",
        "ledger_deployments_in_run_order",
        "run_ref",
        _ORDER,
        "started_us",
        "ref",
    ),
    ("ledger_stage_executions", "ledger_stages_in_order", "run_ref", _ORDER, "started_us", "ref"),
    (
        "ledger_batch_executions",
        "ledger_batches_in_order",
        "run_ref",
        "stage_ref",
        _ORDER,
        "started_us",
        "ref",
    ),
    (
        "ledger_sample_observations",
        "ledger_samples_in_order",
        "run_ref",
        "stage_ref",
        "coalesce(batch_ref, '~')",
        "observed_us",
        "ref",
    ),
    (
        "ledger_environment_snapshots",
        "ledger_environments_in_order",
        "run_ref",
        "captured_us",
        "ref",
    ),
    ("ledger_relations", "ledger_relations_from_source", "source_ref", "recorded_us", "ref"),
    ("ledger_relations", "ledger_relations_to_target", "target_ref", "recorded_us", "ref"),
    (
        "ledger_provenance_records",
        "ledger_provenance_in_order",
        "relation_ref",
        "asserted_us",
        "ref",
    ),
)


def upgrade() -> None:
    """Apply the revision, inside of the transaction of the caller."""
    _create_entity_facts()
    _create_deletions()
    _create_system_tables()
    for table, names in _OLD_INDEXES.items():
        for name in names:
            op.drop_index(name, table_name=table)
    for table, name, *columns in _NEW_INDEXES:
        op.create_index(name, table, [_index_column(column) for column in columns])
    _add_digests()
    _fill_citations()
    _fill_origins()
    op.execute(
        "CREATE VIEW migration_history AS SELECT step_id, from_version, to_version, description, "
        "status, applied_at, notes_json FROM ledger_migration_history"
    )
    op.execute(
        "CREATE VIEW repair_audit AS SELECT repair_id, applied_at, actor, action, issue_code, ref, "
        "table_name, before_json, after_json, undone_at FROM ledger_repair_audit"
    )


def _text() -> sa.types.TypeEngine[Any]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _id() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _index_column(column: str) -> Any:
    return sa.text(column) if "(" in column else column


def _create_entity_facts() -> None:
    op.create_table(
        "ledger_citations",
        sa.Column("owner_ref", _text(), primary_key=True),
        sa.Column("ref", _text(), primary_key=True),
        sa.Column("role", _text(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ledger_citations_by_ref", "ledger_citations", ["ref"])
    op.create_table(
        "run_origins",
        sa.Column("run_ref", _text(), primary_key=True),
        sa.Column("code_revision", _text(), nullable=True),
        sa.Column("dataset_ref", _text(), nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_index("run_origins_by_code", "run_origins", ["code_revision"])
    op.create_index("run_origins_by_dataset", "run_origins", ["dataset_ref"])


def _create_deletions() -> None:
    op.create_table(
        "ledger_archived",
        sa.Column("ref", _text(), primary_key=True),
        sa.Column("ref_kind", _text(), nullable=False),
        sa.Column("archived_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", _text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_tombstones",
        sa.Column("id", _id(), primary_key=True),
        sa.Column("ref", _text(), nullable=False),
        sa.Column("ref_kind", _text(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", _text(), nullable=False),
        sa.Column("reason", _text(), nullable=True),
        sa.Column("last_revision", sa.Integer(), nullable=False),
        sa.Column("payload_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ledger_tombstones_by_ref", "ledger_tombstones", ["ref"])


def _create_system_tables() -> None:
    # A step that failed before has left its history behind.
    if not sa.inspect(op.get_bind()).has_table("ledger_migration_history"):
        op.create_table(
            "ledger_migration_history",
            sa.Column("id", _id(), primary_key=True),
            sa.Column("step_id", sa.Text(), nullable=False),
            sa.Column("from_version", sa.Text(), nullable=False),
            sa.Column("to_version", sa.Text(), nullable=False),
            sa.Column("description", sa.Text(), nullable=False),
            sa.Column("status", sa.Text(), nullable=False),
            sa.Column("applied_at", sa.Text(), nullable=False),
            sa.Column("notes_json", sa.Text(), nullable=True),
            sa.Column("digest", sa.LargeBinary(), nullable=False),
        )
    op.create_table(
        "ledger_repair_audit",
        sa.Column("id", _id(), primary_key=True),
        sa.Column("repair_id", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("issue_code", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("before_json", sa.Text(), nullable=True),
        sa.Column("after_json", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("undone_at", sa.Text(), nullable=True),
    )
    op.create_index("ix_ledger_repair_audit_repair_id", "ledger_repair_audit", ["repair_id"])


def _add_digests() -> None:
    for table in ("ledger_lifecycle_history", "ledger_mentions", "run_writers"):
        op.add_column(table, sa.Column("digest", sa.LargeBinary(), nullable=True))
    _fill_digests("ledger_mentions", ("ref",), ("ref", "ref_kind", "mentioned_as", "registered_us"))
    _fill_digests(
        "ledger_lifecycle_history",
        ("id",),
        ("ref", "field", "previous_value", "value", "changed_us", "actor"),
    )
    _fill_digests("run_writers", ("run_ref",), ("run_ref", "writer_id", "opened_us"))


def _fill_digests(name: str, key: tuple[str, ...], columns: tuple[str, ...]) -> None:
    names = dict.fromkeys((*key, *columns, "digest"))
    table = sa.table(name, *(sa.column(column) for column in names))
    own = [table.c[column] == sa.bindparam(f"own_{column}") for column in key]
    update = sa.update(table).where(*own).values(digest=sa.bindparam("new_digest"))
    for rows in _pages(table, key[0]):
        changes = [
            {
                **{f"own_{column}": row[column] for column in key},
                "new_digest": row_digest(name, tuple(row[column] for column in columns)),
            }
            for row in rows
        ]
        op.get_bind().execute(update, changes)


def _fill_citations() -> None:
    citations = sa.table(
        "ledger_citations", sa.column("owner_ref"), sa.column("ref"), sa.column("role")
    )
    for name, fields in (
        (
            "ledger_relations",
            (("evidence_refs", "evidence"), ("operation_context_ref", "operation_context")),
        ),
        (
            "ledger_provenance_records",
            (
                ("formation_context_ref", "formation_context"),
                ("evidence_bundle_ref", "evidence_bundle"),
            ),
        ),
    ):
        table = sa.table(name, sa.column("ref"), sa.column("payload"))
        for rows in _pages(table, "ref"):
            found = {
                (row["ref"], cited, role)
                for row in rows
                for field, role in fields
                for cited in _texts(_content(row["payload"]).get(field))
            }
            if found:
                values = [
                    {"owner_ref": owner, "ref": cited, "role": role}
                    for owner, cited, role in sorted(found)
                ]
                op.get_bind().execute(sa.insert(citations), values)


def _fill_origins() -> None:
    origins = sa.table(
        "run_origins", sa.column("run_ref"), sa.column("code_revision"), sa.column("dataset_ref")
    )
    table = sa.table("ledger_runs", sa.column("ref"), sa.column("payload"))
    for rows in _pages(table, "ref"):
        values = []
        for row in rows:
            content = _content(row["payload"])
            code, dataset = content.get("code_revision"), content.get("dataset_ref")
            if code is not None or dataset is not None:
                values.append(
                    {"run_ref": row["ref"], "code_revision": code, "dataset_ref": dataset}
                )
        if values:
            op.get_bind().execute(sa.insert(origins), values)


def _content(payload: str) -> Mapping[str, Any]:
    """Return a payload as an object; a damaged one is empty here, and reported by the check."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _texts(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str):
            yield item


def _pages(table: sa.TableClause, key: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table by their key, some at a time, so that memory stays bounded."""
    last: Any = None
    while True:
        statement = sa.select(table).order_by(table.c[key]).limit(_PAGE)
        if last is not None:
            statement = statement.where(table.c[key] > last)
        rows = [dict(row._mapping) for row in op.get_bind().execute(statement)]
        if not rows:
            return
        yield rows
        last = rows[-1][key]
