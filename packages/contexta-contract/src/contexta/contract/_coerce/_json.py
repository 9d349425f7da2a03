"""Any common Python value as JSON data."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from contexta.contract._frozen import EMPTY, FrozenMapping, freeze
from contexta.contract._problems import Problem, ProblemsFound, step
from contexta.contract._refs._stable_ref import StableRef
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.time import normalize_timestamp

MAX_DEPTH: Final = 64
MAX_INT_BITS: Final = 1024
_MAX_PROBLEMS: Final = 100
_CODE = "extension_invalid_value"
_HINT = "use JSON data, numbers, text, dates, paths, enums, sets, dataclasses or numpy values"
_SCALARS: Final = frozenset({str, bool, type(None)})


def convert(value: Any, path: str, found: list[Problem], depth: int = 0) -> Any:
    """Return ``value`` as fresh JSON data (dicts and lists); add what cannot be to ``found``."""
    kind = value.__class__
    if kind is str:
        return _text(value, path, found)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _int(value, path, found)
    if kind is float:
        return value if math.isfinite(value) else nonfinite_text(value)
    if len(found) >= _MAX_PROBLEMS:
        return None  # enough is known; a branching cycle would otherwise be walked 2**depth times
    if depth >= MAX_DEPTH:
        found.append(_problem(path, value, f"is nested deeper than {MAX_DEPTH} levels"))
        return None
    return _convert_other(value, path, found, depth)


def nonfinite_text(value: float) -> str:
    """Return ``NaN``, ``Infinity`` or ``-Infinity``: the JSON form of a non-finite float."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def freeze_json_map(value: Any) -> FrozenMapping[str, Any]:
    """Return a mapping of JSON data, read-only, top-level keys trimmed and sorted.

    Raises:
        ProblemsFound: one problem for each key or value that cannot be kept.
    """
    if value is None:
        return EMPTY
    if value.__class__ is FrozenMapping and not value:
        return EMPTY
    found: list[Problem] = []
    items = _top_items(value, found)
    result = {key: convert(item, "$" + step(key), found) for key, item in items}
    if found:
        raise ProblemsFound(found)
    return FrozenMapping((key, freeze(result[key])) for key in sorted(result))


def freeze_json(value: Any) -> Any:
    """Return any value as read-only JSON data.

    Raises:
        ProblemsFound: one problem for each part that cannot be kept.
    """
    found: list[Problem] = []
    result = convert(value, "$", found)
    if found:
        raise ProblemsFound(found)
    return freeze(result)


def top_key(key: Any, seen: set[str], found: list[Problem], code: str) -> str | None:
    """Return a trimmed top-level key, or None after adding the problem with it."""
    if not isinstance(key, str):
        reason = f"is {type(key).__name__}, not text"
    elif not (trimmed := key.strip()):
        reason = "is blank"
    elif not encodable(trimmed):
        reason = "holds a lone surrogate"
    elif trimmed in seen:
        reason = "appears twice once surrounding space is removed"
    else:
        seen.add(trimmed)
        return str.__str__(trimmed)
    message = f"key {short_repr(key)} {reason}; use distinct, non-blank text as keys"
    found.append(Problem(code, "$", message, {"key": key}))
    return None


