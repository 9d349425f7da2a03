"""Arguments of the wrong type: an error of ours, before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from contexta.contract.errors import ArgumentError

T = TypeVar("T")
_MOST_CHARACTERS = 200


def several(field: str, value: Iterable[T]) -> tuple[T, ...]:
    """Return what a collection holds; a single text is none, for it would be taken apart.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise _invalid(field, value, "several values, such as a list")
    return tuple(value)


def a_mapping(field: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping as a new one.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    if not isinstance(value, Mapping):
        raise _invalid(field, value, "a mapping of keys to values")
    return dict(value)


def known_names(field: str, value: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping whose keys are all among the known ones.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    unknown = sorted(repr(name) for name in value if name not in known)
    if unknown:
        raise _invalid(field, ", ".join(unknown), "fields of the model")
    return value


def a_text(field: str, value: str) -> str:
    """Return a text; SQLite would store a number as text, unlike what its digest says.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    if not isinstance(value, str):
        raise _invalid(field, value, "a text")
    return value


def a_path(field: str, value: str | Path) -> str | Path:
    """Return a path.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise _invalid(field, value, "a path")
    return value


def a_name(field: str, value: str) -> str:
    """Return a text of 1 to 200 characters.

    Raises:
        ArgumentError: `metadata_invalid_argument`.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > _MOST_CHARACTERS:
        raise _invalid(field, value, f"a text of 1 to {_MOST_CHARACTERS} characters")
    return value


def _invalid(field: str, value: object, rule: str) -> ArgumentError:
    return ArgumentError(
        f"{field} must be {rule}, not {value!r:.80}.",
        code="metadata_invalid_argument",
        details={"field_name": field, "type": type(value).__name__},
    )
