"""One thing that a validator found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

VALIDATION_SEVERITIES: Final = ("error", "warning")


@dataclass(frozen=True, slots=True)
class ValidationIssue:
    """A code for programs, a path from the object (``$``), a message for people.

    Raises:
        ValidationError: ``validation_issue_invalid_code``, ``_path``, ``_message`` or
            ``_severity``.
    """

    code: str
    path: str
    message: str
    severity: str = "error"

    def __post_init__(self) -> None:
        for name in ("code", "path", "message"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValidationError(
                    f"issue {name} {short_repr(value)} must be non-blank text; pass a str",
                    code=f"validation_issue_invalid_{name}",
                )
            object.__setattr__(self, name, value.strip())
        if self.severity not in VALIDATION_SEVERITIES:
            raise ValidationError(
                f"severity {short_repr(self.severity)} must be one of "
                f"{', '.join(VALIDATION_SEVERITIES)}; use one of them",
                code="validation_issue_invalid_severity",
                details={"severity": self.severity, "allowed": VALIDATION_SEVERITIES},
            )

    @property
    def is_error(self) -> bool:
        """Whether the issue makes its object invalid."""
        return self.severity == "error"

    def to_dict(self) -> dict[str, str]:
        """Return the issue as a plain dict."""
        return {
            "code": self.code,
            "path": self.path,
            "message": self.message,
            "severity": self.severity,
        }

    def with_prefix(self, prefix: str) -> ValidationIssue:
        """Return the issue as seen from an object that holds this one at ``prefix``.

        A blank prefix or ``$`` changes nothing.
        """
        prefix = prefix.strip()
        if not prefix or prefix == "$":
            return self
        if self.path.startswith("$"):
            return replace(self, path=prefix + self.path[1:])
        return replace(self, path=f"{prefix}.{self.path}")
