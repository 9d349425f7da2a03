"""The query behind `list_runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.contract.errors import ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.metadata._run_facts import param_value
from contexta.store.metadata._tables import run_params, run_tags, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

# Names that callers may sort by, to columns: no caller text ever becomes SQL.
_ORDERS = {
    "started_at": runs.c.started_us,
    "ended_at": runs.c.ended_us,
    "name": runs.c.name,
    "status": runs.c.status,
    "ref": runs.c.ref,
}


def run_statement(
    statement: Select[Any],
    *,
    project_ref: str | None,
    status: str | Sequence[str] | None,
    tags: Mapping[str, str] | None,
    params: Mapping[str, Any] | None,
    started_after: str | datetime | None,
    started_before: str | datetime | None,
    name: str | None,
    limit: int | None,
    offset: int,
    order_by: str,
    descending: bool,
) -> Select[Any]:
    """Return `statement` with conditions, order and limits; see `RunRepository.list_runs`."""
    if order_by not in _ORDERS:
        raise ValidationError(
            f"Runs cannot be ordered by {order_by!r}; use one of {', '.join(_ORDERS)}.",
            code="metadata_invalid_order",
            details={"order_by": order_by, "allowed": list(_ORDERS)},
        )
    if project_ref is not None:
        statement = statement.where(runs.c.project_ref == project_ref)
    if status is not None:
        wanted = [status] if isinstance(status, str) else list(status)
        statement = statement.where(runs.c.status.in_(wanted))
    if name is not None:
        statement = statement.where(runs.c.name == name)
    if started_after is not None:
        statement = statement.where(runs.c.started_us >= to_epoch_us(started_after))
    if started_before is not None:
        statement = statement.where(runs.c.started_us < to_epoch_us(started_before))
    for condition in (*_tag_conditions(tags or {}), *_param_conditions(params or {})):
        statement = statement.where(condition)
    keys: list[Any] = [_ORDERS[order_by], runs.c.ref]
    if descending:
        keys = [key.desc() for key in keys]
    if order_by == "ended_at":  # the only one with NULLs; elsewhere this would cost the index
        keys[0] = keys[0].nulls_last()
    return _cut(statement.order_by(*keys), limit, offset)


def _tag_conditions(tags: Mapping[str, str]) -> Iterator[ColumnElement[bool]]:
    for key, value in tags.items():
        yield runs.c.ref.in_(
            select(run_tags.c.run_ref).where(run_tags.c.key == key, run_tags.c.value == str(value))
        )


def _param_conditions(params: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    for key, value in params.items():
        text, number = param_value(value)
        rows = select(run_params.c.run_ref).where(run_params.c.key == key)
        if number is None:
            rows = rows.where(run_params.c.number.is_(None), run_params.c.text == text)
        else:
            rows = rows.where(run_params.c.number == number)
        yield runs.c.ref.in_(rows)


def _cut(statement: Select[Any], limit: int | None, offset: int) -> Select[Any]:
    for field, value in (("limit", limit), ("offset", offset)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValidationError(
                f"{field} must be a whole number from 0, not {value!r}.",
                code="metadata_invalid_page",
                details={"field_name": field, "value": repr(value)},
            )
    if limit is not None:
        statement = statement.limit(limit)
    return statement.offset(offset) if offset else statement
