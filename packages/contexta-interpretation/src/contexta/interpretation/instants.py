"""Instants: every comparison of times in this package is made on microseconds, never on text."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from contexta.contract.time import ensure_utc, to_epoch_us


def instant_us(text: str | None) -> int | None:
    """Microseconds since 1970 UTC, or ``None`` for no time or text that is no timestamp."""
    if not text:
        return None
    try:
        return to_epoch_us(ensure_utc(datetime.fromisoformat(text)))
    except ValueError:
        return None


def sort_instant(text: str | None) -> int:
    """Sort key of a time; a missing time sorts before every other."""
    value = instant_us(text)
    return -(2**63) if value is None else value


def bound_us(text: str, *, end: bool) -> int:
    """Microseconds of an inclusive bound; a bare date means the whole day.

    Without an offset the text is taken as UTC.

    Raises:
        ValueError: ``text`` is no timestamp.
    """
    moment = ensure_utc(datetime.fromisoformat(text.strip()))
    if end and _is_date(text.strip()):
        moment += timedelta(days=1) - timedelta(microseconds=1)
    return to_epoch_us(moment)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from ``start`` to ``end``, or ``None`` when one of them is unknown."""
    left, right = instant_us(start), instant_us(end)
    return None if left is None or right is None else (right - left) / 1_000_000


def seconds_of(text: str | None) -> float | None:
    """Seconds since 1970 UTC, or ``None`` for no time or text that is no timestamp."""
    found = instant_us(text)
    return None if found is None else found / 1_000_000
