"""Nodes out of parsed pieces; every rule that a grammar cannot hold is checked here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.interpretation._nearest import nearest
from contexta.interpretation.instants import bound_us
from contexta.interpretation.query._expression_errors import Refusal, shown, too_large
from contexta.interpretation.query._expression_fields import WrittenField, field_of
from contexta.interpretation.query._expression_nodes import (
    ORDERS,
    Ago,
    And,
    Comparison,
    Field,
    Node,
    Not,
    Operator,
    Or,
    Span,
    Value,
)
from contexta.interpretation.query._expression_texts import unquoted

# SQLite reads conditions with a stack of 100, of which a level takes three.
MAX_DEPTH = 20
MAX_STARS = 20
_OPERATORS: dict[str, Operator] = {
    "=": "eq",
    "==": "eq",
    "!=": "ne",
    "<>": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "like": "like",
    "contains": "contains",
    "~": "matches",
    "!~": "matches",
}
_MICROSECONDS = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_DURATION = re.compile(r"([0-9.]+)([a-z]+)")
# Shorter than what a double or Python's reading of whole numbers cannot hold.
_MOST_DIGITS = 100
_LONGEST_US = 10_000 * 366 * 86_400_000_000


class _Literal(NamedTuple):
    kind: str  # number, duration, text, word, time
    value: float | str | Ago
    position: int


class _Built(NamedTuple):
    node: Node
    depth: int


class Builder:
    """Called by the parser for each rule as it is matched; keeps nothing between calls."""

    # Literals

    def number(self, parts: Sequence[Any]) -> _Literal:
        """Take a number; one beyond every double is refused, for it would become infinite."""
        (token,) = parts
        value = float(token)
        if math.isinf(value) and not token.lower().lstrip("+-").startswith("inf"):
            raise Refusal(
                f"{shown(token)} is beyond the largest number; write inf", token.start_pos
            )
        return _Literal("number", value, token.start_pos)

    def duration(self, parts: Sequence[Any]) -> _Literal:
        """Take a duration as seconds."""
        (token,) = parts
        return _Literal("duration", float(_microseconds(token) / 1_000_000), token.start_pos)

    def text(self, parts: Sequence[Any]) -> _Literal:
        """Take a text in quotes."""
        (token,) = parts
        return _Literal("text", unquoted(token), token.start_pos)

    def word(self, parts: Sequence[Any]) -> _Literal:
        """Take true or false: the words that a ledger keeps for them."""
        (token,) = parts
        return _Literal("word", token.lower(), token.start_pos)

    def null_literal(self, parts: Sequence[Any]) -> _Literal:
        """Refuse null as a value: nothing equals what is not known."""
        (token,) = parts
        raise Refusal(
            "nothing compares with null; write 'is null' or 'is not null'", token.start_pos
        )

    def now(self, parts: Sequence[Any]) -> _Literal:
        """Take the moment of the question, or one before it."""
        token, before = parts
        return _Literal("time", _ago(before), token.start_pos)

    def ago(self, parts: Sequence[Any]) -> _Literal:
        """Take a moment before that of the question."""
        (token,) = parts
        return _Literal("time", _ago(token), token.start_pos)

    # Fields

    def quoted(self, parts: Sequence[Any]) -> Any:
        """Pass a quoted key on."""
        return parts[0]

    def stage(self, parts: Sequence[Any]) -> Any:
        """Pass a stage on."""
        return parts[0]

    def suffix(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        """Pass the statistic on, with its step."""
        return tuple(parts)

    def bare_field(self, parts: Sequence[Any]) -> WrittenField:
        """Take ``status``, ``params.lr``, ``metrics.loss.max``, ``metrics.loss.at(5)``."""
        return field_of(parts[0], step=parts[1] if len(parts) > 1 else None)

    def quoted_field(self, parts: Sequence[Any]) -> WrittenField:
        """Take ``params."a b"`` and ``metrics["a.b"]@train.max``."""
        token, key, stage, suffix = parts
        return field_of(token, key=key, stage=stage, suffix=suffix)

    def staged_field(self, parts: Sequence[Any]) -> WrittenField:
        """Take ``metrics.loss@train.max``."""
        token, stage, *step = parts
        return field_of(token, staged=stage, step=step[0] if step else None)

    def bare_quoted_stage(self, parts: Sequence[Any]) -> WrittenField:
        """Take ``metrics.loss@"a b".max``."""
        token, stage, suffix = parts
        return field_of(token, stage=stage, suffix=suffix)

    # Comparisons

    def compare(self, parts: Sequence[Any]) -> _Built:
        """Take ``field operator value``."""
        written, operator, literal = parts
        return _leaf(written, _OPERATORS[operator], [literal])

    def one_of(self, parts: Sequence[Any]) -> _Built:
        """Take ``field in (...)``."""
        written, *literals = parts
        return _leaf(written, "in", literals)

    def none_of(self, parts: Sequence[Any]) -> _Built:
        """Take ``field not in (...)``."""
        return _not(self.one_of(parts))

    def between(self, parts: Sequence[Any]) -> _Built:
        """Take ``field between a and b``, both included."""
        written, low, high = parts
        both = (_leaf(written, "ge", [low]).node, _leaf(written, "le", [high]).node)
        return _Built(And(both), 2)

    def not_between(self, parts: Sequence[Any]) -> _Built:
        """Take ``field not between a and b``."""
        return _not(self.between(parts))

    def textual(self, parts: Sequence[Any]) -> _Built:
        """Take ``like``, ``contains``, ``~`` and ``!~``."""
        written, operator, literal = parts
        built = _leaf(written, _OPERATORS[operator.lower()], [literal])
        return _not(built) if operator == "!~" else built

    def not_textual(self, parts: Sequence[Any]) -> _Built:
        """Take ``not like`` and ``not contains``."""
        written, operator, literal = parts
        if operator in ("~", "!~"):
            raise Refusal(f"'not {operator}' is written as '!~' or '~'", operator.start_pos)
        return _not(self.textual([written, operator, literal]))

    def is_null(self, parts: Sequence[Any]) -> _Built:
        """Take ``field is null``."""
        return _Built(Comparison(parts[0].field, "missing"), 1)

    def is_not_null(self, parts: Sequence[Any]) -> _Built:
        """Take ``field is not null``."""
        return _not(self.is_null(parts))

    # Logic

    def all_of(self, parts: Sequence[_Built]) -> _Built:
        """Join by ``and``."""
        return _joined(And, parts)

    def any_of(self, parts: Sequence[_Built]) -> _Built:
        """Join by ``or``."""
        return _joined(Or, parts)

    def negated(self, parts: Sequence[_Built]) -> _Built:
        """Take ``not``."""
        return _not(parts[0])

    def nested(self, parts: Sequence[_Built]) -> _Built:
        """Take parentheses; they leave no node, so that they cost no depth."""
        return parts[0]

    def start(self, parts: Sequence[_Built]) -> Node:
        """Return the whole."""
        return parts[0].node


def _joined(kind: Callable[[tuple[Node, ...]], Node], parts: Sequence[_Built]) -> _Built:
    if len(parts) == 1:
        return parts[0]
    return _deeper(kind(tuple(part.node for part in parts)), max(part.depth for part in parts))


def _not(built: _Built) -> _Built:
    return _deeper(Not(built.node), built.depth)


def _deeper(node: Node, depth: int) -> _Built:
    if depth >= MAX_DEPTH:
        raise too_large("levels of nesting", MAX_DEPTH)
    return _Built(node, depth + 1)


def _leaf(written: WrittenField, operator: Operator, literals: Sequence[_Literal]) -> _Built:
    field = written.field
    values = tuple(_value(field, operator, literal) for literal in literals)
    return _Built(Comparison(field, operator, values), 1)


def _value(field: Field, operator: Operator, literal: _Literal) -> Value:
    if operator in ("like", "contains", "matches"):
        return _pattern(field, operator, literal)
    if operator in ORDERS:
        _check_order(literal)
    if field.kind == "time":
        return _time(field, literal)
    if literal.kind == "time":
        raise Refusal(
            f"{field.text} is no time; only started_at and ended_at are", literal.position
        )
    value = literal.value
    if literal.kind == "duration" and field.name != "duration":
        raise Refusal(f"{field.text} is no duration; only the field duration is", literal.position)
    if field.kind == "number" and isinstance(value, str):
        raise Refusal(f"{field.text} is a number, and {shown(value)} is none", literal.position)
    if field.kind == "text" and isinstance(value, float):
        text = f"{value:g}"
        raise Refusal(f"{field.text} is a text; write '{text}' in quotes", literal.position)
    if field.name == "status" and isinstance(value, str):
        _check_status(value, literal.position)
    assert not isinstance(value, Ago)  # noqa: S101  # the kind says so; for the type checker
    return value


def _check_order(literal: _Literal) -> None:
    if isinstance(literal.value, float) and math.isnan(literal.value):
        raise Refusal(
            "nothing lies above or below nan; '= nan' and '!= nan' test for it", literal.position
        )
    if literal.kind == "word":
        raise Refusal(f"nothing lies above or below {literal.value}", literal.position)


def _check_status(value: str, position: int) -> None:
    if value not in RUN_STAGE_STATUSES:
        raise Refusal(
            f"{shown(value)} is no status",
            position,
            expected=tuple(RUN_STAGE_STATUSES),
            nearest=nearest(value, RUN_STAGE_STATUSES),
        )


def _pattern(field: Field, operator: str, literal: _Literal) -> str:
    if field.kind not in ("text", "any"):
        raise Refusal(f"{field.text} is no text, which {operator} would need", literal.position)
    if literal.kind != "text" or not isinstance(literal.value, str):
        raise Refusal("a text in quotes must follow here", literal.position)
    pattern = literal.value
    if operator == "like":
        pattern = re.sub(r"\*+", "*", pattern)
        if pattern.count("*") > MAX_STARS:
            raise too_large("stars in one pattern", MAX_STARS)
    return pattern


def _time(field: Field, literal: _Literal) -> Span | Ago:
    if isinstance(literal.value, Ago):
        return literal.value
    if literal.kind == "text" and isinstance(literal.value, str):
        try:
            return Span(bound_us(literal.value, end=False), bound_us(literal.value, end=True))
        except (ValueError, OverflowError):
            reason = f"{shown(literal.value)} is no time"
    else:
        reason = f"{field.text} is a time"
    raise Refusal(
        f'{reason}; write "2026-01-31", "2026-01-31T12:00:00Z", now, now - 7d or ago(7d)',
        literal.position,
    )


def _ago(token: Any) -> Ago:
    if token is None:
        return Ago(0)
    microseconds = round(_microseconds(token))
    if microseconds > _LONGEST_US:
        raise Refusal(f"{shown(token)} reaches back beyond all calendars", token.start_pos)
    return Ago(microseconds)


def _microseconds(token: Any) -> Fraction:
    """Exactly, for 700 ms are 0.7 s and not a double beside it."""
    found = _DURATION.fullmatch(token)
    assert found is not None  # noqa: S101  # the terminal has this form
    if len(found[1]) > _MOST_DIGITS:
        raise Refusal(f"{shown(token)} has more than {_MOST_DIGITS} digits", token.start_pos)
    return Fraction(found[1]) * _MICROSECONDS[found[2]]
