"""Errors of lineage."""

from contexta.contract.errors import InterpretationError


class LineageError(InterpretationError):
    """Lineage cannot be followed as asked."""


__all__ = ["LineageError"]
