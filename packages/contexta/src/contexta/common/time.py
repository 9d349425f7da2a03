"""Old place of the time helpers; ``contexta.contract.time`` is the public one."""

from contexta.contract.time import (
    ensure_utc,
    iso_utc_now,
    normalize_timestamp,
    parse_timestamp,
    utc_now,
)

__all__ = ["ensure_utc", "iso_utc_now", "normalize_timestamp", "parse_timestamp", "utc_now"]
