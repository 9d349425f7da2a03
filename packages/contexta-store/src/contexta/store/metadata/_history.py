"""The change history: who changed which status, when, and from what."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from contexta.contract.time import from_epoch_us
from contexta.store.metadata._tables import lifecycle_history

if TYPE_CHECKING:
    from sqlalchemy import Connection


_INSERT = lifecycle_history.insert()


@dataclass(frozen=True, slots=True)
class LifecycleChange:
    """One change of one field; `changed_at` is UTC text, `previous_value` None at creation."""

    ref: str
    field: str
    previous_value: str | None
    value: str
    changed_at: str
    actor: str


def record_change(
    connection: Connection,
    *,
    ref: str,
    field: str,
    previous: str | None,
    value: str,
    changed_us: int,
    actor: str,
) -> None:
    """Append one change, in the transaction of the change itself."""
    connection.execute(
        _INSERT,
        {
            "ref": ref,
            "field": field,
            "previous_value": previous,
            "value": value,
            "changed_us": changed_us,
            "actor": actor,
        },
    )


def changes_of(connection: Connection, ref: str) -> tuple[LifecycleChange, ...]:
    """Return the changes of one entity in the order in which they were made."""
    columns = lifecycle_history.c
    rows = connection.execute(
        select(lifecycle_history).where(columns.ref == ref).order_by(columns.id)
    )
    return tuple(
        LifecycleChange(
            row.ref,
            row.field,
            row.previous_value,
            row.value,
            from_epoch_us(row.changed_us),
            row.actor,
        )
        for row in rows
    )


def login_name() -> str:
    """Return the name of the user of this process, or `uid:<number>` when it has none."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid:{os.getuid()}" if hasattr(os, "getuid") else "unknown"
