"""When a comparison holds for a value: the meaning of expressions, in Python.

``True``, ``False`` or ``None`` (not known). A value is ``None`` (missing), a float, a text, or
for times an int (microseconds since 1970 UTC).
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from typing import TypeAlias

from contexta.interpretation.query._expression_nodes import (
    ORDERS,
    TEXTUAL,
    Ago,
    Comparison,
    Span,
    Value,
)

Known: TypeAlias = float | str | int | None
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_TEXT_ORDERS: dict[str, Callable[[str, str], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
# Runs and ledgers keep these values of parameters as words, like the texts of the same letters.
_WORDS: dict[str, float | None] = {
    "null": None,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
# A pattern never fits a text with one of these: databases end a text at the first, and
# PostgreSQL's stored form uses the second.
UNFIT = ("\x00", "\x01")


def param_value(value: object) -> float | str | None:
    """Return a parameter as it is compared: a float, a text, or ``None``."""
    if isinstance(value, str):
        return _WORDS.get(value, value)
    if value is None:
        return None
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return str(value)
    return json.dumps(value, sort_keys=True, default=str)


def truth(comparison: Comparison, value: Known, now_us: int) -> bool | None:
    """Tell whether a comparison holds for a value."""
    name = comparison.operator
    if name == "missing":
        return value is None
    if value is None:
        return None
    literals = [resolved(item, now_us) for item in comparison.values]
    if isinstance(literals[0], Span):
        return _in_time(name, value, [item for item in literals if isinstance(item, Span)])
    if name in ("eq", "ne", "in"):
        found = any(equal(value, item) for item in literals)
        return not found if name == "ne" else found
    literal = literals[0]
    if isinstance(literal, str) != isinstance(value, str):
        return None
    if isinstance(literal, str):
        return _text_truth(name, str(value), literal)
    return _TESTS[name](float(value), float(literal))


def resolved(value: Value, now_us: int) -> float | str | Span:
    """Return a value with ``ago`` made an instant."""
    if isinstance(value, Ago):
        return Span(now_us - value.microseconds, now_us - value.microseconds)
    return value


def equal(value: float | str, literal: float | str | Span) -> bool:
    """Tell whether a known value equals a literal; NaN equals the literal ``nan``."""
    if isinstance(value, str) or isinstance(literal, str):
        return value == literal
    number = float(literal)  # type: ignore[arg-type]  # numbers meet no spans
    return math.isnan(value) if math.isnan(number) else value == number


def _in_time(name: str, value: float | str, spans: list[Span]) -> bool | None:
    if isinstance(value, str):
        return None
    if name in ("eq", "ne", "in"):
        found = any(span.first_us <= value <= span.last_us for span in spans)
        return not found if name == "ne" else found
    # A day is over when its last microsecond is, and has begun with its first.
    bound = spans[0].first_us if name in ("lt", "ge") else spans[0].last_us
    return _TESTS[name](value, bound)


def _text_truth(name: str, value: str, literal: str) -> bool:
    if name in ORDERS:
        return _TEXT_ORDERS[name](value, literal)
    if name not in TEXTUAL:
        raise AssertionError(name)
    if any(letter in text for letter in UNFIT for text in (value, literal)):
        return False
    if name == "contains":
        return literal in value
    if name == "matches":
        return literal.translate(_LOWER) in value.translate(_LOWER)
    return fits(value, literal)


def fits(text: str, pattern: str) -> bool:
    """Tell whether a whole text fits a pattern of ``*`` (any run) and ``?`` (one character).

    Pieces between stars are found leftmost first, so that the time is at most the product of
    the two lengths, whatever the pattern.
    """
    if "*" not in pattern:
        return len(text) == len(pattern) and _fits_at(text, pattern, 0)
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last) or not _fits_at(text, first, 0):
        return False
    end = len(text) - len(last)
    if not _fits_at(text, last, end):
        return False
    place = len(first)
    for piece in middle:
        while place + len(piece) <= end and not _fits_at(text, piece, place):
            place += 1
        if place + len(piece) > end:
            return False
        place += len(piece)
    return True


def _fits_at(text: str, piece: str, start: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, start)
    return all(
        wanted in ("?", letter)
        for wanted, letter in zip(piece, text[start : start + len(piece)], strict=True)
    )
