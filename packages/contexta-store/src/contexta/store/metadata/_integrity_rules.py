"""The checks that SQL answers: references that lead nowhere, and times that run backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from contexta.contract.time import from_epoch_us
from contexta.store.metadata import _tables as t
from contexta.store.metadata._issues import IntegrityIssue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, ColumnElement, Connection, Table


@dataclass(frozen=True, slots=True)
class _Reference:
    code: str
    child: Table
    column: str
    parent: Table
    action: str
    severity: str = "error"
    detail: str = ""


_BEFORE_DUPLICATES = (
    _Reference("missing_run_project", t.runs, "project_ref", t.projects, "review_or_remove_run"),
    _Reference("missing_stage_run", t.stages, "run_ref", t.runs, "review_or_remove_stage"),
)
_AFTER_DUPLICATES = (
    _Reference(
        "missing_environment_run",
        t.environments,
        "run_ref",
        t.runs,
        "review_or_remove_environment",
    ),
    _Reference(
        "missing_provenance_relation",
        t.provenance,
        "relation_ref",
        t.relations,
        "review_or_remove_provenance",
    ),
    _Reference("missing_batch_run", t.batches, "run_ref", t.runs, "review_or_remove_batch"),
    _Reference("missing_batch_stage", t.batches, "stage_ref", t.stages, "review_or_remove_batch"),
    _Reference("missing_sample_run", t.samples, "run_ref", t.runs, "review_or_remove_sample"),
    _Reference("missing_sample_stage", t.samples, "stage_ref", t.stages, "review_or_remove_sample"),
    _Reference(
        "missing_sample_batch", t.samples, "batch_ref", t.batches, "review_or_remove_sample"
    ),
    _Reference(
        "missing_deployment_project",
        t.deployments,
        "project_ref",
        t.projects,
        "review_or_remove_deployment",
    ),
    _Reference(
        "missing_deployment_run",
        t.deployments,
        "run_ref",
        t.runs,
        "review_or_remove_deployment",
        severity="warning",
    ),
)


def reference_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield an issue for each ref that should lead to a row and does not."""
    for rule in _BEFORE_DUPLICATES:
        yield from _dangling(connection, rule)
    yield from _duplicate_stages(connection)
    yield from _dangling(connection, _AFTER_DUPLICATES[0])
    yield from _endpoints(connection)
    for rule in _AFTER_DUPLICATES[1:]:
        yield from _dangling(connection, rule)
    yield from _ghosts(connection)


