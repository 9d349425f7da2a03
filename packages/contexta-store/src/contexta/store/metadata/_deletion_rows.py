"""The rows that a deletion takes away, and those that it leaves behind as its trace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.store.metadata import _tables as t
from contexta.store.metadata._deletion_closure import ORDER
from contexta.store.metadata._history import forget_content, record_changes
from contexta.store.metadata._lookup import REFS, among, chunks
from contexta.store.metadata._system_tables import repair_audit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Column, Connection, Table

    from contexta.store.metadata._deletion_models import DeletionPlan

_OF_RUNS = (
    t.run_params.c.run_ref,
    t.run_tags.c.run_ref,
    t.run_origins.c.run_ref,
    t.run_writers.c.run_ref,
)


def bury(connection: Connection, plan: DeletionPlan, *, actor: str, reason: str | None) -> None:
    """Delete the rows of a plan and set tombstones, in the transaction of the caller."""
    refs = [ref for ref, _ in plan.rows]
    by_table: dict[str, list[str]] = {table.name: [] for table in ORDER}
    for ref in refs:
        by_table[t.TABLE_OF_REF_KIND[ref.partition(":")[0]].name].append(ref)
    lineage = [*by_table[t.relations.name], *by_table[t.provenance.name]]
    named = _named_by(connection, lineage)
    for table in ORDER:
        own = by_table[table.name]
        _set_tombstones(connection, table, own, actor=actor, reason=reason)
        _delete(connection, table.c.ref, own)
    for column in _OF_RUNS:
        _delete(connection, column, plan.runs)
    _delete(connection, t.citations.c.owner_ref, lineage)
    _delete(connection, t.mentions.c.ref, {*refs, *_unnamed(connection, named)})
    _delete(connection, t.archived.c.ref, refs)
    forget_content(connection, refs)
    forget_repairs(connection, refs)
    changes = [(ref, "deleted", None, "true") for ref in refs]
    record_changes(connection, changes, actor=actor)


def forget_repairs(connection: Connection, refs: Collection[str]) -> None:
    """Delete the rows that repairs kept of entities: they hold their content."""
    _delete(connection, repair_audit.c.ref, refs)


def named_elsewhere(connection: Connection, lineage: Collection[str]) -> tuple[str, ...]:
    """Return what some relations and assertions name and other planes hold, sorted."""
    named = _named_by(connection, lineage)
    return tuple(sorted(ref for ref in named if ref.partition(":")[0] not in t.TABLE_OF_REF_KIND))


def _named_by(connection: Connection, lineage: Collection[str]) -> set[str]:
    named: set[str] = set()
    edges, cited = t.relations.c, t.citations.c
    for chunk in chunks(lineage):
        ends = select(edges.source_ref, edges.target_ref).where(among(edges.ref))
        for row in connection.execute(ends, {REFS: chunk}):
            named.update(row)
        statement = select(cited.ref).where(among(cited.owner_ref))
        named.update(connection.execute(statement, {REFS: chunk}).scalars())
    return named


def _unnamed(connection: Connection, refs: Collection[str]) -> set[str]:
    """Return those of some refs that no relation and no assertion names any more."""
    still: set[str] = set()
    columns = (t.relations.c.source_ref, t.relations.c.target_ref, t.citations.c.ref)
    for chunk in chunks(refs):
        for column in columns:
            statement = select(column).where(among(column))
            still.update(connection.execute(statement, {REFS: chunk}).scalars())
    return set(refs) - still


def _set_tombstones(
    connection: Connection,
    table: Table,
    refs: Collection[str],
    *,
    actor: str,
    reason: str | None,
) -> None:
    now = time.time_ns() // 1_000
    columns = table.c
    statement = select(columns.ref, columns.revision, columns.digest).where(among(columns.ref))
    rows: list[dict[str, Any]] = [
        {
            "ref": row.ref,
            "ref_kind": row.ref.partition(":")[0],
            "deleted_us": now,
            "actor": actor,
            "reason": reason,
            "last_revision": row.revision,
            "payload_digest": row.digest,
        }
        for chunk in chunks(refs)
        for row in connection.execute(statement, {REFS: chunk})
    ]
    if rows:
        rows.sort(key=lambda row: row["ref"])  # databases return them in orders of their own
        connection.execute(t.tombstones.insert(), rows)


def _delete(connection: Connection, column: Column[Any], values: Iterable[str]) -> None:
    statement = column.table.delete().where(among(column))
    for chunk in chunks(tuple(values)):
        connection.execute(statement, {REFS: chunk})
