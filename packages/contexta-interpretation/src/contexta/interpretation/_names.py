"""Names that callers pass."""

from __future__ import annotations

from contexta.contract.errors import ValidationError


def check_name(value: object, what: str, code: str) -> None:
    """Refuse a name that is blank or no text.

    Raises:
        ValidationError: with ``code``.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(
            f"{what} is {value!r}; it must be text that is not blank",
            code=code,
            details={"value": str(value)},
        )
