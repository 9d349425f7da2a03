"""The checks that read every row: digests, payloads, columns, and what is derived from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.errors import ContextaError, IntegrityError
from contexta.contract.time import to_epoch_us
from contexta.store.metadata._derived import derived_tables
from contexta.store.metadata._entities import DEPLOYMENT, ENTITIES
from contexta.store.metadata._issues import IntegrityIssue
from contexta.store.metadata._rows import row_digest
from contexta.store.metadata._streams import row_pages, shown
from contexta.store.metadata._tables import MARKED, environments, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row, Table

    from contexta.store.metadata._rows import Entity

_NOT_IN_PAYLOAD = frozenset({"payload", "digest"})


def row_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield the issues of each row of each entity, by entity and ref."""
    for entity in ENTITIES:
        table = entity.table
        for rows in row_pages(connection, select(table).order_by(table.c.ref)):
            for row in rows:
                yield from _row_issues(entity, row)
            yield from _derived_issues(connection, entity, rows)
            if entity is DEPLOYMENT:
                yield from _environment_issues(connection, rows)


def mark_issues(connection: Connection) -> Iterator[IntegrityIssue]:
    """Yield the damaged rows of the tables besides the entities."""
    for name, columns in MARKED.items():
        table = metadata.tables[name]
        for rows in row_pages(connection, select(table)):
            for row in rows:
                stored = row._mapping
                values = tuple(stored[column] for column in columns)
                if row_digest(name, values) != row.digest:
                    yield _damaged_mark(name, row)


def _damaged_mark(name: str, row: Row[Any]) -> IntegrityIssue:
    stored = row._mapping
    ref = stored.get("ref", stored.get("run_ref"))
    plain = name.removeprefix("ledger_")
    return IntegrityIssue(
        code="metadata_row_damaged",
        message=f"A row of {plain!r} does not match its digest: {shown(ref)!r}.",
        ref=None if ref is None else shown(ref),
        suggested_action="quarantine_row",
        details={
            "table": plain,
            "ref": None if ref is None else shown(ref),
            "digest": row.digest.hex() if isinstance(row.digest, bytes) else None,
        },
    )


def _row_issues(entity: Entity[Any], row: Row[Any]) -> Iterator[IntegrityIssue]:
    yield from _window_issues(entity, row)
    try:
        model = entity.model_of(row)
    except IntegrityError as error:
        yield IntegrityIssue(
            code="metadata_row_damaged",
            message=shown(error.message),
            ref=shown(row.ref),
            suggested_action="quarantine_row",
            details={
                "table": entity.table.name.removeprefix("ledger_"),
                "ref": shown(row.ref),
                "reason": shown((error.details or {}).get("reason", "")),
                "digest": row.digest.hex() if isinstance(row.digest, bytes) else None,
            },
        )
        return
    expected = entity.row(model, stored_us=row.stored_us, revision=row.revision)
    drifted = [
        name
        for name, value in zip(entity.table.c.keys(), row, strict=True)
        if name not in _NOT_IN_PAYLOAD and expected[name] != value
    ]
    if drifted:
        yield IntegrityIssue(
            code="column_payload_mismatch",
            message=f"Columns of {row.ref!r} disagree with its payload: {', '.join(drifted)}.",
            ref=row.ref,
            suggested_action="rebuild_columns",
            details={"table": entity.table.name.removeprefix("ledger_"), "columns": drifted},
        )


_WINDOWED = {
    "stage_execution": "stage",
    "batch_execution": "batch",
    "deployment_execution": "deployment",
}


def _window_issues(entity: Entity[Any], row: Row[Any]) -> Iterator[IntegrityIssue]:
    """Look at the end in the payload; runs have a column for it, and SQL checks that."""
    name = _WINDOWED.get(entity.kind)
    if name is None:
        return
    try:
        ended_at = json.loads(row.payload).get("ended_at")
        inverted = ended_at is not None and to_epoch_us(ended_at) < row.started_us
    except (ContextaError, ValueError, AttributeError, TypeError, RecursionError):
        return  # the payload is damaged, and reported as such
    if inverted:
        yield IntegrityIssue(
            code=f"{name}_time_window_inverted",
            message=f"{shown(row.ref)!r} ended before it started.",
            ref=shown(row.ref),
            suggested_action="review_temporal_inconsistency",
        )


def _derived_issues(
    connection: Connection, entity: Entity[Any], rows: Sequence[Row[Any]]
) -> Iterator[IntegrityIssue]:
    """Compare the rows that are derived from entities with what their payloads say."""
    tables = derived_tables(entity)
    if not tables:
        return
    models = {}
    for row in rows:
        try:
            models[row.ref] = entity.model_of(row)
        except IntegrityError:
            continue  # reported as a damaged row
    for derived in tables:
        stored = derived.stored(connection, list(models))
        for ref, model in models.items():
            if stored.get(ref, set()) != set(derived.of(model)):
                yield IntegrityIssue(
                    code=derived.code,
                    message=f"The rows of {ref!r} in {derived.table.name!r} disagree with it.",
                    ref=ref,
                    suggested_action=derived.action,
                    details={"table": derived.table.name},
                )


def _environment_issues(
    connection: Connection, rows: Sequence[Row[Any]]
) -> Iterator[IntegrityIssue]:
    named = {}
    for row in rows:
        try:
            environment = DEPLOYMENT.model_of(row).environment_snapshot_ref
        except IntegrityError:
            continue  # reported as a damaged row
        if environment is not None:
            named[row.ref] = environment.text
    if not named:
        return
    known = present(connection, environments, set(named.values()))
    for ref, wanted in named.items():
        if wanted not in known:
            yield IntegrityIssue(
                code="missing_deployment_environment",
                message=f"{ref!r} ran in {wanted!r}, which is not stored.",
                severity="warning",
                ref=ref,
                suggested_action="review_or_remove_deployment",
                details={"environment_snapshot_ref": wanted},
            )


def present(connection: Connection, table: Table, refs: set[str]) -> set[str]:
    """Return those of the refs that a table has."""
    ordered = sorted(refs)
    found: set[str] = set()
    for start in range(0, len(ordered), 500):
        chunk = ordered[start : start + 500]
        found.update(
            connection.execute(select(table.c.ref).where(table.c.ref.in_(chunk))).scalars()
        )
    return found
