"""Errors of expressions: the place, a caret under it, and what would fit there."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from contexta.contract.errors import ValidationError

INVALID = "query_invalid_expression"
TOO_LARGE = "query_expression_too_large"
_SHOWN = 40


class Refusal(Exception):  # noqa: N818  # never leaves the parser
    """Why an expression is refused, and where: ``position`` counts characters from 0."""

    def __init__(
        self,
        reason: str,
        position: int,
        *,
        expected: Sequence[str] = (),
        nearest: Sequence[str] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.expected = tuple(expected)
        self.nearest = tuple(nearest)


def invalid_expression(text: str, refusal: Refusal) -> ValidationError:
    """Build the public error: one line that says why, then the line with a caret below it."""
    position = min(refusal.position, len(text))
    line = text.count("\n", 0, position) + 1
    start = text.rfind("\n", 0, position) + 1
    column = position - start + 1
    hints = ""
    if refusal.expected:
        hints += f"; expected {', '.join(refusal.expected)}"
    if refusal.nearest:
        hints += f"; nearest: {', '.join(refusal.nearest)}"
    place = f"(line {line}, column {column})"
    return ValidationError(
        f"{refusal.reason} {place}{hints}\n{_drawing(text, start, position)}",
        code=INVALID,
        details={
            "reason": refusal.reason,
            "line": line,
            "column": column,
            "expected": list(refusal.expected),
            "nearest": list(refusal.nearest),
        },
    )


def too_large(what: str, limit: int, found: int | None = None) -> ValidationError:
    """Build the error of an expression beyond one of the limits; it does not repeat the text."""
    has = "more" if found is None else str(found)
    return ValidationError(
        f"the expression has {has} {what}, and at most {limit} are taken; ask in several "
        "questions, or name the runs with run_ids",
        code=TOO_LARGE,
        details={"what": what, "limit": limit},
    )


def shown(text: str) -> str:
    """Show a piece of text in a message: short, on one line, without invisible characters."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "'" + _visible(cut) + "'"


def _visible(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _drawing(text: str, start: int, position: int) -> str:
    """The line around the place, cut to what a screen shows, and a caret under the place."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    left, right = max(start, position - _SHOWN), min(end, position + _SHOWN)
    before = ("…" if left > start else "") + _visible(text[left:position])
    after = _visible(text[position:right]) + ("…" if right < end else "")
    return f"  {before}{after}\n  {''.join(map(_blank, before))}^"


def _blank(letter: str) -> str:
    """A blank as wide as a character on a screen."""
    if unicodedata.combining(letter):
        return ""
    return "\u3000" if unicodedata.east_asian_width(letter) in "WF" else " "
