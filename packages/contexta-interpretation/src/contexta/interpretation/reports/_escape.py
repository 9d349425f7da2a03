"""The one place where text of others becomes safe to show."""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = re.compile(r"([\\`*\[\]|~])")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def visible(text: str) -> str:
    r"""Show control, bidirectional and unpaired surrogate characters as ``\x..`` or ``\u....``.

    Newlines and tabs become spaces; a caller that wants lines splits before.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_char(char) for char in text)


def _visible_char(char: str) -> str:
    if char in "\n\t\r":
        return " "
    # Cc control, Cf format (bidi marks, zero width), Cs surrogates, Zl and Zp separators.
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return char


def markdown(text: str) -> str:
    """Escape what Markdown or embedded HTML would act on."""
    text = _MARKDOWN.sub(r"\\\1", visible(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def csv_cell(text: str) -> str:
    """Quote a text cell; one that a spreadsheet would run as a formula gets a leading ``'``."""
    safe = "\n".join(visible(line) for line in text.split("\n"))
    if text.startswith(_FORMULA_STARTS):
        safe = "'" + safe
    return '"' + safe.replace('"', '""') + '"'
