"""Errors of alerts."""

from contexta.contract.errors import InterpretationError


class AlertError(InterpretationError):
    """Alerts cannot be evaluated as asked."""


__all__ = ["AlertError"]
