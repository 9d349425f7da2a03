"""What a validator found, all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr
from contexta.contract.validation._issue import ValidationIssue


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Issues in the order found; ``valid`` follows from them and cannot be chosen."""

    valid: bool
    issues: tuple[ValidationIssue, ...] = ()

    def __post_init__(self) -> None:
        issues = tuple(self.issues)
        for issue in issues:
            if not isinstance(issue, ValidationIssue):
                raise ValidationError(
                    f"{short_repr(issue)} is {type(issue).__name__}, not a ValidationIssue; "
                    "build one first",
                    code="validation_report_invalid_issue",
                    details={"type": type(issue).__name__},
                )
        object.__setattr__(self, "issues", issues)
        object.__setattr__(self, "valid", not any(issue.is_error for issue in issues))

    @property
    def errors(self) -> tuple[ValidationIssue, ...]:
        """The issues that make the object invalid."""
        return tuple(issue for issue in self.issues if issue.is_error)

    @property
    def warnings(self) -> tuple[ValidationIssue, ...]:
        """The issues that do not."""
        return tuple(issue for issue in self.issues if not issue.is_error)

    @classmethod
    def ok(cls) -> ValidationReport:
        """Return a report without issues."""
        return cls(True)

    @classmethod
    def from_issues(cls, issues: Iterable[ValidationIssue]) -> ValidationReport:
        """Return a report of these issues."""
        return cls(True, tuple(issues))

    # Without ``self``, so that both a.merge(b) and ValidationReport.merge(a, b) work.
    def merge(*reports: ValidationReport) -> ValidationReport:
        """Return a report with the issues of all, in order.

        Raises:
            ValidationError: ``validation_report_invalid_merge``.
        """
        merged: list[ValidationIssue] = []
        for report in reports:
            if not isinstance(report, ValidationReport):
                raise ValidationError(
                    f"{short_repr(report)} is {type(report).__name__}, not a ValidationReport; "
                    "merge reports only",
                    code="validation_report_invalid_merge",
                    details={"type": type(report).__name__},
                )
            merged += report.issues
        return ValidationReport.from_issues(merged)

    def prefixed(self, prefix: str) -> ValidationReport:
        """Return the report as seen from an object that holds this one at ``prefix``."""
        return ValidationReport.from_issues(issue.with_prefix(prefix) for issue in self.issues)

    def raise_for_errors(self) -> None:
        """Raise if the object is invalid.

        Raises:
            ValidationError: ``validation_failed``, with every error in ``issues``.
        """
        errors = self.errors
        if not errors:
            return
        more = f" (and {len(errors) - 1} more; see error.issues)" if len(errors) > 1 else ""
        raise ValidationError(
            f"{errors[0].path}: {errors[0].message}{more}",
            code="validation_failed",
            details={"issues": [issue.to_dict() for issue in errors]},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {"valid": self.valid, "issues": [issue.to_dict() for issue in self.issues]}
