"""The refs that a ledger knows, each read from its row: an index may be damaged, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from contexta.contract.errors import IntegrityError
from contexta.store.metadata._entities import ENTITIES
from contexta.store.metadata._marked_rows import whole_rows
from contexta.store.metadata._streams import row_pages
from contexta.store.metadata._tables import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from contexta.store.metadata._damage import DamageLog


def registered_refs(connection: Connection, damage: DamageLog) -> Iterator[str]:
    """Yield the refs of stored entities and those that lineage names, some of them twice."""
    for entity in ENTITIES:
        for rows in row_pages(connection, select(entity.table)):
            for row in rows:
                try:
                    entity.content_of(row)
                except IntegrityError as error:
                    damage.add(error)
                else:
                    yield row.ref
    for rows in row_pages(connection, select(mentions)):
        for row in whole_rows(mentions.name, rows, damage):
            yield row.ref
