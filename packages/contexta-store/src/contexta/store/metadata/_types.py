"""Text as both databases keep it: any Unicode text, compared bytewise."""

from __future__ import annotations

from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

# PostgreSQL cannot store NUL. With U+0001 as the mark of what was replaced, every text has one
# stored form, comes back as it was, and keeps its place in the bytewise order:
# NUL < U+0001 < U+0002 becomes 01 01 < 01 02 < 02.
_NUL, _MARK = "\x00", "\x01"
_STORED_NUL, _STORED_MARK = "\x01\x01", "\x01\x02"


def without_nul(text: str) -> str:
    """Return the stored form of a text."""
    if _NUL in text or _MARK in text:
        return text.replace(_MARK, _STORED_MARK).replace(_NUL, _STORED_NUL)
    return text


def with_nul(stored: str) -> str:
    """Return the text of a stored form."""
    if _MARK in stored:
        return stored.replace(_STORED_NUL, _NUL).replace(_STORED_MARK, _MARK)
    return stored


class PostgresText(TypeDecorator[str]):
    """Text that may hold NUL, in the order of its bytes."""

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        """Return the stored form."""
        return None if value is None else without_nul(value)

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        """Return the text."""
        return None if value is None else with_nul(value)
