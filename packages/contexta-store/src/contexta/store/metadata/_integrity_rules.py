"""The checks that SQL answers: references that lead nowhere, and times that run backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from contexta.store.metadata import _tables as t
from contexta.store.metadata._issues import IntegrityIssue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table


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
    known = _all_refs(connection)
    rows = connection.execute(
        select(edges.ref, edges.source_ref, edges.target_ref).order_by(edges.ref)
    ).fetchall()
    for side in ("source", "target"):
        for row in rows:
            endpoint = getattr(row, f"{side}_ref")
            if endpoint not in known:
                yield IntegrityIssue(
                    code=f"missing_relation_{side}",
                    message=f"{row.ref!r} names {endpoint!r}, which is not stored.",
                    ref=row.ref,
                    suggested_action="review_or_remove_relation",
                    details={f"{side}_ref": endpoint},
                )


def _all_refs(connection: Connection) -> set[str]:
    known: set[str] = set()
    for table in (*t.ENTITY_TABLES.values(), t.mentions):
        known.update(connection.execute(select(table.c.ref)).scalars())
    # A mention does not make an entity of this plane exist.
    return known - set(_ghost_refs(connection))


def _ghosts(connection: Connection) -> Iterator[IntegrityIssue]:
    for ref in _ghost_refs(connection):
        yield IntegrityIssue(
            code="dangling_evidence_ref",
            message=f"Lineage names {ref!r} as evidence or context, and it is not stored.",
            severity="warning",
            ref=ref,
            suggested_action="review_evidence",
        )


def _ghost_refs(connection: Connection) -> list[str]:
    ghosts: list[str] = []
    for kind, table in t.TABLE_OF_REF_KIND.items():
        own = t.mentions.c
        statement = select(own.ref).where(
            own.ref_kind == kind, ~select(table.c.ref).where(table.c.ref == own.ref).exists()
        )
        ghosts.extend(connection.execute(statement).scalars())
    return sorted(ghosts)