def time_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield an issue for each run that ended before it started."""
    columns = t.runs.c
    rows = connection.execute(
        select(columns.ref).where(columns.ended_us < columns.started_us).order_by(columns.ref)
    )
    for row in rows:
        yield IntegrityIssue(
            code="run_time_window_inverted",
            message=f"{row.ref!r} ended before it started.",
            ref=row.ref,
            suggested_action="review_temporal_inconsistency",
        )


def _dangling(connection: Connection, rule: _Reference) -> Iterator[IntegrityIssue]:
    target = rule.child.c[rule.column]
    statement = (
        select(rule.child.c.ref, target.label("target"))
        .where(
            target.is_not(None),
            ~select(rule.parent.c.ref).where(rule.parent.c.ref == target).exists(),
        )
        .order_by(rule.child.c.ref)
    )
    for row in connection.execute(statement):
        yield IntegrityIssue(
            code=rule.code,
            message=f"{row.ref!r} belongs to {row.target!r}, which is not stored.",
            severity=rule.severity,
            ref=row.ref,
            suggested_action=rule.action,
            details={rule.column: row.target},
        )


def _duplicate_stages(connection: Connection) -> Iterator[IntegrityIssue]:
    columns = t.stages.c
    count = func.count().label("number")
    statement = (
        select(columns.run_ref, columns.stage_name, count)
        .group_by(columns.run_ref, columns.stage_name)
        .having(count > 1)
        .order_by(columns.run_ref, columns.stage_name)
    )
    for row in connection.execute(statement):
        yield IntegrityIssue(
            code="duplicate_stage_name_for_run",
            message=f"{row.run_ref!r} has {row.number} stages named {row.stage_name!r}.",
            severity="warning",
            ref=row.run_ref,
            suggested_action="review_stage_ambiguity",
            details={
                "run_ref": row.run_ref,
                "stage_name": row.stage_name,
                "count": row.number,
            },
        )


def _endpoints(connection: Connection) -> Iterator[IntegrityIssue]:
    edges = t.relations.c
    for side in ("source", "target"):
        endpoint = edges[f"{side}_ref"]
        statement = (
            select(edges.ref, endpoint.label("endpoint"))
            .where(*(~_stored(table, endpoint) for table in t.ENTITY_TABLES.values()))
            # A mention makes a ref of another plane known, but no entity of this one exist.
            .where(or_(~_stored(t.mentions, endpoint), _of_own_kind(endpoint)))
            .order_by(edges.ref)
        )
        for row in connection.execute(statement):
            yield IntegrityIssue(
                code=f"missing_relation_{side}",
                message=f"{row.ref!r} names {row.endpoint!r}, which is not stored.",
                ref=row.ref,
                suggested_action="review_or_remove_relation",
                details={f"{side}_ref": row.endpoint},
            )


def _stored(table: Table, ref: ColumnElement[Any]) -> ColumnElement[bool]:
    # An alias, because the outer query may read the same table.
    inner = table.alias()
    return select(inner.c.ref).where(inner.c.ref == ref).exists()


def _of_own_kind(ref: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(of_kind(ref, kind) for kind in t.TABLE_OF_REF_KIND))


def of_kind(ref: ColumnElement[Any], kind: str) -> ColumnElement[bool]:
    """Return the condition that a ref has a kind."""
    return func.substr(ref, 1, len(kind) + 1) == f"{kind}:"  # LIKE has no case in SQLite


def orphan_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield an issue for each row that describes a run or a relation that is not stored."""
    for table in (t.run_params, t.run_tags, t.run_origins):
        yield from _orphans(connection, table.c.run_ref, t.runs, "orphan_run_facts")
    yield from _orphans(connection, t.run_writers.c.run_ref, t.runs, "orphan_run_writer")
    owner = t.citations.c.owner_ref
    for kind, table in (("relation", t.relations), ("provenance", t.provenance)):
        yield from _orphans(connection, owner, table, "orphan_citation", of_kind(owner, kind))
    own = t.archived.c
    for kind, table in t.TABLE_OF_REF_KIND.items():
        yield from _orphans(connection, own.ref, table, "orphan_archive_mark", own.ref_kind == kind)


def _orphans(
    connection: Connection,
    column: Column[Any],
    owners: Table,
    code: str,
    condition: ColumnElement[bool] | None = None,
) -> Iterator[IntegrityIssue]:
    statement = select(column).distinct().where(~_stored(owners, column)).order_by(column)
    if condition is not None:
        statement = statement.where(condition)
    table = column.table.name
    for ref in connection.execute(statement).scalars():
        yield IntegrityIssue(
            code=code,
            message=f"{table!r} has rows of {ref!r}, which is not stored.",
            ref=ref,
            suggested_action="remove_orphan_rows",
            details={"table": table.removeprefix("ledger_")},
        )


def _ghosts(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield mentions of entities of this plane that are not stored."""
    for kind, table in sorted(t.TABLE_OF_REF_KIND.items()):
        own = t.mentions.c
        deleted = (
            select(func.max(t.tombstones.c.deleted_us))
            .where(t.tombstones.c.ref == own.ref)
            .scalar_subquery()
        )
        statement = (
            select(own.ref, deleted.label("deleted_us"))
            .where(own.ref_kind == kind, ~_stored(table, own.ref))
            .where(select(t.citations.c.ref).where(t.citations.c.ref == own.ref).exists())
            .order_by(own.ref)
        )
        for row in connection.execute(statement):
            yield _ghost(row.ref, row.deleted_us)


def _ghost(ref: str, deleted_us: int | None) -> IntegrityIssue:
    if deleted_us is None:
        return IntegrityIssue(
            code="dangling_evidence_ref",
            message=f"Lineage names {ref!r} as evidence or context, and it is not stored.",
            severity="warning",
            ref=ref,
            suggested_action="review_evidence",
        )
    deleted_at = from_epoch_us(deleted_us)
    return IntegrityIssue(
        code="tombstoned_ref_referenced",
        message=f"Lineage names {ref!r} as evidence or context; it was deleted at {deleted_at}.",
        severity="warning",
        ref=ref,
        suggested_action="review_evidence",
        details={"deleted_at": deleted_at},
    )
