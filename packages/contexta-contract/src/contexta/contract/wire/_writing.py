"""From objects to payloads and canonical JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from contexta.contract._coerce._json import encodable, nonfinite_text
from contexta.contract._frozen import EMPTY, thaw
from contexta.contract._model._base import ContractModel
from contexta.contract._refs._stable_ref import StableRef
from contexta.contract.errors._contract import SerializationError
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.records._metric import MetricPayload

_MAX_DEPTH = 200


def to_payload(obj: Any) -> Any:
    """Return ``obj`` as JSON data, as it goes over the wire.

    Refs become text, sequences lists. Fields of models that are ``None`` are left out; what
    users put into attributes, metadata and extensions is kept whole, nulls included. A metric
    value that is not finite becomes ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``. In mappings
    and objects that are not ours keys are sorted and ``None`` is left out.

    Raises:
        SerializationError: ``serialization_invalid_float``,
            ``serialization_invalid_mapping_key`` or ``serialization_unsupported_type``.
    """
    return _payload(obj, 0)


def to_json(obj: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces, UTF-8 kept, no bare NaN.

    Equal objects give equal text. Raises as :func:`to_payload`.
    """
    payload = to_payload(obj)
    try:
        return json.dumps(
            payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
    except ValueError as exc:  # Python writes ints of at most 4300 digits
        raise SerializationError(
            f"an int is too large for JSON ({exc}); pass it as text",
            code="serialization_unsupported_type",
            details={"type": "int"},
            cause=exc,
        ) from exc


def _payload(obj: Any, depth: int) -> Any:
    kind = obj.__class__
    if kind is str or obj is None or kind is bool or kind is int:
        return _text(obj) if kind is str and not obj.isascii() else obj
    if depth > _MAX_DEPTH:
        raise _unsupported(obj, f"is nested deeper than {_MAX_DEPTH} levels")
    return _container(obj, depth)


def _container(obj: Any, depth: int) -> Any:
    if isinstance(obj, ContractModel):
        return _model(obj, depth)
    if isinstance(obj, StableRef):
        return obj.text
    if isinstance(obj, float):
        return _finite(obj)
    if isinstance(obj, Mapping):
        return _mapping(obj, depth)
    if not isinstance(obj, type) and callable(getattr(obj, "to_dict", None)):
        return _payload(obj.to_dict(), depth + 1)
    if isinstance(obj, str):
        return _text(str.__str__(obj))
    if isinstance(obj, int):
        return int(obj)
    if isinstance(obj, Sequence) and not isinstance(obj, bytes | bytearray | memoryview):
        return [_payload(item, depth + 1) for item in obj]
    raise _unsupported(obj, f"is {type(obj).__name__}, which has no wire form")


def _model(model: ContractModel, depth: int) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for name, value in model.__dict__.items():
        if value is None or (name in model.additive_fields and value == EMPTY):
            continue
        payload[name] = _field(value, depth)
    if isinstance(model, MetricPayload) and not math.isfinite(model.value):
        payload["value"] = nonfinite_text(model.value)
    if model.model_extra:
        payload.update((name, thaw(value)) for name, value in model.model_extra.items())
    return payload


def _field(value: Any, depth: int) -> Any:
    # Inside a validated model everything is JSON data, refs and models, and nulls are data.
    kind = value.__class__
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if kind is StableRef:
        return value.text
    if isinstance(value, ContractModel):
        return _model(value, depth)
    if isinstance(value, Mapping):
        return {key: _field(item, depth) for key, item in value.items()}
    if kind is tuple:
        return [_field(item, depth) for item in value]
    return _payload(value, depth)


def _mapping(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    for key in mapping:
        if not isinstance(key, str) or not encodable(key):
            raise SerializationError(
                f"mapping key {short_repr(key)} is no usable text; JSON keys are text, "
                "so convert it with str(...)",
                code="serialization_invalid_mapping_key",
                details={"key": short_repr(key)},
            )
    return {
        str.__str__(key): _payload(mapping[key], depth + 1)
        for key in sorted(mapping)
        if mapping[key] is not None
    }


def _text(text: str) -> str:
    if not encodable(text):
        raise _unsupported(text, "holds a lone surrogate, which has no UTF-8 form")
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise SerializationError(
            f"float {number!r} is not finite and JSON has no form for it; only metric values may "
            "be non-finite, use contexta.contract.coerce.coerce_json elsewhere",
            code="serialization_invalid_float",
            details={"value": repr(number)},
        )
    return float(number)


def _unsupported(value: object, reason: str) -> SerializationError:
    return SerializationError(
        f"{short_repr(value)} {reason}; use JSON data, or convert with "
        "contexta.contract.coerce.coerce_json",
        code="serialization_unsupported_type",
        details={"type": type(value).__name__},
    )
