"""Arguments of scopes in the form that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.capture._checks import shown, storable
from contexta.contract.coerce import coerce_json, coerce_params, coerce_tags
from contexta.contract.errors import ContextaError, ValidationError
from contexta.contract.refs import StableRef, validate_stable_ref_kind

if TYPE_CHECKING:
    from contexta._redaction import Redactor

_SCALARS = (str, bool, int, float, type(None))


def clean_params(redactor: Redactor, params: object) -> dict[str, Any]:
    """Return run parameters in stored form, free of secrets.

    Values are converted first: a secret inside a dataclass or an enum is only
    visible to the redactor once it is plain data.

    Raises:
        ValidationError: no mapping, a key that is no text, or a value without JSON form.
    """
    given = _require_mapping("params", params)
    coerce_params(given)  # names every bad part, before single values are looked at
    plain = {k: v if isinstance(v, _SCALARS) else coerce_json(v) for k, v in given.items()}
    return coerce_params(redactor.mapping(plain))


def clean_tags(redactor: Redactor, tags: object) -> dict[str, str]:
    """Return tags in stored form, free of secrets.

    Raises:
        ValidationError: no mapping, a key that is no text, or a value that is no scalar.
    """
    given = _require_mapping("tags", tags)
    texts = coerce_tags(given)
    # Numbers stay numbers for the redactor, which hides texts more readily.
    numbers = {k: v for k, v in given.items() if k in texts and isinstance(v, bool | int | float)}
    return coerce_tags(redactor.mapping({**texts, **numbers}))


def _require_mapping(field_name: str, values: object) -> dict[Any, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ValidationError(
            f"{field_name} must be a mapping, got {type(values).__name__}",
            code="runtime_invalid_mapping",
            details={"field_name": field_name, "type": type(values).__name__},
        )
    return dict(values)


def json_mapping(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping as JSON data; values without JSON form become text."""
    try:
        plain: dict[str, Any] = coerce_json(dict(values))
    except ContextaError:
        return {storable(_as_key(key)): _json_value(value) for key, value in values.items()}
    return plain


def _json_value(value: Any) -> Any:
    try:
        return coerce_json(value)
    except ContextaError:
        return storable(value if isinstance(value, str) else shown(value))


def _as_key(key: Any) -> str:
    return key if isinstance(key, str) else shown(key)


def ref_text(field_name: str, value: StableRef | str | None, kind: str) -> str | None:
    """Return the text of an optional ref of `kind`.

    Raises:
        ValidationError: no ref, or one of another kind.
    """
    if value is None:
        return None
    ref = value if isinstance(value, StableRef) else StableRef.parse(value)
    validate_stable_ref_kind(ref, kind, field_name=field_name)
    return ref.text