def encodable(text: str) -> bool:
    """Tell whether ``text`` has a UTF-8 form; lone surrogates have none."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _top_items(value: Any, found: list[Problem]) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        message = f"{short_repr(value)} is {type(value).__name__}, not a mapping; pass a dict"
        problem = Problem("record_invalid_mapping", "$", message, {"type": type(value).__name__})
        raise ProblemsFound([problem])
    seen: set[str] = set()
    items = []
    for key, item in value.items():
        if (name := top_key(key, seen, found, "record_invalid_mapping")) is not None:
            items.append((name, item))
    return items


def _convert_other(value: Any, path: str, found: list[Problem], depth: int) -> Any:
    for kinds, handle in _HANDLERS:
        if isinstance(value, kinds):
            return handle(value, path, found, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type | BaseModel):
        names = [field.name for field in dataclasses.fields(value)]
        return _mapping({name: getattr(value, name) for name in names}, path, found, depth)
    for method in ("tolist", "to_dict"):  # arrays, tensors and series; then our own models
        export = getattr(value, method, None)
        if callable(export) and not isinstance(value, type):
            return _exported(export, value, path, found, depth)
    found.append(_problem(path, value, f"is {type(value).__name__}, which has no JSON form"))
    return None


def _exported(
    export: Callable[[], Any], value: Any, path: str, found: list[Problem], depth: int
) -> Any:
    try:
        plain = export()
    except Exception as exc:  # a foreign object's method may raise anything
        found.append(_problem(path, value, f"cannot be exported ({type(exc).__name__}: {exc})"))
        return None
    return convert(plain, path, found, depth + 1)


def _mapping(value: Mapping[Any, Any], path: str, found: list[Problem], depth: int) -> Any:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not encodable(key):
            found.append(
                _problem(path, key, "is no usable key; keys are text", key=short_repr(key))
            )
            continue
        name = str.__str__(key)
        result[name] = convert(item, path + step(name), found, depth + 1)
    return dict(sorted(result.items()))


def _sequence(value: Collection[Any], path: str, found: list[Problem], depth: int) -> Any:
    return [convert(item, f"{path}[{i}]", found, depth + 1) for i, item in enumerate(value)]


def _set(value: AbstractSet[Any], path: str, found: list[Problem], depth: int) -> Any:
    # Sets have no order; sorting makes equal sets give equal JSON.
    ordered = sorted(value, key=lambda item: (type(item).__name__, short_repr(item, limit=500)))
    return _sequence(ordered, path, found, depth)


def _text(value: Any, path: str, found: list[Problem], depth: int = 0) -> Any:
    if not encodable(value):
        found.append(_problem(path, value, "holds a lone surrogate, which has no UTF-8 form"))
    return str.__str__(value)


def _int(value: Any, path: str, found: list[Problem], depth: int = 0) -> Any:
    number = int(value)
    if number.bit_length() > MAX_INT_BITS:
        found.append(_problem(path, hex(number), f"is an integer above {MAX_INT_BITS} bits"))
        return None
    return number


def _bytes(value: Any, path: str, found: list[Problem], depth: int) -> Any:
    found.append(_problem(path, value, "is bytes; decode it, or register it as an artifact"))
    return None


def _path(value: Any, path: str, found: list[Problem], depth: int) -> Any:
    return _text(os.fsdecode(value), path, found)


def _timestamp(value: Any, path: str, found: list[Problem], depth: int) -> Any:
    try:
        return normalize_timestamp(value)
    except ValidationError as exc:
        found.append(_problem(path, value, exc.message))
        return None


def _problem(path: str, value: object, reason: str, **details: Any) -> Problem:
    shown = f"{short_repr(value)} {reason}; {_HINT}"
    return Problem(_CODE, path, shown, {"path": path, "type": type(value).__name__, **details})


def _iterator(value: Any, path: str, found: list[Problem], depth: int) -> Any:
    found.append(_problem(path, value, "is an iterator, which can be read only once; use a list"))
    return None


_HANDLERS: Final[tuple[tuple[Any, Callable[[Any, str, list[Problem], int], Any]], ...]] = (
    (Enum, lambda v, p, f, d: convert(v.value, p, f, d + 1)),
    (str, _text),
    (int, _int),
    (float, lambda v, p, f, d: convert(float(v), p, f, d)),
    (Mapping, _mapping),
    (StableRef, lambda v, p, f, d: v.text),
    (datetime, _timestamp),
    (date | time, lambda v, p, f, d: v.isoformat()),
    (timedelta, lambda v, p, f, d: v.total_seconds()),
    (Decimal | Fraction | UUID | complex, lambda v, p, f, d: str(v)),
    (os.PathLike, _path),
    (bytes | bytearray | memoryview, _bytes),
    (AbstractSet, _set),
    (Sequence, _sequence),
    (Iterator, _iterator),
)
