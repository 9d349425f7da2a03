"""Errors of trends."""

from contexta.contract.errors import InterpretationError


class TrendError(InterpretationError):
    """A trend cannot be computed as asked."""


__all__ = ["TrendError"]
