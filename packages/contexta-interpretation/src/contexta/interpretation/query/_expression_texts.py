"""Texts in quotes and keys in backticks, read."""

from __future__ import annotations

import re
from typing import Any

from contexta.interpretation.query._expression_errors import Refusal, shown

_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_HEX = {"x": 2, "u": 4, "U": 8}
_ESCAPE = re.compile(r"\\(?:([xuU])([0-9a-fA-F]*)|(.))", re.DOTALL)
_BIGGEST = 0x10FFFF


def unquoted(token: Any) -> str:
    """Return what a quoted token holds, its escapes replaced.

    Raises:
        Refusal: an escape that means nothing, at its place.
    """
    text = str(token)
    if text[0] == "`":
        return text[1:-1]
    start = token.start_pos + 1
    out: list[str] = []
    place, body = 0, text[1:-1]
    while (found := _ESCAPE.search(body, place)) is not None:
        out.append(body[place : found.start()])
        letter, end = _escaped(found, start)
        out.append(letter)
        place = end
    out.append(body[place:])
    return "".join(out)


def _escaped(found: re.Match[str], start: int) -> tuple[str, int]:
    kind, digits, plain = found.groups()
    if kind is None:
        if plain in _PLAIN:
            return _PLAIN[plain], found.end()
    else:
        length = _HEX[kind]
        code = int(digits[:length], 16) if len(digits) >= length else -1
        # Half of a pair is no character, and no database keeps it.
        if 0 < code <= _BIGGEST and not 0xD800 <= code <= 0xDFFF:
            return chr(code), found.start() + 2 + length
    raise Refusal(
        f"the escape {shown(found[0])} means nothing; write a backslash as \\\\",
        start + found.start(),
    )
