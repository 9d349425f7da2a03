"""Mappings of text to text, and run parameters."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

from contexta.contract._coerce._json import convert, encodable, top_key
from contexta.contract._frozen import EMPTY, FrozenMapping
from contexta.contract._problems import Problem, ProblemsFound, step
from contexta.contract._refs._stable_ref import StableRef
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.time import normalize_timestamp

_CODE = "context_invalid_mapping"


def freeze_text_map(value: Any) -> FrozenMapping[str, str]:
    """Return a read-only mapping of trimmed text to trimmed text, sorted by key.

    Scalars become text: ``True`` is ``"true"``, numbers their ``str``, dates ISO 8601, enums
    their value. Values may be empty; ``None`` in place of the mapping means an empty one.

    Raises:
        ProblemsFound: one problem for each key or value that cannot be kept.
    """
    if value is None:
        return EMPTY
    found: list[Problem] = []
    result = {}
    for key, item in _items(value, found):
        text = item.strip() if item.__class__ is str else _scalar_text(item)
        if text is None or not encodable(text):
            found.append(_bad_value(key, item))
        else:
            result[key] = text
    return _finish(result, found)


def freeze_params(value: Any) -> FrozenMapping[str, Any]:
    """Return run parameters: a read-only mapping of text to JSON scalars, sorted by key.

    A list or mapping among the values is kept as its canonical JSON text.

    Raises:
        ProblemsFound: one problem for each key or value that cannot be kept.
    """
    if value is None:
        return EMPTY
    found: list[Problem] = []
    result = {}
    for key, item in _items(value, found):
        plain = convert(item, "$" + step(key), found)
        if isinstance(plain, dict | list):
            plain = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        result[key] = plain
    return _finish(result, found)


def _items(value: Any, found: list[Problem]) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        message = f"{short_repr(value)} is {type(value).__name__}, not a mapping; pass a dict"
        raise ProblemsFound([Problem(_CODE, "$", message, {"type": type(value).__name__})])
    seen: set[str] = set()
    items = []
    for key, item in value.items():
        if (name := top_key(key, seen, found, _CODE)) is not None:
            items.append((name, item))
    return items


def _finish(result: dict[str, Any], found: list[Problem]) -> FrozenMapping[str, Any]:
    if found:
        raise ProblemsFound(found)
    return FrozenMapping(sorted(result.items())) if result else EMPTY


def _bad_value(key: str, value: object) -> Problem:
    message = (
        f"value {short_repr(value)} of {short_repr(key)} is {type(value).__name__}, which has no "
        "plain text form; pass text, a number, a bool, a date, a path or an enum"
    )
    return Problem(_CODE, "$" + step(key), message, {"key": key, "value": short_repr(value)})


def _scalar_text(value: Any) -> str | None:
    if isinstance(value, Enum):
        return _scalar_text(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str.__str__(value).strip()
    if isinstance(value, int):
        return str(int(value)) if value.bit_length() <= 1024 else None
    if isinstance(value, float):
        return str(float(value))
    if isinstance(value, datetime):
        return normalize_timestamp(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | Fraction | UUID | StableRef):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    return _array_scalar_text(value)


def _array_scalar_text(value: Any) -> str | None:
    item = getattr(value, "item", None)
    if not callable(item) or getattr(value, "ndim", None) != 0:
        return None
    plain = item()
    return _scalar_text(plain) if isinstance(plain, bool | int | float | str) else None
