"""Checks shared by the emission models; they collect every problem before raising."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from contexta.contract.coerce import coerce_json, coerce_tags
from contexta.contract.errors import ContextaError, ValidationError

MAX_KEY_LENGTH = 255


class Problems:
    """Everything wrong with one model, raised as one error.

    The error carries the code of the first problem and all of them, as
    mappings of code, field_name and message, under `details["problems"]`.
    """

    __slots__ = ("_found", "_model")

    def __init__(self, model: str) -> None:
        self._model = model
        self._found: list[dict[str, Any]] = []

    def add(self, code: str, field_name: str, message: str) -> None:
        """Note one problem."""
        self._found.append({"code": code, "field_name": field_name, "message": message})

    def raise_if_any(self) -> None:
        """Raise `ValidationError` when something was noted."""
        if not self._found:
            return
        first = self._found[0]
        text = "; ".join(f"{item['field_name']}: {item['message']}" for item in self._found)
        raise ValidationError(
            f"{self._model} is not valid: {text}",
            code=first["code"],
            details={"field_name": first["field_name"], "problems": self._found},
        )


def storable(text: str) -> str:
    """Return `text` with lone surrogates written out; they have no stored form."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(value: object) -> str:
    """Return a short printable form of any value, for messages."""
    try:
        text = repr(value)
    except Exception:  # a user's __repr__ may do anything; the message must still be built
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def text(problems: Problems, name: str, value: Any, *, optional: bool = False) -> Any:
    """Return `value` trimmed; note a problem when it is no non-blank string."""
    if value is None and optional:
        return None
    if not isinstance(value, str) or not value.strip():
        problems.add(
            "capture_model_invalid_string", name, f"expected a non-blank string, got {shown(value)}"
        )
        return value
    return value.strip()


def key(problems: Problems, name: str, code: str, value: Any) -> Any:
    """Return a record key: any printable text of at most 255 characters."""
    if isinstance(value, str):
        trimmed = value.strip()
        if trimmed and trimmed.isprintable() and len(trimmed) <= MAX_KEY_LENGTH:
            return trimmed
    problems.add(code, name, f"expected 1 to 255 printable characters, got {shown(value)}")
    return value


def marker(problems: Problems, name: str, value: Any, allowed: Collection[str]) -> Any:
    """Return the member of `allowed` that `value` names, whatever its case."""
    candidate = value.strip().lower() if isinstance(value, str) else value
    if candidate in allowed:
        return candidate
    problems.add(
        "capture_model_invalid_marker",
        name,
        f"{shown(value)} is not one of {', '.join(allowed)}",
    )
    return value


def tags(problems: Problems, value: Any) -> dict[str, str]:
    """Return tags as text to text, sorted; scalars become text."""
    if value is None:
        return {}
    try:
        return dict(sorted(coerce_tags(value).items()))
    except ContextaError as error:
        problems.add("capture_model_invalid_mapping", "tags", error.message)
    return {}


def attributes(problems: Problems, value: Any, name: str = "attributes") -> dict[str, Any]:
    """Return attributes as plain JSON data; common types are converted."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.add(
            "capture_model_invalid_mapping", name, f"expected a mapping, got {shown(value)}"
        )
        return {}
    try:
        plain = coerce_json(dict(value))
    except ContextaError as error:
        problems.add("capture_model_invalid_json_value", name, error.message)
        return {}
    return {str(item): plain[item] for item in sorted(plain)}


def flag(problems: Problems, name: str, value: Any) -> Any:
    """Return a real bool."""
    if not isinstance(value, bool):
        problems.add(
            "capture_model_invalid_bool", name, f"expected True or False, got {shown(value)}"
        )
    return value
