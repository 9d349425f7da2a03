"""Views for people who read the ledger with SQL.

They have the names and columns that release 1.0 had as tables: refs, names and instants as text,
and the whole model in `payload_json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._tables import ENTITY_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# View name to its columns; a pair means "this instant column, rendered under that name".
_COLUMNS: dict[str, tuple[str | tuple[str, str], ...]] = {
    "projects": ("ref", "name", ("created_us", "created_at")),
    "runs": ("ref", "project_ref", "name", ("started_us", "started_at"), "status"),
    "deployment_executions": (
        "ref",
        "project_ref",
        "deployment_name",
        "run_ref",
        "order_index",
        ("started_us", "started_at"),
        "status",
    ),
    "stage_executions": (
        "ref",
        "run_ref",
        "stage_name",
        "order_index",
        ("started_us", "started_at"),
        "status",
    ),
    "batch_executions": (
        "ref",
        "run_ref",
        "stage_ref",
        "batch_name",
        "order_index",
        ("started_us", "started_at"),
        "status",
    ),
    "sample_observations": (
        "ref",
        "run_ref",
        "stage_ref",
        "batch_ref",
        "sample_name",
        ("observed_us", "observed_at"),
        "retention_class",
        "redaction_profile",
    ),
    "environment_snapshots": ("ref", "run_ref", ("captured_us", "captured_at")),
    "relations": (
        "ref",
        "source_ref",
        "target_ref",
        "relation_type",
        ("recorded_us", "recorded_at"),
    ),
    "provenance_records": (
        "ref",
        "relation_ref",
        ("asserted_us", "asserted_at"),
        "assertion_mode",
    ),
}

READABLE_NAMES = frozenset(
    {
        *_COLUMNS,
        "lifecycle_history",
        "migration_history",
        "repair_audit",
        "run_origins",
        "run_params",
        "run_tags",
        "run_writers",
        "schema_metadata",
        "structural_ref_registry",
    }
)
"""Tables and views that `table(name)` of the adapters accepts."""


def view_statements(instant_text: Callable[[str], str]) -> Iterator[str]:
    """Yield one `CREATE VIEW` per view.

    Args:
        instant_text: Renders an instant column as text in the dialect at hand.
    """
    for name, columns in _COLUMNS.items():
        items = [
            column if isinstance(column, str) else f"{instant_text(column[0])} AS {column[1]}"
            for column in columns
        ]
        yield (
            f"CREATE VIEW {name} AS SELECT {', '.join(items)}, payload AS payload_json "  # noqa: S608 (fixed names)
            f"FROM ledger_{name}"
        )
    yield (
        "CREATE VIEW lifecycle_history AS SELECT id, ref, field, previous_value, value, "  # noqa: S608 (fixed names)
        f"{instant_text('changed_us')} AS changed_at, actor FROM ledger_lifecycle_history"
    )
    yield (
        "CREATE VIEW migration_history AS SELECT step_id, from_version, to_version, description, "
        "status, applied_at, notes_json FROM ledger_migration_history"
    )
    yield (
        "CREATE VIEW repair_audit AS SELECT repair_id, applied_at, actor, action, issue_code, ref, "
        "table_name, before_json, after_json, undone_at FROM ledger_repair_audit"
    )
    yield f"CREATE VIEW structural_ref_registry AS {_registry(instant_text)}"


def _registry(instant_text: Callable[[str], str]) -> str:
    """Return the registry: every stored entity, then refs that are only mentioned."""
    registered = f"{instant_text('stored_us')} AS registered_at"
    parts = [
        f"SELECT ref, '{_ref_kind(kind)}' AS ref_kind, '{kind}' AS owner_kind, {registered} "  # noqa: S608 (fixed names)
        f"FROM {table.name}"
        for kind, table in ENTITY_TABLES.items()
    ]
    unstored = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table.name} e WHERE e.ref = m.ref)"  # noqa: S608 (fixed names)
        for table in ENTITY_TABLES.values()
    )
    parts.append(
        "SELECT m.ref, m.ref_kind, m.mentioned_as AS owner_kind, "  # noqa: S608 (fixed names)
        f"{instant_text('m.registered_us')} AS registered_at FROM ledger_mentions m "
        f"WHERE {unstored}"
    )
    return " UNION ALL ".join(parts)


def _ref_kind(entity_kind: str) -> str:
    return entity_kind.split("_", maxsplit=1)[0]
