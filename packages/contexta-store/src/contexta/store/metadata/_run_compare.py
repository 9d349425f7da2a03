"""One known value of a run compared with values of a caller; all of them bound.

Columns here are never NULL where it matters: who has no value is left out before.
"""

from __future__ import annotations

import math
import operator as op
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, or_, true

from contexta.store.metadata._filters import invalid_filter
from contexta.store.metadata._sql_elements import Contains, Fits, HasNoUnfit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": op.eq,
    "ne": op.ne,
    "lt": op.lt,
    "le": op.le,
    "gt": op.gt,
    "ge": op.ge,
}
# Not "<" is ">=" only because the values that are compared here are known and no NaN.
_CONTRARY = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_TEXTUAL = ("like", "contains", "matches")
_UNFIT = re.compile("[\x00\x01]")


def texts(
    column: ColumnElement[Any], operator: str, values: Sequence[Any], *, negated: bool
) -> ColumnElement[bool]:
    """Compare a text by code point; see `contexta.store.metadata._run_where`."""
    for value in values:
        if not isinstance(value, str):
            raise invalid_filter("where values", value, "a text")
    if operator in _TEXTUAL:
        found = _textual(column, operator, values[0])
        return ~found if negated else found
    if operator == "in":
        return column.not_in(values) if negated else column.in_(values)
    name = _CONTRARY[operator] if negated else operator
    return _tested(name, column, values[0])


def _tested(name: str, column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = TESTS[name](column, value)
    return condition


def _textual(column: ColumnElement[Any], operator: str, value: str) -> ColumnElement[bool]:
    if _UNFIT.search(value):
        return false()
    if operator == "contains":
        found: ColumnElement[bool] = Contains(column, value)
    elif operator == "matches":
        found = Contains(func.lower(column, type_=column.type), _lower(value))
    else:
        found = Fits(column, value)
    return and_(HasNoUnfit(column), found)


def _lower(text: str) -> str:
    """As databases do without a language: A to Z only."""
    return "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in text)


def numbers(
    column: ColumnElement[Any], operator: str, values: Sequence[Any], *, negated: bool
) -> ColumnElement[bool]:
    """Compare a finite number; NaN and infinities may be among the values."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid_filter("where values", value, "a number")
    given = [float(value) for value in values]
    if operator == "in":
        finite = [value for value in given if math.isfinite(value)]
        return column.not_in(finite) if negated else column.in_(finite)
    (value,) = given
    if not math.isfinite(value):
        # Every finite number compares alike with what is not finite.
        return true() if TESTS[operator](0.0, value) is not negated else false()
    name = _CONTRARY[operator] if negated else operator
    return _tested(name, column, value)


def instants(
    column: ColumnElement[Any], operator: str, values: Sequence[Any], *, negated: bool
) -> ColumnElement[bool]:
    """Compare an instant with spans: a span lies before what comes after its last microsecond."""
    spans = [_span(value) for value in values]
    first, last = spans[0]
    if operator in ("eq", "ne", "in"):
        within = or_(false(), *(column.between(*span) for span in spans))
        return within if (operator == "ne") is negated else ~within
    if operator not in TESTS:
        raise invalid_filter("where operator", operator, "one that compares times")
    name = _CONTRARY[operator] if negated else operator
    bound = first if operator in ("lt", "ge") else last
    return _tested(name, column, bound)


def _span(value: Any) -> tuple[int, int]:
    if isinstance(value, list | tuple) and len(value) == 2:
        first, last = value
        # Beyond 64 bits there is no time, and SQLite would not take the number.
        if all(isinstance(us, int) and abs(us) < 1 << 63 for us in (first, last)):
            return first, last
    raise invalid_filter("where values", value, "a pair of microseconds since 1970 UTC")
