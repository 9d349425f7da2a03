"""Errors of anomaly detection."""

from contexta.contract.errors import InterpretationError


class AnomalyError(InterpretationError):
    """Anomalies cannot be detected as asked."""


__all__ = ["AnomalyError"]
