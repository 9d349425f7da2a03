"""Revisions: which state of a row a writer has seen, and which number comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from contexta.contract.errors import ConflictError, ValidationError
from contexta.store.metadata._lookup import REFS, among, chunks
from contexta.store.metadata._tables import tombstones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

_LAST = select(func.max(tombstones.c.last_revision)).where(tombstones.c.ref == bindparam("ref"))
_ANY = select(tombstones.c.id).limit(1)


def check_revision(ref: str, actual: int | None, expected: int | None) -> None:
    """Refuse a write by someone who has seen another state.

    Args:
        ref: The row.
        actual: Its revision; None when it is not stored.
        expected: What the writer has seen; 0 for "not there", None for no matter.

    Raises:
        ConflictError: `metadata_revision_conflict`.
        ValidationError: `metadata_invalid_revision`.
    """
    if expected is None:
        return
    if isinstance(expected, bool) or not isinstance(expected, int) or expected < 0:
        raise ValidationError(
            f"expected_revision must be a whole number from 0, not {expected!r}.",
            code="metadata_invalid_revision",
            details={"expected_revision": repr(expected)[:200]},
        )
    found = actual or 0
    if found != expected:
        seen = f"at revision {found}" if found else "not stored"
        raise ConflictError(
            f"{ref!r} is {seen}, not at {expected}: somebody else wrote it. Read it again, and "
            "decide anew.",
            code="metadata_revision_conflict",
            details={"ref": ref, "expected_revision": expected, "actual_revision": found},
        )


def last_deleted_revision(connection: Connection, ref: str) -> int:
    """Return the highest revision that deleted rows of this ref had; 0 without any."""
    return connection.execute(_LAST, {"ref": ref}).scalar_one() or 0


def last_deleted_revisions(connection: Connection, refs: Iterable[str]) -> dict[str, int]:
    """Return the same for many refs; those that were never deleted are left out."""
    wanted = tuple(refs)
    if not wanted or connection.execute(_ANY).first() is None:
        return {}
    found: dict[str, int] = {}
    own = tombstones.c
    for chunk in chunks(wanted):
        statement = (
            select(own.ref, func.max(own.last_revision)).where(among(own.ref)).group_by(own.ref)
        )
        for ref, revision in connection.execute(statement, {REFS: chunk}):
            found[ref] = revision
    return found


def revision_of(connection: Connection, table: Table, ref: str) -> int | None:
    """Return the revision of a stored row, or None."""
    return connection.execute(
        select(table.c.revision).where(table.c.ref == ref)
    ).scalar_one_or_none()
