"""Numbers, times and sizes as people read them."""

from __future__ import annotations

import math

from contexta.interpretation._instants import seconds_between

MISSING = "\u2013"


def number(value: object) -> str:
    """Up to six significant digits; whole numbers in full; a dash for nothing."""
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        if value.is_integer() and abs(value) < 1e9:
            return str(int(value))
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def brief(value: float | None) -> str:
    """Three significant digits, for p values and labels."""
    if value is None or not math.isfinite(value):
        return number(value)
    return f"{value:.3g}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    if value is None:
        return MISSING
    return f"+{number(value)}" if value > 0 else number(value)


def percent(value: float | None) -> str:
    """A ratio as a signed percentage."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value * 100:+.2f} %"


def size(count: int | None) -> str:
    """Bytes in binary units."""
    if count is None:
        return MISSING
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{count} B"


def duration(start: str | None, end: str | None) -> str:
    """The time between two instants: ``820 ms``, ``3.4 s``, ``12 min 5 s``, ``3 h 12 min``."""
    seconds = seconds_between(start, end)
    if seconds is None:
        return MISSING
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def moment(text: str | None) -> str:
    """A stored time to the second: ``2026-01-31 12:00:00 UTC``."""
    if text is None:
        return MISSING
    if len(text) >= 19 and text[10:11] == "T" and text.endswith("Z"):
        return f"{text[:10]} {text[11:19]} UTC"
    return text


def short_hash(text: str | None) -> str:
    """The first twelve digits of a hash or revision."""
    return MISSING if text is None else text.removeprefix("sha256:")[:12]


def plain(value: object) -> str:
    """Any value of a parameter or tag as one line."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number(value)
    return str(value)
