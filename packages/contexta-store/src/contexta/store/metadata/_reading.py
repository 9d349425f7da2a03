"""Rows to models, with damaged rows set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from contexta.contract.errors import IntegrityError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from contexta.store.metadata._damage import DamageLog
    from contexta.store.metadata._rows import Entity

M = TypeVar("M")


def read_models(
    connection: Connection, entity: Entity[M], statement: Select[Any], damage: DamageLog
) -> tuple[M, ...]:
    """Return the models of the rows that can be read, in row order; report the others.

    Args:
        connection: Inside a read transaction.
        entity: What the rows are.
        statement: Selects all columns of the table, in table order.
        damage: Where damaged rows are reported.
    """
    models = []
    for row in connection.execute(statement):
        try:
            models.append(entity.model_of(row))
        except IntegrityError as error:
            damage.add(error)
    return tuple(models)
