"""What a put must know before it writes, in one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, literal, select

from contexta.store.metadata._tables import tombstones

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from contexta.store.metadata._rows import Entity


class PutState(NamedTuple):
    """What is stored around a ref.

    Attributes:
        parents: Those parents of the model that are stored.
        revision: Of its own row; None when there is none.
        last_deleted: Highest revision of its deleted rows; 0 without any.
    """

    parents: frozenset[str]
    revision: int | None
    last_deleted: int


class PutProbe:
    """The query of one kind of entity; built once, for building costs more than running."""

    def __init__(self, entity: Entity[Any]) -> None:
        self._parents = entity.parents
        own = entity.table.c
        ref: Any = bindparam("own_ref")
        columns: list[Any] = [
            select(own.revision).where(own.ref == ref).scalar_subquery(),
            select(func.max(tombstones.c.last_revision))
            .where(tombstones.c.ref == ref)
            .scalar_subquery(),
        ]
        for index, parent in enumerate(entity.parents):
            stored = parent.table.c.ref
            columns.append(
                select(literal(1)).where(stored == bindparam(f"parent_{index}")).scalar_subquery()
            )
        self._statement = select(*columns)

    def run(self, connection: Connection, model: Any, ref: str) -> PutState:
        """Return what is stored around a model."""
        values: dict[str, str | None] = {"own_ref": ref}
        named = []
        for index, parent in enumerate(self._parents):
            target = getattr(model, parent.field)
            text = None if target is None else target.text
            named.append(text)
            values[f"parent_{index}"] = text
        row = connection.execute(self._statement, values).one()
        parents = frozenset(
            text for text, found in zip(named, row[2:], strict=True) if text and found is not None
        )
        return PutState(parents, row[0], row[1] or 0)
