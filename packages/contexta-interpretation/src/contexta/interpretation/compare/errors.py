"""Errors of comparing."""

from contexta.contract.errors import InterpretationError


class ComparisonError(InterpretationError):
    """Two things cannot be compared as asked."""


__all__ = ["ComparisonError"]
