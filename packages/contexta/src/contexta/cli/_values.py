"""Numbers, sizes, durations and times as people read them."""

import math

MISSING = "-"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_AGES = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d"))


def number(value: object) -> str:
    """Up to six significant digits; whole numbers in full; ``-`` for nothing.

    What is not finite is named: ``NaN``, ``inf``, ``-inf``.
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if value.is_integer() and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.6g}"


def signed(value: float | None) -> str:
    """A difference with its sign; no difference is ``0``."""
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def percent(ratio: float | None) -> str:
    """A ratio as a signed percentage: ``0.031`` is ``+3.1%``."""
    points = math.nan if ratio is None else ratio * 100
    if not math.isfinite(points):
        return MISSING
    if abs(points) >= 1000:
        return f"{points:+.3g}%"
    return f"{points:+.2f}%" if abs(points) < 9.995 else f"{points:+.1f}%"


def size(count: int | None) -> str:
    """Bytes in binary units: ``1.4 MiB``."""
    if count is None:
        return MISSING
    amount = float(count)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{count} B"


def duration(seconds: float | None) -> str:
    """A time span: ``820 ms``, ``3.4 s``, ``12 min 5 s``, ``3 h 12 min``, ``5 d 2 h``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds == 0 or seconds >= 0.001 else "<1 ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def elapsed(start: str | None, end: str | None) -> str:
    """The time between two stored instants."""
    first, last = seconds_of(start), seconds_of(end)
    return MISSING if first is None or last is None else duration(last - first)


def moment(text: str | None) -> str:
    """A stored time to the second: ``2026-01-31 12:00:00Z``; what is no time stays as it is."""
    if text is None:
        return MISSING
    if len(text) >= 19 and text[10:11] == "T" and text.endswith("Z"):
        return f"{text[:10]} {text[11:19]}Z"
    return text


def ago(text: str | None, now: float) -> str:
    """How long before ``now`` (seconds since 1970) an instant lies: ``5 min ago``.

    Older than 30 days, or in the future by more than a minute, it is the date.
    """
    at = seconds_of(text)
    if at is None or text is None:
        return MISSING if text is None else text
    age = now - at
    if -60 < age < 1:
        return "just now"
    if age < 0 or age >= _AGES[-1][0]:
        return text[:10]
    for below, length, unit in _AGES:
        if age < below:
            return f"{int(age // length)} {unit} ago"
    return text[:10]


def seconds_of(text: str | None) -> float | None:
    """An instant in seconds since 1970; ``None`` for what is no time."""
    if text is None:
        return None
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
