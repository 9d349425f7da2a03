"""Values as people read them on a page: numbers, times, sizes, and text of others made harmless."""

from __future__ import annotations

import json
import math
import unicodedata
from datetime import datetime
from urllib.parse import quote

MISSING = "\u2013"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


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


def number(value: object) -> str:
    """Six significant digits; whole numbers in full; a dash for nothing."""
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return plain(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "\u221e" if value > 0 else "-\u221e"
        if value.is_integer() and abs(value) < 1e9:
            return f"{int(value):,}"
        return f"{value:.6g}"
    return f"{value:,}"


def exact(value: object) -> str:
    """The number with every digit, for the hint over a rounded one."""
    return repr(value) if isinstance(value, float) else str(value)


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def percent(value: float | None) -> str:
    """A ratio as a signed percentage."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value * 100:+.2f} %"


def size(count: int | None) -> str:
    """Bytes in binary units."""
    if count is None:
        return MISSING
    amount, unit = float(count), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{count} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def seconds(value: float | None) -> str:
    """A time span: ``820 ms``, ``3.4 s``, ``12 min 5 s``, ``3 h 12 min``, ``2 d 4 h``."""
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if abs(value) < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def instant(text: str | None) -> datetime | None:
    """Read a stored time; ``None`` for none."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def span_seconds(start: str | None, end: str | None) -> float | None:
    """Seconds between two stored times; ``None`` when one is unknown."""
    first, last = instant(start), instant(end)
    return None if first is None or last is None else (last - first).total_seconds()


def moment(text: str | None) -> str:
    """A stored time to the second: ``2026-01-31 12:00:00 UTC``."""
    if text is None:
        return MISSING
    if len(text) >= 19 and text[10:11] == "T" and text.endswith("Z"):
        return f"{text[:10]} {text[11:19]} UTC"
    return text


def minute(text: str | None) -> str:
    """A stored time to the minute, with its zone, short enough for a column."""
    found = moment(text)
    return f"{found[:16]} UTC" if found.endswith(" UTC") else found


def plain(value: object) -> str:
    """Any value of a param, tag or payload as text."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)  # a seed or a year is no amount: no separators
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def segment(value: object) -> str:
    """One segment of a path, encoded once; the colon of refs may stay."""
    # A lone surrogate has no UTF-8 form: replaced, so that the link is wrong but the page stands.
    return quote(str(value), safe=":", errors="replace")


def short_ref(ref: str) -> str:
    """A ref without its kind: ``run:p.r`` is shown as ``p.r``."""
    return ref.partition(":")[2] or ref
