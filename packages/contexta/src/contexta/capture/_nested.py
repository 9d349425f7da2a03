"""Metrics that come as a mapping of mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MAX_NESTING = 16


def flat(
    values: Mapping[str, Any], prefix: str = "", around: tuple[int, ...] = ()
) -> Iterable[tuple[Any, Any]]:
    """Return the values with the keys that lead to them, joined by `/`."""
    around = (*around, id(values))
    for key, value in values.items():
        name = f"{prefix}{key}" if prefix else key
        nested = isinstance(value, Mapping) and len(around) <= _MAX_NESTING
        if nested and id(value) not in around:
            yield from flat(value, f"{name}/", around)
        else:
            yield name, value  # a mapping nested deeper, or in itself, is no number
