"""Errors of aggregation."""

from contexta.contract.errors import InterpretationError


class AggregationError(InterpretationError):
    """Values cannot be aggregated as asked."""


__all__ = ["AggregationError"]
