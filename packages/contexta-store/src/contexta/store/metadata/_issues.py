"""One finding of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEVERITIES = ("error", "warning")


@dataclass(frozen=True, slots=True)
class IntegrityIssue:
    """Something that is wrong in a store, where, and what to do about it.

    Attributes:
        code: Stable identifier.
        message: For people.
        rule_id: The rule that found it, when it has a name.
        category: Always `integrity` here.
        severity: `error` or `warning`.
        ref: What it is about.
        suggested_action: A token.
        details: Facts for programs.
    """

    code: str
    message: str
    rule_id: str | None = None
    category: str = "integrity"
    severity: str = "error"
    ref: str | None = None
    suggested_action: str | None = None
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.code.strip() or not self.message.strip():
            raise ValidationError(
                "An integrity issue needs a code and a message.", code="integrity_issue_blank"
            )
        if self.severity not in _SEVERITIES:
            raise ValidationError(
                f"Severity {self.severity!r} is not one of {', '.join(_SEVERITIES)}.",
                code="integrity_issue_invalid_severity",
                details={"severity": self.severity, "allowed": list(_SEVERITIES)},
            )
