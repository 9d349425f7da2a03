"""The rows that a deletion takes away, and those that it leaves behind as its trace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.store.metadata import _tables as t
from contexta.store.metadata._archive import forget_archived
from contexta.store.metadata._deletion_closure import ORDER
from contexta.store.metadata._history import forget_content, record_changes
from contexta.store.metadata._lookup import chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Column, Connection

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
    lineage = [ref for ref in refs if ref.startswith(("relation:", "provenance:"))]
    named = _named_by(connection, lineage)
    _set_tombstones(connection, refs, actor=actor, reason=reason)
    for table in ORDER:
        _delete(connection, table.c.ref, refs)
    for column in _OF_RUNS:
        _delete(connection, column, plan.runs)
    _delete(connection, t.citations.c.owner_ref, lineage)
    _delete(connection, t.mentions.c.ref, {*refs, *_unnamed(connection, named)})
    forget_archived(connection, refs)
    forget_content(connection, refs)
    changes = [(ref, "deleted", None, "true") for ref in refs]
    record_changes(connection, changes, actor=actor)


def named_elsewhere(connection: Connection, lineage: Collection[str]) -> tuple[str, ...]:
    """Return what some relations and assertions name and other planes hold, sorted."""
    named = _named_by(connection, lineage)
    return tuple(sorted(ref for ref in named if ref.partition(":")[0] not in t.TABLE_OF_REF_KIND))


def _named_by(connection: Connection, lineage: Collection[str]) -> set[str]:
    named: set[str] = set()
    edges, cited = t.relations.c, t.citations.c
    for chunk in chunks(lineage):
        ends = select(edges.source_ref, edges.target_ref).where(edges.ref.in_(chunk))
        for row in connection.execute(ends):
            named.update(row)
        statement = select(cited.ref).where(cited.owner_ref.in_(chunk))
        named.update(connection.execute(statement).scalars())
    return named


def _unnamed(connection: Connection, refs: Collection[str]) -> set[str]:
    """Return those of some refs that no relation and no assertion names any more."""
    still: set[str] = set()
    columns = (t.relations.c.source_ref, t.relations.c.target_ref, t.citations.c.ref)
    for chunk in chunks(refs):
        for column in columns:
            still.update(connection.execute(select(column).where(column.in_(chunk))).scalars())
    return set(refs) - still


def _set_tombstones(
    connection: Connection, refs: Collection[str], *, actor: str, reason: str | None
) -> None:
    now = time.time_ns() // 1_000
    rows: list[dict[str, Any]] = []
    for table in ORDER:
        for chunk in chunks(refs):
            statement = select(table.c.ref, table.c.revision, table.c.digest)
            rows += [
                {
                    "ref": row.ref,
                    "ref_kind": row.ref.partition(":")[0],
                    "deleted_us": now,
                    "actor": actor,
                    "reason": reason,
                    "last_revision": row.revision,
                    "payload_digest": row.digest,
                }
                for row in connection.execute(statement.where(table.c.ref.in_(chunk)))
            ]
    if rows:
        connection.execute(t.tombstones.insert(), rows)


def _delete(connection: Connection, column: Column[Any], values: Iterable[str]) -> None:
    for chunk in chunks(tuple(values)):
        connection.execute(column.table.delete().where(column.in_(chunk)))
