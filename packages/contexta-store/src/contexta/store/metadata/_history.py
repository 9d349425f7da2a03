"""The change history: who changed what in the life of an entity, when, and from what.

Only changes are rows, not the first state. Fields are `status`, `ended_at`, `name`, `archived`,
`deleted`, and one per parameter or tag, `params.<key>` and `tags.<key>`, whose values are JSON
text. No value means: was not there.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.time import from_epoch_us
from contexta.store.metadata._lookup import REFS, among, chunks
from contexta.store.metadata._marked_rows import whole_rows
from contexta.store.metadata._paging import Listing, Page, check_page, next_cursor, page_rows
from contexta.store.metadata._tables import lifecycle_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from contexta.store.metadata._damage import DamageLog

_INSERT = lifecycle_history.insert()
_PLAIN_FIELDS = ("status", "ended_at", "name")
_KEYED_FIELDS = ("params", "tags")
_KEPT_FIELDS = ("status", "ended_at", "archived", "deleted")
# No status, time, name or JSON text is empty, and the column takes no NULL.
_ABSENT = ""


@dataclass(frozen=True, slots=True)
class LifecycleChange:
    """One change of status; `changed_at` is UTC text."""

    ref: str
    field: str
    previous_value: str | None
    value: str
    changed_at: str
    actor: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of one field of one entity.

    Attributes:
        ref: The entity.
        field: `status`, `ended_at`, `name`, `archived`, `deleted`, `params.<key>`, `tags.<key>`.
        previous: What it was; None when it was not set. JSON text for parameters and tags.
        value: What it became, likewise.
        changed_at: UTC text.
        actor: Who changed it.
    """

    ref: str
    field: str
    previous: str | None
    value: str | None
    changed_at: str
    actor: str


def record_changes(
    connection: Connection,
    changes: Sequence[tuple[str, str, str | None, str | None]],
    *,
    actor: str,
) -> None:
    """Append changes, in the transaction of the changes themselves.

    Args:
        connection: Of the transaction.
        changes: (ref, field, previous, value) each.
        actor: Who changes.
    """
    if not changes:
        return
    now = time.time_ns() // 1_000
    connection.execute(
        _INSERT,
        [
            {
                "ref": ref,
                "field": field,
                "previous_value": previous,
                "value": _ABSENT if value is None else value,
                "changed_us": now,
                "actor": actor,
            }
            for ref, field, previous, value in changes
        ],
    )


def changes_between(
    ref: str, before: str, after: str
) -> list[tuple[str, str, str | None, str | None]]:
    """Return what differs in the life of an entity between two payloads.

    A damaged earlier payload has no known values; the new row mends it, and nothing is recorded.
    """
    old, new = _content(before), _content(after)
    if old is None or new is None:
        return []
    found = [
        (ref, field, old.get(field), new.get(field))
        for field in _PLAIN_FIELDS
        if old.get(field) != new.get(field)
    ]
    for field in _KEYED_FIELDS:
        found.extend(_keyed(ref, field, old.get(field) or {}, new.get(field) or {}))
    return found


def changes_of(connection: Connection, ref: str, damage: DamageLog) -> tuple[LifecycleChange, ...]:
    """Return the changes of status of one entity in the order in which they were made.

    Rows that do not match their digest are left out and reported.
    """
    columns = lifecycle_history.c
    rows = connection.execute(
        select(lifecycle_history)
        .where(columns.ref == ref, columns.field == "status")
        .order_by(columns.id)
    )
    whole = whole_rows(lifecycle_history.name, rows, damage)
    return tuple(
        LifecycleChange(
            row.ref,
            row.field,
            row.previous_value,
            row.value,
            from_epoch_us(row.changed_us),
            row.actor,
        )
        for row in whole
    )


def history_page(
    connection: Connection, ref: str, damage: DamageLog, *, limit: int | None, after: str | None
) -> Page[ChangeRow]:
    """Return changes of one entity, oldest first; damaged rows are left out and reported."""
    columns = lifecycle_history.c
    listing = Listing(lifecycle_history, f"history|{ref}", (columns.ref == ref,), (columns.id,))
    if limit is not None:
        check_page("limit", limit)
    wanted = None if limit is None else limit + 1
    rows = page_rows(connection, listing, limit=wanted, after=after)
    more = limit is not None and len(rows) > limit
    rows = rows[:limit]
    cursor = None
    if more and rows:
        cursor = next_cursor(connection, listing, columns.id == rows[-1].id)
    whole = whole_rows(lifecycle_history.name, rows, damage)
    return Page(tuple(map(_change, whole)), cursor)


def forget_content(connection: Connection, refs: Sequence[str]) -> None:
    """Delete what the history holds of the content of entities: names, parameters, tags."""
    columns = lifecycle_history.c
    statement = lifecycle_history.delete().where(
        among(columns.ref), columns.field.not_in(_KEPT_FIELDS)
    )
    for chunk in chunks(refs):
        connection.execute(statement, {REFS: chunk})


def login_name() -> str:
    """Return the name of the user of this process, or `uid:<number>` when it has none."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid:{os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _change(row: Row[Any]) -> ChangeRow:
    value = None if row.value == _ABSENT else row.value
    changed_at = from_epoch_us(row.changed_us)
    return ChangeRow(row.ref, row.field, row.previous_value, value, changed_at, row.actor)


def _content(payload: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _keyed(
    ref: str, field: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, str, str | None, str | None]]:
    for key in sorted({*old, *new}):
        if key in old and key in new and _same(old[key], new[key]):
            continue
        before = json.dumps(old[key], sort_keys=True) if key in old else None
        after = json.dumps(new[key], sort_keys=True) if key in new else None
        if before != after:
            yield ref, f"{field}.{key}", before, after


def _same(before: object, after: object) -> bool:
    """Tell whether two texts or whole numbers are the same; of others, the JSON text tells."""
    return type(before) is type(after) and type(before) in (str, int) and before == after
