"""Attribute values that OpenTelemetry takes, bounded in number and length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_KEYS = 100
"""Attributes of a record that are kept; the SDK's own limit is 128 in all."""
MAX_TEXT = 4_096
"""Characters of a text that are kept."""


def native(values: Mapping[str, Any], prefix: str) -> tuple[dict[str, Any], int]:
    """Return `values` under prefixed keys as OpenTelemetry values, and how many were left out.

    Scalars and lists of one scalar type stay what they are; anything else becomes JSON text.
    Nulls have no form there and are left out uncounted.
    """
    kept = [(key, value) for key, value in values.items() if value is not None]
    found = {f"{prefix}{key}": _value(value) for key, value in kept[:MAX_KEYS]}
    return found, max(0, len(kept) - MAX_KEYS)


def as_text(values: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return `values` under prefixed keys as text."""
    return {f"{prefix}{key}": str(value) for key, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bool | float) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list | tuple) and _uniform(value):
        return [_value(item) for item in value]
    return json.dumps(_plain(value), ensure_ascii=False, default=str)[:MAX_TEXT]


def _uniform(values: list[Any] | tuple[Any, ...]) -> bool:
    kinds = {type(item) for item in values}
    small = all(not isinstance(item, int) or -(2**63) <= item < 2**63 for item in values)
    return small and len(kinds) <= 1 and kinds <= {str, bool, int, float}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
