"""Filters and orders of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal_column, or_, select

from contexta.contract.errors import ValidationError
from contexta.store.metadata import _filters as f
from contexta.store.metadata._paging import Listing
from contexta.store.metadata._run_facts import param_value
from contexta.store.metadata._run_where import run_where
from contexta.store.metadata._run_words import nonfinite_words
from contexta.store.metadata._tables import (
    archived,
    deployments,
    none_last,
    run_origins,
    run_params,
    run_tags,
    runs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Column, ColumnElement, Select

    from contexta.store.metadata._filters import Condition

OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "exists")
_PARAM_ORDER = "param:"

# Names that callers may sort by, to columns: no caller text ever becomes SQL.
_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "project": (runs.c.project_ref, runs.c.started_us),
    "started_at": (runs.c.started_us,),
    "ended_at": (none_last(runs.c.ended_us),),
    "name": (runs.c.name,),
    "status": (runs.c.status,),
    "ref": (),
}
_NONE_FIRST = func.coalesce(runs.c.ended_us, literal_column(str(-(1 << 63))))


def run_conditions(filters: Mapping[str, Any]) -> tuple[ColumnElement[bool], ...]:
    """Return what runs must meet; see `RunRepository.list_runs`.

    Raises:
        ValidationError: For a filter that does not fit.
    """
    return f.conditions_of(RUN_FILTERS, filters)


def run_listing(filters: Mapping[str, Any], *, order_by: str, descending: bool) -> Listing:
    """Return the listing behind the lists of runs; see `RunRepository.list_runs`.

    Raises:
        ValidationError: `metadata_invalid_order`, or for a filter that does not fit.
    """
    conditions = run_conditions(filters)
    name = f"runs|{order_by}|{descending}|{f.signature(filters)}"
    if isinstance(order_by, str) and order_by.startswith(_PARAM_ORDER):
        # This order is the one of an index of the parameters, so no run is read to sort it.
        mine = run_params.alias("sorted_by")
        key = order_by.removeprefix(_PARAM_ORDER)
        return Listing(
            runs,
            name,
            (*conditions, mine.c.key == key, mine.c.number.is_not(None)),
            (mine.c.number, mine.c.text, mine.c.run_ref),
            descending=descending,
            joined=(mine, mine.c.run_ref == runs.c.ref),
        )
    if not isinstance(order_by, str) or order_by not in _ORDERS:
        allowed = [*_ORDERS, _PARAM_ORDER + "<key>"]
        raise ValidationError(
            f"Runs cannot be ordered by {order_by!r}; use one of {', '.join(allowed)}.",
            code="metadata_invalid_order",
            details={"order_by": str(order_by), "allowed": allowed},
        )
    late_open = descending and order_by == "ended_at"
    keys = (*((_NONE_FIRST,) if late_open else _ORDERS[order_by]), runs.c.ref)
    walked = None
    if order_by in _WALKABLE and any(filters.get(name) for name in _WALKED_AFRESH):
        walked = f.conditions_of(_WALKED_FILTERS, filters)
    return Listing(runs, name, conditions, keys, descending=descending, walked=walked)


def _each(
    build: Callable[[str, Any, Any], Iterator[ColumnElement[bool]]], field: str, ref: Any
) -> Condition:
    def conditions(value: Any) -> ColumnElement[bool]:
        if not isinstance(value, Mapping):
            raise f.invalid_filter(field, value, "a mapping of keys to values")
        return and_(
            True, *(part for key, wanted in value.items() for part in build(key, wanted, ref))
        )

    return conditions


def _tag_conditions(key: str, wanted: Any, ref: Any) -> Iterator[ColumnElement[bool]]:
    for operator, value in _operations("tags", wanted):
        rows = select(run_tags.c.run_ref).where(run_tags.c.key == key)
        if operator != "exists":
            rows = rows.where(_compare(run_tags.c.value, operator, value, str))
        yield _among(ref, rows, operator, value)


def _param_conditions(key: str, wanted: Any, ref: Any) -> Iterator[ColumnElement[bool]]:
    for operator, value in _operations("params", wanted):
        rows = select(run_params.c.run_ref).where(run_params.c.key == key)
        if operator != "exists":
            rows = rows.where(_compare_param(operator, value))
        yield _among(ref, rows, operator, value)


def _among(ref: Any, rows: Select[Any], operator: str, value: Any) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = ref.in_(rows)
    return wanted if operator != "exists" or value else ~wanted


def _operations(field: str, wanted: Any) -> Iterator[tuple[str, Any]]:
    """Yield (operator, value); a bare value means `eq`."""
    if not isinstance(wanted, Mapping):
        yield "eq", wanted
        return
    for operator, value in wanted.items():
        if operator not in OPERATORS:
            raise ValidationError(
                f"{operator!r} is no operator of {field}; use one of {', '.join(OPERATORS)}.",
                code="metadata_unknown_operator",
                details={"operator": str(operator), "allowed": list(OPERATORS)},
            )
        if operator == "in" and (isinstance(value, str) or not hasattr(value, "__iter__")):
            raise f.invalid_filter(f"{field} in", value, "a sequence of values")
        if operator == "exists":
            f.flag(f"{field} exists", value)
        yield operator, value


def _compare_param(operator: str, value: Any) -> ColumnElement[bool]:
    """Compare numbers as numbers, all else as text."""
    if operator == "in":
        return _any(_compare_param("eq", item) for item in value)
    words = nonfinite_words(value)
    if words and operator in ("eq", "ne"):
        among = and_(run_params.c.number.is_(None), run_params.c.text.in_(words))
        return among if operator == "eq" else ~among
    text, number = param_value(value)
    if number is not None:
        own = _compare(run_params.c.number, operator, number, float)
        if operator == "ne":  # a text differs from every number
            return _any([own, run_params.c.number.is_(None)])
        return own
    own = _compare(run_params.c.text, operator, text, str)
    if operator == "ne":
        return _any([own, run_params.c.number.is_not(None)])
    return and_(run_params.c.number.is_(None), own)


def _compare(
    column: ColumnElement[Any], operator: str, value: Any, kind: type
) -> ColumnElement[bool]:
    if operator == "in":
        return column.in_([kind(item) for item in value])
    own = kind(value)
    comparisons: dict[str, Callable[[], ColumnElement[bool]]] = {
        "eq": lambda: column == own,
        "ne": lambda: column != own,
        "lt": lambda: column < own,
        "le": lambda: column <= own,
        "gt": lambda: column > own,
        "ge": lambda: column >= own,
    }
    return comparisons[operator]()


def _any(choices: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(False, *choices)


def _has_deployment(value: Any) -> ColumnElement[bool]:
    found = select(deployments.c.ref).where(deployments.c.run_ref == runs.c.ref).exists()
    return found if f.flag("has_deployment", value) else ~found


def _is_archived(value: Any) -> ColumnElement[bool]:
    found = select(archived.c.ref).where(archived.c.ref == runs.c.ref).exists()
    return found if f.flag("archived", value) else ~found


def _origin(column: Column[Any], field: str) -> Condition:
    matches = f.is_text(column, field)
    return lambda value: runs.c.ref.in_(select(run_origins.c.run_ref).where(matches(value)))


RUN_FILTERS: dict[str, Condition] = {
    "project_ref": f.is_ref(runs.c.project_ref, "project", "project_ref"),
    "status": f.has_status(runs.c.status),
    "name": f.is_text(runs.c.name, "name"),
    "name_prefix": f.has_prefix(runs.c.name, "name_prefix"),
    "started_after": f.at_or_after(runs.c.started_us),
    "started_before": f.before(runs.c.started_us),
    "ended_after": f.at_or_after(runs.c.ended_us),
    "ended_before": f.before(runs.c.ended_us),
    "tags": _each(_tag_conditions, "tags", runs.c.ref),
    "params": _each(_param_conditions, "params", runs.c.ref),
    "has_deployment": _has_deployment,
    "archived": _is_archived,
    "include_archived": f.not_archived(runs.c.ref),
    "code_revision": _origin(run_origins.c.code_revision, "code_revision"),
    "dataset_ref": _origin(run_origins.c.dataset_ref, "dataset_ref"),
    "where": run_where(runs.c.ref),
}

# An expression instead of the column: no index finds it, so the order is what is followed.
_TESTED_REF = runs.c.ref.concat("")
_WALKABLE = frozenset({"project", "started_at", "name", "ref"})
_WALKED_AFRESH = ("tags", "params", "where")
_WALKED_FILTERS: dict[str, Condition] = {
    **RUN_FILTERS,
    "tags": _each(_tag_conditions, "tags", _TESTED_REF),
    "params": _each(_param_conditions, "params", _TESTED_REF),
    "where": run_where(_TESTED_REF),
}
