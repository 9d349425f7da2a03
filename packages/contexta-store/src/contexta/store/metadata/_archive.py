"""Archived entities: still there, and left out of lists on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contexta.contract.errors import NotFoundError
from contexta.store.metadata._history import record_changes
from contexta.store.metadata._lookup import REFS, among, chunks, existing
from contexta.store.metadata._tables import TABLE_OF_REF_KIND, archived

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._context import StoreContext


def archive(context: StoreContext, refs: Sequence[StableRef]) -> tuple[str, ...]:
    """Archive stored entities; see `MetadataStore.archive`."""
    kinds = {ref.text: ref.kind for ref in refs}
    with context.database.write() as connection:
        missing = missing_refs(connection, refs)
        if missing:
            raise not_stored(missing)
        fresh = sorted(set(kinds) - existing(connection, archived, kinds))
        now = time.time_ns() // 1_000
        if fresh:
            connection.execute(
                archived.insert(),
                [
                    {
                        "ref": ref,
                        "ref_kind": kinds[ref],
                        "archived_us": now,
                        "actor": context.actor,
                    }
                    for ref in fresh
                ],
            )
        changes = [(ref, "archived", "false", "true") for ref in fresh]
        record_changes(connection, changes, actor=context.actor)
    return tuple(fresh)


def unarchive(context: StoreContext, refs: Sequence[StableRef]) -> tuple[str, ...]:
    """Take entities out of the archive; see `MetadataStore.unarchive`."""
    wanted = {ref.text for ref in refs}
    with context.database.write() as connection:
        found = sorted(existing(connection, archived, wanted))
        for chunk in chunks(found):
            connection.execute(archived.delete().where(among(archived.c.ref)), {REFS: chunk})
        changes = [(ref, "archived", "true", "false") for ref in found]
        record_changes(connection, changes, actor=context.actor)
    return tuple(found)


def missing_refs(connection: Connection, refs: Iterable[StableRef]) -> list[str]:
    """Return those of some refs that no row of this plane has, sorted."""
    by_kind: dict[str, set[str]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, set()).add(ref.text)
    missing: set[str] = set()
    for kind, texts in by_kind.items():
        table = TABLE_OF_REF_KIND.get(kind)
        missing |= texts if table is None else texts - existing(connection, table, texts)
    return sorted(missing)


def not_stored(refs: Sequence[str]) -> NotFoundError:
    """Build the error of refs of any kinds that are not stored."""
    shown = ", ".join(repr(ref) for ref in refs[:5]) + (" …" if len(refs) > 5 else "")
    return NotFoundError(
        f"{shown} is not stored; nothing was changed.",
        code="metadata_row_not_found",
        details={"ref": refs[0], "refs": list(refs)},
    )
