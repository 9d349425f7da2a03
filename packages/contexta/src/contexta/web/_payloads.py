"""Plain data of the JSON routes, in the shapes that clients of 1.0 know."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

_DEPTH = 64


def to_jsonable(value: Any, _depth: int = 0) -> Any:
    """Return ``value`` as data that strict JSON holds.

    Scalars stay, except that a number that is not finite becomes ``None`` (results name it
    beside, as ``value_marker``). Mappings, sequences and sets become objects and lists;
    anything else is asked for ``to_dict()``, then ``to_json()``, then its fields, then text.
    """
    if value is None or isinstance(value, str | bool | int):
        return _text(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if _depth > _DEPTH:
        return str(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): to_jsonable(item, _depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray):
        if isinstance(value, AbstractSet):
            value = sorted(value, key=str)
        return [to_jsonable(item, _depth + 1) for item in value]
    return _object(value, _depth)


def _object(value: Any, depth: int) -> Any:
    for name in ("to_dict", "to_json"):
        method = getattr(value, name, None)
        if callable(method):
            return to_jsonable(method(), depth + 1)
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return to_jsonable(fields, depth + 1)
    plain = getattr(value, "__dict__", None)
    return to_jsonable(plain, depth + 1) if plain else _text(str(value))


def _text(value: str) -> str:
    # A lone surrogate is no Unicode text; JSON could write it, and hardly anybody read it.
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
