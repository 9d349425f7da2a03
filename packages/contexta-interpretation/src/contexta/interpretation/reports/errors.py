"""Errors of reports."""

from contexta.contract.errors import InterpretationError


class ReportError(InterpretationError):
    """A report cannot be built as asked."""


class ReportSerializationError(ReportError):
    """A report cannot be written in the asked form."""


__all__ = ["ReportError", "ReportSerializationError"]
