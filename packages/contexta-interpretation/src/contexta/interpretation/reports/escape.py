"""The one place where text of others becomes safe to show."""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = re.compile(r"([\\`*\[\]|~$])")
# Inside a word an underscore is text.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What begins a heading, a rule, a list or a quotation where a line begins.
_LINE_START = re.compile(r"^(\s*)(?:([#+=-])|(\d{1,9})([.)]))")
# Renderers turn bare addresses into links.
_ADDRESS = re.compile(r"(https?|ftp):(?=//)|(www)\.", re.IGNORECASE)
SHOWN = 400


def visible(text: str) -> str:
    r"""Show control, bidirectional and unpaired surrogate characters as ``\x..`` or ``\u....``.

    Newlines and tabs become spaces; see :func:`visible_lines`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in "\n\t\r" else _visible_char(char) for char in text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines: newlines and tabs stay, carriage returns are shown."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" else _visible_char(char) for char in text)


def _visible_char(char: str) -> str:
    # Cc control, Cf format (bidi marks, zero width), Cs surrogates, Zl and Zp separators.
    if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def markdown(text: str) -> str:
    """Escape what Markdown or embedded HTML would act on inside a line."""
    text = _MARKDOWN.sub(r"\\\1", visible(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _EMPHASIS.sub(r"\\_", text)
    return _ADDRESS.sub(lambda m: f"{m[1]}\\:" if m[1] else f"{m[2]}\\.", text)


def markdown_line(text: str) -> str:
    """The same for text that begins a line, where more signs mean something."""
    return _LINE_START.sub(
        lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", markdown(text)
    )


def cut(value: object, limit: int = SHOWN) -> str:
    """Shorten what is too long to read, and say by how much; data forms keep the whole."""
    text = str(value)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"
