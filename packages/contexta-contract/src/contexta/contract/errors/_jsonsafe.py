"""Turn any value into plain JSON data, for error details."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

_MAX_DEPTH = 16
_MAX_REPR = 200


def short_repr(value: object, *, limit: int = 80) -> str:
    """Return ``repr(value)``, cut in the middle to at most ``limit`` characters.

    A ``__repr__`` that raises is replaced by the type name: an error message must
    never be the reason for a second error.
    """
    try:
        if isinstance(value, str) and len(value) > limit:
            value = value[:limit] + "…"
        text = repr(value)
    except Exception:  # a foreign __repr__ may raise anything
        text = f"<{type(value).__name__}>"
    if len(text) <= limit:
        return text
    head = limit - limit // 3 - 1
    return f"{text[:head]}…{text[-(limit // 3) :]}"


def json_safe(value: object, *, _depth: int = 0) -> Any:
    """Return ``value`` as JSON data: tuples become lists, NaN becomes text, objects their repr.

    Mapping keys become text and are sorted. Nothing raises; what is nested deeper than
    16 levels is shown as its shortened ``repr``.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # A lone surrogate cannot be encoded, so it cannot be logged or stored either.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 1024 else short_repr(hex(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _nonfinite(value)
    if _depth >= _MAX_DEPTH:
        return short_repr(value, limit=_MAX_REPR)
    if isinstance(value, Mapping):
        items = {str(json_safe(str(k))): json_safe(v, _depth=_depth + 1) for k, v in value.items()}
        return dict(sorted(items.items()))
    if isinstance(value, set | frozenset):
        return [json_safe(v, _depth=_depth + 1) for v in sorted(value, key=str)]
    if isinstance(value, Iterable) and isinstance(value, list | tuple):
        return [json_safe(v, _depth=_depth + 1) for v in value]
    return json_safe(short_repr(value, limit=_MAX_REPR))


def _nonfinite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
