"""Checks that the models of this package share."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def required_text(name: str, value: object) -> str:
    """Return the stripped text.

    Raises:
        ValidationError: `recovery_invalid_text` when it is not text or blank.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(
            f"{name} is {value!r}; it must be text that is not blank.",
            code="recovery_invalid_text",
            details={"field": name},
        )
    return value.strip()


def flag(name: str, value: object) -> bool:
    """Return the flag.

    Raises:
        ValidationError: `recovery_invalid_bool` when it is not a bool.
    """
    if not isinstance(value, bool):
        raise ValidationError(
            f"{name} is {value!r}; it must be True or False.",
            code="recovery_invalid_bool",
            details={"field": name},
        )
    return value


def count(name: str, value: object) -> int:
    """Return the number.

    Raises:
        ValidationError: `recovery_invalid_number` when it is not an int of at least 0.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValidationError(
            f"{name} is {value!r}; it must be a whole number of at least 0.",
            code="recovery_invalid_number",
            details={"field": name},
        )
    return value


def texts(name: str, values: Iterable[object]) -> tuple[str, ...]:
    """Return the texts as a tuple, each checked by `required_text`."""
    if isinstance(values, str):
        values = (values,)
    return tuple(required_text(name, value) for value in values)


def frozen_mapping(values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a read-only copy sorted by key; empty for None."""
    return MappingProxyType(dict(sorted((values or {}).items())))


def plain(value: Any) -> Any:
    """Return mappings and sequences as dicts and lists, at any depth; other values as they are."""
    if isinstance(value, dict | MappingProxyType):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
