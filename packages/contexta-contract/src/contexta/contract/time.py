"""Instants: one stored form, compared as instants.

Every timestamp in Contexta is the text ``YYYY-MM-DDTHH:MM:SS.ffffffZ``: UTC, microseconds,
27 characters. Because the width is fixed, comparing two stored texts compares two instants.
Any aware text or ``datetime`` is accepted on the way in; a naive ``datetime`` is taken as UTC;
text without an offset is refused, because nobody can know what it means.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time_ns

from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

__all__ = [
    "ensure_utc",
    "from_epoch_us",
    "iso_utc_now",
    "normalize_timestamp",
    "parse_timestamp",
    "to_epoch_us",
    "utc_now",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NORMAL = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
).fullmatch
_FORMAT = "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ"
_ONE_US = timedelta(microseconds=1)
_CODE = "context_invalid_timestamp"
_WAY_OUT = "give an aware datetime or ISO 8601 text with an offset, like 2026-01-31T09:30:00Z"


def ensure_utc(value: datetime) -> datetime:
    """Return ``value`` in UTC; a naive one is taken as UTC.

    Raises:
        ValidationError: ``value`` is no datetime, or its UTC form is outside years 1 to 9999.
    """
    if not isinstance(value, datetime):
        raise _invalid(value, "is not a datetime")
    if value != value:
        raise _invalid(value, "is not a time")
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError) as exc:
        raise _invalid(value, "is outside the years 1 to 9999 in UTC", exc) from exc


def parse_timestamp(value: str | datetime) -> datetime:
    """Return the instant that ``value`` names, in UTC.

    Digits past the microsecond are cut. Surrounding space is ignored, ``z`` means ``Z``.

    Raises:
        ValidationError: no instant can be read, or the text carries no offset.
    """
    if isinstance(value, datetime):
        return ensure_utc(value)
    if not isinstance(value, str):
        raise _invalid(value, "is neither text nor a datetime")
    text = value.strip()
    if not text:
        raise _invalid(value, "is blank")
    try:
        # Python 3.11 reads an upper-case Z only, and datetime keeps at most microseconds.
        moment = datetime.fromisoformat(_with_offset(text))
    except ValueError as exc:
        raise _invalid(value, "is no ISO 8601 timestamp", exc) from exc
    if moment.tzinfo is None:
        raise _invalid(value, "has no offset, so its instant is unknown")
    return ensure_utc(moment)


def normalize_timestamp(value: str | datetime) -> str:
    """Return the stored form of ``value``: UTC, microseconds, 27 characters, ending in ``Z``.

    Raises:
        ValidationError: as :func:`parse_timestamp`.
    """
    if value.__class__ is str and _NORMAL(value):
        try:
            datetime.fromisoformat(value)
        except ValueError as exc:
            raise _invalid(value, "names a day that does not exist", exc) from exc
        return value
    moment = parse_timestamp(value)
    return _FORMAT % (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
    )


def utc_now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def iso_utc_now() -> str:
    """Return the current instant in its stored form."""
    return from_epoch_us(time_ns() // 1000)


def from_epoch_us(microseconds: int) -> str:
    """Return the stored form of an instant given in microseconds since 1970-01-01 UTC.

    Raises:
        ValidationError: the number is no int or falls outside the years 1 to 9999.
    """
    try:
        seconds, fraction = divmod(microseconds, 1_000_000)
        return f"{_whole_second(seconds)}.{fraction:06d}Z"
    except (OverflowError, TypeError, ValueError) as exc:
        raise _invalid(microseconds, "is no count of microseconds since 1970", exc) from exc


@lru_cache(maxsize=256)
def _whole_second(seconds: int) -> str:
    # Records come many to a second, so the calendar arithmetic is done once for all of them.
    return (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def to_epoch_us(value: str | datetime) -> int:
    """Return microseconds since 1970-01-01 UTC; negative before.

    Raises:
        ValidationError: as :func:`parse_timestamp`.
    """
    if value.__class__ is str and len(value) == 27 and _NORMAL(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as exc:
            raise _invalid(value, "names a day that does not exist", exc) from exc
    else:
        moment = parse_timestamp(value)
    return (moment - EPOCH) // _ONE_US


def _with_offset(text: str) -> str:
    if text[-1] not in "zZ":
        return text
    body = text[:-1].rstrip()
    # A bare date with Z is legacy input; fromisoformat wants a time before an offset.
    return f"{body}T00:00:00+00:00" if _is_bare_date(body) else f"{body}+00:00"


def _is_bare_date(body: str) -> bool:
    return "T" not in body and ":" not in body and " " not in body


def _invalid(value: object, reason: str, cause: Exception | None = None) -> ValidationError:
    return ValidationError(
        f"timestamp {short_repr(value)} {reason}; {_WAY_OUT}",
        code=_CODE,
        details={"value": value if isinstance(value, str) else short_repr(value)},
        cause=cause,
    )
