"""Rows to models, with damaged rows set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from contexta.contract.errors import IntegrityError
from contexta.store.metadata import _sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Row, Select

    from contexta.store.metadata._damage import DamageLog
    from contexta.store.metadata._rows import Entity

M = TypeVar("M")


def fetch_rows(
    connection: Connection, statement: Select[Any], params: Mapping[str, Any] | None = None
) -> list[Row[Any]]:
    """Return all rows, also those whose text is no longer UTF-8.

    Such bytes come back as lone surrogates, which no digest matches: the row is then damaged,
    and the others are readable.
    """
    try:
        return list(connection.execute(statement, params or {}))
    except UnicodeDecodeError:
        with _sqlite.any_bytes_as_text(connection):
            return list(connection.execute(statement, params or {}))


def read_models(
    connection: Connection, entity: Entity[M], statement: Select[Any], damage: DamageLog
) -> tuple[M, ...]:
    """Return the models of a query; see `models_of`.

    Args:
        connection: Inside a read transaction.
        entity: What the rows are.
        statement: Selects all columns of the table, in table order.
        damage: Where damaged rows are reported.
    """
    return models_of(fetch_rows(connection, statement), entity, damage)


def models_of(rows: Iterable[Row[Any]], entity: Entity[M], damage: DamageLog) -> tuple[M, ...]:
    """Return the models of the rows that can be read, in row order; report the others."""
    models = []
    for row in rows:
        try:
            models.append(entity.model_of(row))
        except IntegrityError as error:
            damage.add(error)
    return tuple(models)
