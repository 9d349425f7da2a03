"""Text in, nodes out; every refusal points at its place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from contexta.interpretation.query._expression_builder import Builder
from contexta.interpretation.query._expression_errors import (
    Refusal,
    invalid_expression,
    shown,
    too_large,
)
from contexta.interpretation.query._expression_nodes import Node, comparisons
from contexta.interpretation.query._grammar import GRAMMAR, expected_names

if TYPE_CHECKING:
    from lark import Lark

MAX_LENGTH = 10_000
MAX_COMPARISONS = 200
_QUOTES = "\"'`"


@cache
def _parser() -> Lark:
    """Build the parser, once in a process; a warm build takes some 20 ms."""
    from lark import Lark

    return Lark(
        GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True, transformer=Builder()
    )


def parse(text: str) -> Node:
    """Parse an expression.

    Raises:
        ValidationError: ``query_invalid_expression`` or ``query_expression_too_large``.
    """
    if len(text) > MAX_LENGTH:
        raise too_large("characters", MAX_LENGTH, len(text))
    try:
        _check_characters(text)
        node = _nodes(text)
    except Refusal as refusal:
        raise invalid_expression(text, refusal) from None
    # A database compares with each span of time one by one; other values it looks up at once.
    found = sum(len(item.values) if item.field.kind == "time" else 1 for item in comparisons(node))
    if found > MAX_COMPARISONS:
        raise too_large("comparisons", MAX_COMPARISONS, found)
    return node


def _check_characters(text: str) -> None:
    if not text.strip():
        raise Refusal(
            "the expression is blank", 0, expected=("a comparison such as status = 'open'",)
        )
    for position, letter in enumerate(text):
        if letter == "\x00":
            raise Refusal("a null character stands in the expression", position)
        if "\ud800" <= letter <= "\udfff":
            raise Refusal("half of a surrogate pair stands in the expression", position)


def _nodes(text: str) -> Node:
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        tree: Any = _parser().parse(text)
    except UnexpectedCharacters as error:
        raise _unreadable(text, error.pos_in_stream or 0, error.allowed) from None
    except UnexpectedEOF as error:
        raise _ended(text, error.expected) from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _ended(text, error.accepts or error.expected) from None
        position = error.token.start_pos or 0
        raise Refusal(
            f"{shown(str(error.token))} does not belong here",
            position,
            expected=expected_names(error.accepts or error.expected),
        ) from None
    return tree  # type: ignore[no-any-return]  # what Builder.start returns


def _ended(text: str, expected: Any) -> Refusal:
    return Refusal(
        "the expression ends too early", len(text.rstrip()), expected=expected_names(expected)
    )


def _unreadable(text: str, position: int, allowed: Any) -> Refusal:
    letter = text[position]
    if letter in _QUOTES and {"STRING", "BACKTICK"} & set(allowed or ()):
        return Refusal(f"the quote {letter} is never closed", position)
    return Refusal(
        f"{shown(_word_at(text, position))} does not belong here",
        position,
        expected=expected_names(allowed),
    )


def _word_at(text: str, position: int) -> str:
    end = position
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[position : max(end, position + 1)]
