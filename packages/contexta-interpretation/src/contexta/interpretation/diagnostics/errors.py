"""Errors of diagnosing."""

from contexta.contract.errors import InterpretationError


class DiagnosticsError(InterpretationError):
    """A run cannot be diagnosed as asked."""


__all__ = ["DiagnosticsError"]
