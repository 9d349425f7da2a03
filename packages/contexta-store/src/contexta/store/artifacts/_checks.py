"""Checks that the models of this plane share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef
from contexta.contract.time import normalize_timestamp

_SHA256_PREFIX = "sha256:"


def require_text(field: str, value: object) -> None:
    """Raise `ValidationError` `artifact_store_invalid_text` unless it is non-blank text."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(
            f"{field} must be non-blank text, not {value!r}.",
            code="artifact_store_invalid_text",
            details={"field_name": field},
        )


def require_count(field: str, value: object) -> None:
    """Raise `ValidationError` `artifact_store_invalid_number` unless it is an int from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValidationError(
            f"{field} must be a whole number from 0, not {value!r}.",
            code="artifact_store_invalid_number",
            details={"field_name": field},
        )


def require_instant(field: str, value: object) -> None:
    """Raise `ValidationError` `artifact_store_invalid_timestamp` unless it is a timestamp."""
    try:
        normalize_timestamp(value)  # type: ignore[arg-type]  # anything may come from a file
    except (ValueError, TypeError) as error:
        raise ValidationError(
            f"{field} must be a UTC timestamp, not {value!r}.",
            code="artifact_store_invalid_timestamp",
            details={"field_name": field},
        ) from error


def require_path(field: str, value: object) -> None:
    """Raise `ValidationError` `artifact_store_invalid_path` unless it is a `Path`."""
    if not isinstance(value, Path):
        raise ValidationError(
            f"{field} must be a Path, not {type(value).__name__}.",
            code="artifact_store_invalid_path",
            details={"field_name": field},
        )


def artifact_ref_text(ref: StableRef | str) -> str:
    """Return the text of a ref given as an object or as text.

    Raises:
        ValidationError: `stable_ref_invalid_text`.
    """
    return (ref if isinstance(ref, StableRef) else StableRef.parse(ref)).text


def bare_sha256(claim: str) -> str | None:
    """Return a SHA-256 claim as 64 lower-case hex digits; None when it is something else.

    A `sha256:` prefix and upper case are accepted.
    """
    text = claim.strip().lower().removeprefix(_SHA256_PREFIX)
    return text if len(text) == 64 and set(text) <= set("0123456789abcdef") else None


def content_of(value: Any) -> Any:
    """Return `value.to_dict()` where there is one."""
    return value.to_dict() if hasattr(value, "to_dict") else value
