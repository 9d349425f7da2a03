"""Text of others, made harmless for a page and for an address."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote


def visible(text: str) -> str:
    r"""Show control, bidirectional and unpaired surrogate characters as ``\x..`` or ``\u....``.

    Escaping for HTML is the template engine's; this is about characters that would make a
    reader see what is not there. Newlines and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible_char, text))


def _visible_char(char: str) -> str:
    # Cc control, Cf format (bidi marks, zero width), Cs surrogates, Zl and Zp separators.
    if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cut(value: object, limit: int = 80) -> str:
    """Return at most about ``limit`` characters, with the number of those left out."""
    text = str(value)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\u2026 ({len(text) - limit:,} more characters)"


def segment(value: object) -> str:
    """One segment of a path, encoded once; the colon of refs may stay."""
    # A lone surrogate has no UTF-8 form: replaced, so that the link is wrong but the page stands.
    return quote(str(value), safe=":", errors="replace")
