"""Parameters compared with values: numbers, texts, and the words for what is neither.

A parameter is kept as a text and, when it is a finite number, as a number besides. NaN and the
infinities are kept as the words ``NaN``, ``Infinity`` and ``-Infinity``, as the contract writes
them, None as ``null``; these words, and ``nan``, ``inf`` and ``-inf``, mean the values wherever
they came from. True and False are the texts ``true`` and ``false``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_, select

from contexta.store.metadata._filters import invalid_filter
from contexta.store.metadata._run_compare import TESTS, numbers, texts
from contexta.store.metadata._tables import run_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

_NULL = "null"
_NONFINITE = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
}
_WORDS = (_NULL, *_NONFINITE)
_IS_NUMBER = run_params.c.number.is_not(None)
_IS_TEXT = and_(run_params.c.number.is_(None), run_params.c.text.not_in(_WORDS))


def nonfinite_words(value: object) -> tuple[str, ...]:
    """Return what stands for NaN or an infinity in the ledger; nothing for any other value."""
    if not isinstance(value, float) or math.isfinite(value):
        return ()
    return tuple(word for word, own in _NONFINITE.items() if _test("eq", own, value))


def known_params(key: str, ref: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the run has the parameter, and not as None."""
    is_null = and_(run_params.c.number.is_(None), run_params.c.text == _NULL)
    rows = select(run_params.c.run_ref).where(run_params.c.key == key, ~is_null)
    return ref.in_(rows)


def param_condition(operator: str, values: Sequence[Any], *, negated: bool) -> ColumnElement[bool]:
    """Return when a row of a parameter meets a comparison; see `_run_where`."""
    if operator == "in":
        return _any_of(values, negated=negated)
    (value,) = values
    if isinstance(value, str):
        return _with_text(operator, value, negated=negated)
    return _with_number(operator, value, negated=negated)


def _any_of(values: Sequence[Any], *, negated: bool) -> ColumnElement[bool]:
    """All values in a few conditions: one for each would be too deep for SQLite."""
    given = [value for value in values if isinstance(value, str)]
    rest = [value for value in values if not isinstance(value, str)]
    words = {
        word for word, own in _NONFINITE.items() if any(_test("eq", own, float(n)) for n in rest)
    }
    among_words = _is_word(*(word for word in _NONFINITE if (word in words) is not negated))
    return or_(
        and_(_IS_NUMBER, numbers(run_params.c.number, "in", rest, negated=negated)),
        among_words,
        and_(_IS_TEXT, texts(run_params.c.text, "in", given, negated=negated)),
    )


def _with_text(operator: str, value: str, *, negated: bool) -> ColumnElement[bool]:
    equality = operator in ("eq", "ne")
    own = texts(run_params.c.text, operator, [value], negated=negated)
    if not equality:
        return and_(_IS_TEXT, own)
    differs = (operator == "ne") is not negated
    if value in _WORDS:  # as texts they exist nowhere, so every value that is known differs
        return _known_row() if differs else false()
    if differs:
        return or_(_IS_NUMBER, _is_word(*_NONFINITE), and_(_IS_TEXT, own))
    return and_(_IS_TEXT, own)


def _with_number(operator: str, value: Any, *, negated: bool) -> ColumnElement[bool]:
    if operator not in TESTS:
        raise invalid_filter("where operator", operator, "one that compares numbers")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid_filter("where values", value, "a number or a text")
    number = float(value)
    finite = and_(_IS_NUMBER, numbers(run_params.c.number, operator, [number], negated=negated))
    words = [
        word for word, own in _NONFINITE.items() if _test(operator, own, number) is not negated
    ]
    parts = [finite, _is_word(*words)]
    if (operator == "ne") is not negated and operator in ("eq", "ne"):
        parts.append(_IS_TEXT)  # a text differs from every number
    return or_(*parts)


def _test(operator: str, own: float, value: float) -> bool:
    if math.isnan(value):  # = nan and != nan test for it
        return math.isnan(own) is (operator == "eq")
    return bool(TESTS[operator](own, value))


def _is_word(*words: str) -> ColumnElement[bool]:
    if not words:
        return false()
    return and_(run_params.c.number.is_(None), run_params.c.text.in_(words))


def _known_row() -> ColumnElement[bool]:
    return or_(_IS_NUMBER, run_params.c.text != _NULL)
