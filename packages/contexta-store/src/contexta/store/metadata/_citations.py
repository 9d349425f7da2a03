"""Which refs lineage names, and who names them.

`ledger_citations` says which relation or assertion names a ref as evidence or context.
`ledger_mentions` is the registry of named refs: what it has of kinds that this plane does not
store may be an end of a relation. It never stands in for an entity of this plane, so that
evidence can neither relabel a stored run nor make one exist.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam

from contexta.store.metadata._lookup import existing
from contexta.store.metadata._refs import parse_ref
from contexta.store.metadata._tables import citations, mentions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

_INSERT = citations.insert()
_FORGET = citations.delete().where(citations.c.owner_ref == bindparam("own_ref"))


def cite(
    connection: Connection,
    named: Mapping[str, list[tuple[str, str]]],
    *,
    replaced: Collection[str],
    ends: Iterable[str],
) -> None:
    """Store what relations or assertions name, in place of what they named before.

    Args:
        connection: Of the transaction of the put.
        named: Ref of the relation or assertion to (ref text, role) pairs.
        replaced: Those of them that were stored already.
        ends: Ends of relations of kinds that this plane does not store.
    """
    stale = [{"own_ref": own} for own in named if own in replaced]
    if stale:
        connection.execute(_FORGET, stale)
    rows: list[dict[str, Any]] = [
        {"owner_ref": own, "ref": ref, "role": role}
        for own, cited in named.items()
        for ref, role in dict.fromkeys(cited)
    ]
    if rows:
        connection.execute(_INSERT, rows)
    roles = dict.fromkeys(ends, "relation_endpoint")
    roles.update({row["ref"]: row["role"] for row in rows})
    _mention(connection, roles)


def _mention(connection: Connection, named: Mapping[str, str]) -> None:
    """Register refs under the role in which they are named; those known stay as they are."""
    if not named:
        return
    known = existing(connection, mentions, named)
    now = time.time_ns() // 1_000
    fresh = [
        {
            "ref": text,
            "ref_kind": parse_ref(text).kind,
            "mentioned_as": role,
            "registered_us": now,
        }
        for text, role in named.items()
        if text not in known
    ]
    if fresh:
        connection.execute(mentions.insert(), fresh)
