"""Hyper-parameters of any library as run parameters."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_PARAMS = 500
"""Parameters that one training logs; a run of thousands is unreadable."""
_MAX_TEXT = 500
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def flat_params(params: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters as `a.b` -> scalar or text, the first `MAX_PARAMS` of them.

    Numbers of numpy become Python's, functions and classes their names, lists JSON, anything
    else its `repr` without addresses, cut to 500 characters.
    """
    found: dict[str, Any] = {}
    for key, value in _walk(params, prefix, 0):
        if len(found) == MAX_PARAMS:
            break
        found[key] = plain(value)
    return found


def plain(value: Any) -> Any:
    """Return a value as a scalar that a parameter can be."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "shape", None) == ():
        return plain(item())
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return name
    if isinstance(value, list | tuple | set | frozenset):
        return _as_json(value)
    return _ADDRESS.sub("", repr(value))[:_MAX_TEXT]


def number(value: Any) -> int | float | None:
    """Return a number, also of numpy or a tensor of one element, or None if it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    item = getattr(value, "item", None)
    if item is None or getattr(value, "size", 1) == 0:
        return None
    try:
        found = item()
    except (TypeError, ValueError, RuntimeError):  # an array of several elements
        return None
    return found if isinstance(found, int | float) else None


def _walk(params: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in params.items():
        if isinstance(value, Mapping) and value and depth < 8:
            yield from _walk(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _as_json(values: Any) -> str:
    items = [plain(value) for value in values]
    finite = [str(i) if isinstance(i, float) and not math.isfinite(i) else i for i in items]
    return json.dumps(finite, ensure_ascii=False)[:_MAX_TEXT]
