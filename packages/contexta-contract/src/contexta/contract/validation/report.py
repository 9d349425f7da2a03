"""Issues and reports, at the path that scripts written for 1.0 import."""

from contexta.contract.validation._issue import VALIDATION_SEVERITIES, ValidationIssue
from contexta.contract.validation._report import ValidationReport

__all__ = ["VALIDATION_SEVERITIES", "ValidationIssue", "ValidationReport"]
