"""From text and mappings to the data that models read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from contexta.contract.errors._contract import SerializationError
from contexta.contract.errors._jsonsafe import short_repr

MAX_JSON_BYTES: Final = 64 * 1024 * 1024


def load_json(text: str | bytes | bytearray, name: str) -> Any:
    """Return the data of JSON text, at most 64 MiB.

    Raises:
        SerializationError: ``deserialize_blank_input`` or ``deserialize_invalid_json``.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise shape_error(name, text, "JSON text")
    if len(text) > MAX_JSON_BYTES:
        raise _not_json(name, f"it is larger than {MAX_JSON_BYTES} bytes")
    if not text.strip():
        raise SerializationError(
            f"{name}: the text is blank; pass JSON or a mapping",
            code="deserialize_blank_input",
            details={"name": name},
        )
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    # Python's own limits: nesting, and digits of an int; UnicodeDecodeError is a ValueError too.
    except (ValueError, RecursionError) as exc:
        raise _not_json(name, str(exc), exc) from exc


def as_mapping(data: Any, name: str) -> dict[str, Any]:
    """Return a mapping, or the object in JSON text, as a dict with text keys.

    Raises:
        SerializationError: ``deserialize_blank_input``, ``deserialize_invalid_json`` or
            ``deserialize_invalid_shape``.
    """
    if isinstance(data, str):
        data = load_json(data, name)
    if not isinstance(data, Mapping):
        raise shape_error(name, data, "a mapping or the JSON text of an object")
    for key in data:
        if not isinstance(key, str):
            raise SerializationError(
                f"{name}: key {short_repr(key)} is {type(key).__name__}; keys are text",
                code="deserialize_invalid_shape",
                details={"name": name, "key": short_repr(key)},
            )
    return dict(data)


def shape_error(name: str, data: object, wanted: str) -> SerializationError:
    """Build the error of input that has the wrong form altogether."""
    return SerializationError(
        f"{name}: {short_repr(data)} is {type(data).__name__}; pass {wanted}",
        code="deserialize_invalid_shape",
        details={"name": name, "type": type(data).__name__},
    )


def _not_json(name: str, reason: str, cause: Exception | None = None) -> SerializationError:
    return SerializationError(
        f"{name}: the text is no JSON ({reason}); pass the text of one JSON value",
        code="deserialize_invalid_json",
        details={"name": name},
        cause=cause,
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; metric values that are not finite are quoted")
