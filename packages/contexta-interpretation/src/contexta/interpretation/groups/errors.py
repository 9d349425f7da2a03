"""Errors of groups."""

from contexta.contract.errors import InterpretationError


class GroupError(InterpretationError):
    """Runs cannot be grouped, or groups cannot be compared, as asked."""


__all__ = ["GroupError"]
