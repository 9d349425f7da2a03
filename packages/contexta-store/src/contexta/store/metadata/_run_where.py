"""Conditions on runs that are joined by and, or and not, as one bound condition in SQL.

A condition is a mapping of plain values, so that callers need no class of this package:

- ``{"all": [...]}`` and ``{"any": [...]}`` join conditions.
- ``{"refs": [...]}`` holds for these runs; with ``"negated": True`` for all others. However many
  they are, they are bound as one parameter.
- ``{"field": ..., "key": ..., "operator": ..., "values": [...], "negated": ...}`` compares.

Fields: ``ref``, ``name``, ``status``, ``project`` (its name), ``code_revision``, ``dataset_ref``
and ``tags`` (with a ``key``) are texts; ``params`` (with a ``key``) are texts or numbers;
``duration`` is seconds; ``started_at`` and ``ended_at`` are compared with pairs of microseconds
since 1970 UTC, the first and the last of a span.

Operators: ``eq``, ``ne``, ``lt``, ``le``, ``gt``, ``ge`` and ``in``; for texts ``like`` (``*``
and ``?``), ``contains`` and ``matches`` (contains, A to Z as a to z); and ``missing``, which
takes no value. A comparison holds for runs whose value is known and meets it; with ``"negated":
True`` for those whose value is known and does not. A number and a text are unequal, and neither
in order nor out of it. Numbers, NaN and words are as in `contexta.store.metadata._run_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Double, and_, cast, false, func, or_, select, true

from contexta.store.metadata._filters import invalid_filter
from contexta.store.metadata._run_compare import instants, numbers, texts
from contexta.store.metadata._run_words import known_params, param_condition
from contexta.store.metadata._sql_elements import is_among
from contexta.store.metadata._tables import projects, run_origins, run_params, run_tags, runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Column, ColumnElement

    from contexta.store.metadata._filters import Condition

OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "like", "contains", "matches", "missing")
_MOST_LEVELS = 100
_PROJECT_PREFIX = len("project:") + 1

_TEXT_COLUMNS: dict[str, ColumnElement[str]] = {
    "ref": runs.c.ref,
    "name": runs.c.name,
    "status": runs.c.status,
    # A workspace that lacks the row of a project still has its ref.
    "project": func.coalesce(
        select(projects.c.name).where(projects.c.ref == runs.c.project_ref).scalar_subquery(),
        func.substr(runs.c.project_ref, _PROJECT_PREFIX, type_=runs.c.project_ref.type),
        type_=projects.c.name.type,
    ),
}
_ORIGINS: dict[str, Column[Any]] = {
    "code_revision": run_origins.c.code_revision,
    "dataset_ref": run_origins.c.dataset_ref,
}
_DURATION = cast(runs.c.ended_us - runs.c.started_us, Double) / cast(1e6, Double)
_TIMES: dict[str, ColumnElement[int]] = {
    "started_at": runs.c.started_us,
    "ended_at": runs.c.ended_us,
}
FIELDS = (*_TEXT_COLUMNS, *_ORIGINS, *_TIMES, "duration", "params", "tags")


class _Leaf(NamedTuple):
    field: str
    key: str
    operator: str
    values: tuple[Any, ...]
    negated: bool


def run_where(ref: Any) -> Condition:
    """Return what builds the condition of a mapping as described above.

    Args:
        ref: The ref of a run in SQL.
    """
    return lambda value: _build(value, ref, 0)


def _build(where: Any, ref: Any, level: int) -> ColumnElement[bool]:
    if not isinstance(where, Mapping):
        raise invalid_filter("where", where, "a mapping; see contexta.store.metadata._run_where")
    if level > _MOST_LEVELS:
        raise invalid_filter("where", "...", f"nested at most {_MOST_LEVELS} times")
    if "all" in where:
        return and_(true(), *(_build(part, ref, level + 1) for part in _list(where, "all")))
    if "any" in where:
        return or_(false(), *(_build(part, ref, level + 1) for part in _list(where, "any")))
    if "refs" in where:
        refs = _list(where, "refs")
        if not all(isinstance(item, str) for item in refs):
            raise invalid_filter("where refs", refs, "texts")
        among = is_among(ref, refs)
        return ~among if where.get("negated") else among
    return _compared(_leaf(where), ref)


def _list(where: Mapping[str, Any], name: str) -> list[Any]:
    found = where[name]
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise invalid_filter(f"where {name}", found, "a sequence")
    return list(found)


def _leaf(where: Mapping[str, Any]) -> _Leaf:
    field, operator = where.get("field"), where.get("operator")
    if field not in FIELDS:
        raise invalid_filter("where field", field, f"one of {', '.join(FIELDS)}")
    if operator not in OPERATORS:
        raise invalid_filter("where operator", operator, f"one of {', '.join(OPERATORS)}")
    key = where.get("key", "")
    if not isinstance(key, str) or (field in ("params", "tags") and not key):
        raise invalid_filter("where key", key, "a text that is not empty")
    values = tuple(_list(where, "values")) if "values" in where else ()
    if bool(values) != (operator != "missing") or (len(values) > 1 and operator != "in"):
        raise invalid_filter("where values", values, f"as many as {operator} takes")
    return _Leaf(str(field), key, str(operator), values, bool(where.get("negated")))


def _compared(leaf: _Leaf, ref: ColumnElement[Any]) -> ColumnElement[bool]:
    if leaf.operator == "missing":
        known = _known(leaf, ref)
        return known if leaf.negated else ~known
    operator, values, negated = leaf.operator, leaf.values, leaf.negated
    if leaf.field in _TEXT_COLUMNS:
        return texts(_TEXT_COLUMNS[leaf.field], operator, values, negated=negated)
    if leaf.field in _TIMES:
        column = _TIMES[leaf.field]
        return and_(_known(leaf, ref), instants(column, operator, values, negated=negated))
    if leaf.field == "duration":
        return and_(_known(leaf, ref), numbers(_DURATION, operator, values, negated=negated))
    build = _TABLES[leaf.field]
    return ref.in_(build(leaf))


def _params(leaf: _Leaf) -> Any:
    condition = param_condition(leaf.operator, leaf.values, negated=leaf.negated)
    return select(run_params.c.run_ref).where(run_params.c.key == leaf.key, condition)


def _tags(leaf: _Leaf) -> Any:
    condition = texts(run_tags.c.value, leaf.operator, leaf.values, negated=leaf.negated)
    return select(run_tags.c.run_ref).where(run_tags.c.key == leaf.key, condition)


def _origins(leaf: _Leaf) -> Any:
    column = _ORIGINS[leaf.field]
    condition = texts(column, leaf.operator, leaf.values, negated=leaf.negated)
    return select(run_origins.c.run_ref).where(column.is_not(None), condition)


_TABLES: dict[str, Callable[[_Leaf], Any]] = {
    "params": _params,
    "tags": _tags,
    "code_revision": _origins,
    "dataset_ref": _origins,
}


def _known(leaf: _Leaf, ref: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the run has a value; never NULL."""
    if leaf.field == "params":
        return known_params(leaf.key, ref)
    if leaf.field == "tags":
        rows = select(run_tags.c.run_ref).where(run_tags.c.key == leaf.key)
        return ref.in_(rows)
    if leaf.field in _ORIGINS:
        column = _ORIGINS[leaf.field]
        return ref.in_(select(run_origins.c.run_ref).where(column.is_not(None)))
    if leaf.field in ("ended_at", "duration"):
        return runs.c.ended_us.is_not(None)
    return true()


__all__ = ["FIELDS", "OPERATORS", "run_where"]
