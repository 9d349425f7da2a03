"""What is known of deleted entities: that they were there, and who removed them, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.time import from_epoch_us
from contexta.store.metadata._marked_rows import whole_rows
from contexta.store.metadata._paging import Listing, Page, check_page, next_cursor, page_rows
from contexta.store.metadata._tables import tombstones

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from contexta.store.metadata._damage import DamageLog


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One deletion. It holds nothing of the content that went.

    Attributes:
        ref: What was deleted.
        kind: Kind of the ref.
        deleted_at: UTC text.
        actor: Who deleted it.
        reason: As given, or None.
        last_revision: The revision that the row had; a row put later continues from there.
        payload_digest: Hex digest of the last row, to recognize a copy of it elsewhere.
    """

    ref: str
    kind: str
    deleted_at: str
    actor: str
    reason: str | None
    last_revision: int
    payload_digest: str


def deletion_details(connection: Connection, ref: str) -> dict[str, Any]:
    """Return `deleted_at` of the last deletion of a ref, as error details; empty without one."""
    own = tombstones.c
    deleted_us = connection.execute(
        select(own.deleted_us).where(own.ref == ref).order_by(own.id.desc()).limit(1)
    ).scalar_one_or_none()
    return {} if deleted_us is None else {"deleted_at": from_epoch_us(deleted_us)}


def last_tombstone(connection: Connection, ref: str, damage: DamageLog) -> Tombstone | None:
    """Return the last deletion of a ref, or None; a damaged one is passed over and reported."""
    own = tombstones.c
    rows = connection.execute(select(tombstones).where(own.ref == ref).order_by(own.id.desc()))
    whole = whole_rows(tombstones.name, rows, damage)
    return _tombstone(whole[0]) if whole else None


def tombstone_page(
    connection: Connection,
    damage: DamageLog,
    *,
    kind: str | None,
    limit: int | None,
    after: str | None,
) -> Page[Tombstone]:
    """Return deletions, oldest first; damaged rows are left out and reported."""
    own = tombstones.c
    conditions = () if kind is None else (own.ref_kind == kind,)
    listing = Listing(tombstones, f"tombstones|{kind}", conditions, (own.id,))
    if limit is not None:
        check_page("limit", limit)
    wanted = None if limit is None else limit + 1
    rows = page_rows(connection, listing, limit=wanted, after=after)
    more = limit is not None and len(rows) > limit
    rows = rows[:limit]
    cursor = next_cursor(connection, listing, own.id == rows[-1].id) if more and rows else None
    whole = whole_rows(tombstones.name, rows, damage)
    return Page(tuple(map(_tombstone, whole)), cursor)


def _tombstone(row: Row[Any]) -> Tombstone:
    return Tombstone(
        ref=row.ref,
        kind=row.ref_kind,
        deleted_at=from_epoch_us(row.deleted_us),
        actor=row.actor,
        reason=row.reason,
        last_revision=row.last_revision,
        payload_digest=row.payload_digest.hex(),
    )
