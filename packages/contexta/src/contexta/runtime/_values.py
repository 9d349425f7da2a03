"""Arguments of scopes in the form that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.contract.coerce import coerce_json
from contexta.contract.errors import ContextaError
from contexta.contract.refs import StableRef, validate_stable_ref_kind


def json_mapping(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping as JSON data; values without JSON form become text."""
    try:
        plain: dict[str, Any] = coerce_json(dict(values))
    except ContextaError:
        return {str(key): _json_value(value) for key, value in values.items()}
    return plain


def _json_value(value: Any) -> Any:
    try:
        return coerce_json(value)
    except ContextaError:
        return str(value)


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
