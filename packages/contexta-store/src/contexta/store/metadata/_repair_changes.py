"""Which rows an action would change. Reads only; the changes are made by `_repair`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.errors import ContextaError
from contexta.store.metadata._derived import DERIVED, derived_tables
from contexta.store.metadata._entities import ENTITIES
from contexta.store.metadata._integrity_schema import statement_of
from contexta.store.metadata._rows import row_digest
from contexta.store.metadata._streams import row_pages, shown
from contexta.store.metadata._tables import MARKED, archived, mentions, metadata, run_writers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from contexta.store.metadata._repair_models import RepairCandidate
    from contexta.store.metadata._rows import Entity


@dataclass(frozen=True, slots=True)
class Change:
    """A row to remove, to add, or to replace; or statements that touch no row.

    Attributes:
        table: Name of the table, index or view.
        before: The row to remove.
        after: The row to add.
        statements: SQL to run instead.
    """

    table: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    statements: tuple[str, ...] = ()


def changes_for(connection: Connection, candidate: RepairCandidate) -> list[Change]:
    """Return what a candidate asks for; empty when its cause is gone."""
    action = candidate.action
    if action.startswith("review_or_remove_"):
        return list(_remove_entity(connection, candidate))
    return list(_ACTIONS[action](connection, candidate))


def is_known(action: str) -> bool:
    """Tell whether an action can be applied by a program."""
    return action in _ACTIONS or action.startswith("review_or_remove_")


def loses_nothing(action: str) -> bool:
    """Tell whether an action removes only what is damaged or made again from the rest."""
    return action in _ACTIONS


def _remove_entity(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    entity = _entity_of_ref(candidate.ref)
    if entity is None or candidate.ref is None:
        return
    for row in _rows_where(connection, entity.table, "ref", candidate.ref):
        yield Change(entity.table.name, before=row)
        yield from _dependents(connection, entity, candidate.ref)


def _dependents(connection: Connection, entity: Entity[Any], ref: str) -> Iterator[Change]:
    """Yield the rows that describe an entity and mean nothing without it."""
    for derived in derived_tables(entity):
        for row in _rows_where(connection, derived.table, derived.owner, ref):
            yield Change(derived.table.name, before=row)
    for table, column in ((run_writers, "run_ref"), (archived, "ref")):
        for row in _rows_where(connection, table, column, ref):
            yield Change(table.name, before=row)


def _quarantine(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    """Find the damaged row again: by its table, what is left of its ref, and its digest."""
    details = candidate.details or {}
    table = _table(details.get("table"))
    if table is None:
        return
    entity = next((item for item in ENTITIES if item.table is table), None)
    for rows in row_pages(connection, select(table)):
        for row in rows:
            values = dict(row._mapping)
            if not _is_meant(values, details) or not _is_damaged(entity, table, values):
                continue
            yield Change(table.name, before=values)
            if entity is not None and isinstance(values["ref"], str):
                yield from _readable_dependents(connection, entity, values["ref"])


def _readable_dependents(connection: Connection, entity: Entity[Any], ref: str) -> Iterator[Change]:
    if ref.isprintable():  # a damaged ref leads to no other row
        yield from _dependents(connection, entity, ref)


def _is_meant(values: Mapping[str, Any], details: Mapping[str, Any]) -> bool:
    ref = values.get("ref", values.get("run_ref"))
    digest = values.get("digest")
    found = digest.hex() if isinstance(digest, bytes) else None
    same_ref = details.get("ref") is None or shown(ref) == details["ref"]
    return same_ref and ("digest" not in details or details["digest"] == found)


def _is_damaged(entity: Entity[Any] | None, table: Table, values: Mapping[str, Any]) -> bool:
    if entity is None:
        columns = MARKED.get(table.name)
        if columns is None:
            return False
        covered = tuple(values[column] for column in columns)
        return bool(row_digest(table.name, covered) != values["digest"])
    if row_digest(table.name, tuple(values.values())[:-1]) != values["digest"]:
        return True
    return _model(entity, values["payload"]) is None


def _quarantine_mention(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    for rows in row_pages(connection, select(mentions)):
        for row in rows:
            if shown(row.ref) == candidate.ref:
                yield Change(mentions.name, before=dict(row._mapping))


def _rebuild_mention(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    for row in _rows_where(connection, mentions, "ref", candidate.ref):
        right = {**row, "ref_kind": str(row["ref"]).partition(":")[0]}
        covered = tuple(right[column] for column in MARKED[mentions.name])
        right["digest"] = row_digest(mentions.name, covered)
        if right != row:
            yield Change(mentions.name, before=row, after=right)


def _rebuild_columns(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    entity = _entity_of_ref(candidate.ref)
    if entity is None:
        return
    for row in _rows_where(connection, entity.table, "ref", candidate.ref):
        model = _model(entity, row["payload"])
        if model is None:
            continue  # nothing to make the columns from
        right = entity.row(model, stored_us=row["stored_us"], revision=row["revision"])
        if right != row and right["ref"] == row["ref"]:
            yield Change(entity.table.name, before=row, after=right)


def _rebuild_derived(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    entity = _entity_of_ref(candidate.ref)
    if entity is None or candidate.ref is None:
        return
    models = []
    for row in _rows_where(connection, entity.table, "ref", candidate.ref):
        model = _model(entity, row["payload"])
        if model is None:
            return  # the row itself must be mended first
        models.append(model)
    for derived in DERIVED:
        if derived.entity is not entity:
            continue
        old = _rows_where(connection, derived.table, derived.owner, candidate.ref)
        new = [row for model in models for row in derived.rows(candidate.ref, model)]
        yield from (Change(derived.table.name, before=row) for row in old if row not in new)
        yield from (Change(derived.table.name, after=row) for row in new if row not in old)


def _remove_orphans(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    table = _table((candidate.details or {}).get("table"))
    if table is None:
        return
    column = next(name for name in ("run_ref", "owner_ref", "ref") if name in table.c)
    for row in _rows_where(connection, table, column, candidate.ref):
        yield Change(table.name, before=row)


def _create(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    details = candidate.details or {}
    kind, name = str(details.get("kind")), str(details.get("name"))
    statement = statement_of(kind, name) if connection.dialect.name == "sqlite" else None
    if statement is not None:
        drop = f'DROP {kind.upper()} IF EXISTS "{name}"'
        yield Change(name, statements=(drop, statement))


def _reindex(connection: Connection, candidate: RepairCandidate) -> Iterator[Change]:
    del candidate
    if connection.dialect.name == "sqlite":
        yield Change("*", statements=("REINDEX",))


_ACTIONS: dict[str, Callable[[Connection, RepairCandidate], Iterator[Change]]] = {
    "create_index": _create,
    "create_view": _create,
    "quarantine_registered_ref": _quarantine_mention,
    "quarantine_row": _quarantine,
    "rebuild_citations": _rebuild_derived,
    "rebuild_columns": _rebuild_columns,
    "rebuild_indexes": _reindex,
    "rebuild_registry_entry": _rebuild_mention,
    "rebuild_run_facts": _rebuild_derived,
    "remove_orphan_rows": _remove_orphans,
}


def _rows_where(
    connection: Connection, table: Table, column: str, value: str | None
) -> list[dict[str, Any]]:
    rows = connection.execute(select(table).where(table.c[column] == value))
    return [dict(row._mapping) for row in rows]


def _model(entity: Entity[Any], payload: str) -> Any | None:
    validate: Callable[[Any], Any] = entity.model.model_validate
    try:
        return validate(json.loads(payload))
    except (ContextaError, ValueError, TypeError, RecursionError):
        return None


def _table(name: object) -> Table | None:
    for candidate in (f"ledger_{name}", str(name)):
        if candidate in metadata.tables:
            return metadata.tables[candidate]
    return None


def _entity_of_ref(ref: str | None) -> Entity[Any] | None:
    kind = (ref or "").partition(":")[0]
    return next((item for item in ENTITIES if item.kind.partition("_")[0] == kind), None)
