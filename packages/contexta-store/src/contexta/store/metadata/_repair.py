"""Apply repairs: each with a copy before, a row of audit, and a way back."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from contexta.contract.errors import NotFoundError, ReadOnlyStoreError
from contexta.contract.time import iso_utc_now
from contexta.store.metadata._copy import automatic_path, copy_ledger
from contexta.store.metadata._repair_changes import changes_for, is_known, loses_nothing
from contexta.store.metadata._repair_models import RepairChange, RepairResult, RepairSkip
from contexta.store.metadata._row_images import (
    delete_row,
    has_key,
    image_of,
    insert_row,
    row_of,
)
from contexta.store.metadata._streams import tolerant_text
from contexta.store.metadata._system_tables import repair_audit
from contexta.store.metadata._tables import metadata

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from contexta.store.metadata._database import Database
    from contexta.store.metadata._repair_changes import Change
    from contexta.store.metadata._repair_models import RepairCandidate, RepairPlan
    from contexta.store.metadata._store import MetadataStore


def apply_repairs(
    store: MetadataStore,
    plan: RepairPlan,
    *,
    dry_run: bool = True,
    actions: Collection[str] | None = None,
) -> RepairResult:
    """Apply a plan, or tell row by row what applying it would change.

    Everything happens in one transaction, after a copy of a SQLite ledger into `backups/`
    beside it. Each row that is changed or removed is kept as JSON in the table `repair_audit`,
    and `undo_repairs` puts it back. A row that does not match its digest is moved there: it is
    never served again, and the same ref can be put anew. What a candidate is about is looked up
    again, so an old plan does no harm: a finding that is gone is skipped.

    Args:
        store: An open store; a dry run works on a read-only one, too.
        plan: From `plan_repairs`.
        dry_run: Whether nothing is changed.
        actions: Which actions to apply. None means those that remove nothing but damaged rows
            and what is made again from the rest; `review_or_remove_…` removes whole entities,
            and is applied only when it is named.

    Raises:
        ReadOnlyStoreError: `metadata_store_read_only`, unless it is a dry run.
        StoreAccessError: When the copy cannot be written, or the ledger stays busy.
    """
    database = store._backend  # noqa: SLF001 (the same package)
    wanted, skipped = _sort_out(plan, actions)
    with database.read() as connection, tolerant_text(connection):
        todo, gone = _look_up(connection, wanted)
    if dry_run or not todo:
        changes = tuple(_shown(candidate, change) for candidate, change in todo)
        return RepairResult(None, dry_run, False, changes, (*skipped, *gone))
    if database.read_only:
        raise _read_only(database)
    copy = _copy(database)
    repair_id = uuid.uuid4().hex
    actor = store.actor
    changes_made: list[RepairChange] = []
    skipped_late: list[RepairSkip] = []
    with database.write() as connection, tolerant_text(connection):
        for candidate in wanted:
            made = _apply(connection, candidate, repair_id, actor)
            changes_made.extend(made)
            if not made:
                skipped_late.append(_skip(candidate, "its cause is gone"))
    return RepairResult(
        repair_id, False, True, tuple(changes_made), (*skipped, *skipped_late), copy
    )


def undo_repairs(store: MetadataStore, repair_id: str, *, dry_run: bool = True) -> RepairResult:
    """Put back the rows that a repair changed or removed, the last one first.

    A row whose place was taken meanwhile is skipped. Indexes and views are left as they are.

    Raises:
        NotFoundError: `metadata_repair_not_found`.
        ReadOnlyStoreError: `metadata_store_read_only`, unless it is a dry run.
    """
    database = store._backend  # noqa: SLF001 (the same package)
    own = repair_audit.c
    statement = select(repair_audit).where(own.repair_id == repair_id).order_by(own.id.desc())
    with database.read() as connection:
        rows = connection.execute(statement).fetchall()
    if not rows:
        raise NotFoundError(
            f"There is no repair {repair_id!r}. The view repair_audit lists them.",
            code="metadata_repair_not_found",
            details={"repair_id": repair_id},
        )
    open_rows = [row for row in rows if row.undone_at is None and row.table_name in metadata.tables]
    if dry_run:
        return RepairResult(None, True, False, tuple(_backwards(row) for row in open_rows))
    copy = _copy(database) if not database.read_only else None
    changes, skipped = [], []
    with database.write() as connection, tolerant_text(connection):
        for row in open_rows:
            reason = _undo(connection, row)
            if reason is None:
                connection.execute(
                    update(repair_audit).where(own.id == row.id).values(undone_at=iso_utc_now())
                )
                changes.append(_backwards(row))
            else:
                skipped.append(RepairSkip("undo", row.issue_code, row.ref, reason))
    return RepairResult(repair_id, False, bool(changes), tuple(changes), tuple(skipped), copy)


def _sort_out(
    plan: RepairPlan, actions: Collection[str] | None
) -> tuple[list[RepairCandidate], list[RepairSkip]]:
    wanted, skipped = [], []
    for candidate in plan.candidates:
        action = candidate.action
        if not is_known(action):
            skipped.append(_skip(candidate, "only a person can decide this"))
        elif actions is None and not loses_nothing(action):
            skipped.append(_skip(candidate, f"it removes data; name {action!r} in actions"))
        elif actions is not None and action not in actions:
            skipped.append(_skip(candidate, "not among the actions"))
        else:
            wanted.append(candidate)
    return wanted, skipped


def _look_up(
    connection: Connection, candidates: list[RepairCandidate]
) -> tuple[list[tuple[RepairCandidate, Change]], list[RepairSkip]]:
    todo, gone = [], []
    seen: set[str] = set()
    for candidate in candidates:
        changes = changes_for(connection, candidate)
        if not changes:
            gone.append(_skip(candidate, "its cause is gone"))
        for change in changes:
            key = json.dumps(
                [change.table, _image(change.before), _image(change.after), change.statements],
                sort_keys=True,
            )
            if key not in seen:  # two findings may ask for the same
                seen.add(key)
                todo.append((candidate, change))
    return todo, gone


def _apply(
    connection: Connection, candidate: RepairCandidate, repair_id: str, actor: str
) -> list[RepairChange]:
    made = []
    for change in changes_for(connection, candidate):
        for statement in change.statements:
            connection.exec_driver_sql(statement)
        if not change.statements:
            table = metadata.tables[change.table]
            if change.before is not None and not delete_row(connection, table, change.before):
                continue  # an earlier candidate removed it
            if change.after is not None:
                insert_row(connection, table, change.after)
        shown = _shown(candidate, change)
        connection.execute(
            repair_audit.insert(),
            {
                "repair_id": repair_id,
                "applied_at": iso_utc_now(),
                "actor": actor,
                "action": shown.action,
                "issue_code": shown.issue_code,
                "ref": shown.ref,
                "table_name": shown.table,
                "before_json": _json(shown.before),
                "after_json": _json(shown.after),
            },
        )
        made.append(shown)
    return made


def _undo(connection: Connection, row: Row[Any]) -> str | None:
    """Turn one change around; return why not, when it cannot be."""
    table = metadata.tables[row.table_name]
    before = None if row.before_json is None else row_of(json.loads(row.before_json))
    after = None if row.after_json is None else row_of(json.loads(row.after_json))
    if after is not None and not delete_row(connection, table, after):
        return "the row that the repair made is gone"
    if before is not None:
        if has_key(connection, table, before):
            return "another row has taken its place"
        insert_row(connection, table, before)
    return None


def _backwards(row: Row[Any]) -> RepairChange:
    before = None if row.after_json is None else json.loads(row.after_json)
    after = None if row.before_json is None else json.loads(row.before_json)
    return RepairChange("undo", row.issue_code, row.ref, row.table_name, before, after)


def _shown(candidate: RepairCandidate, change: Change) -> RepairChange:
    return RepairChange(
        candidate.action,
        candidate.issue_code,
        candidate.ref,
        change.table,
        _image(change.before),
        _image(change.after),
    )


def _image(row: Any) -> dict[str, Any] | None:
    return None if row is None else image_of(row)


def _json(image: Any) -> str | None:
    return None if image is None else json.dumps(image, sort_keys=True)


def _skip(candidate: RepairCandidate, reason: str) -> RepairSkip:
    return RepairSkip(candidate.action, candidate.issue_code, candidate.ref, reason)


def _copy(database: Database) -> Path | None:
    if database.path is None:
        return None
    # Damage is what repairs are for, so the copy is taken as it is.
    with database.read() as connection:
        return copy_ledger(connection, automatic_path(database.path, "repair"), whole=False).path


def _read_only(database: Database) -> ReadOnlyStoreError:
    return ReadOnlyStoreError(
        f"{database.place!r} was opened read-only; open it writable to repair it.",
        code="metadata_store_read_only",
        details={"database_path": database.place},
    )
