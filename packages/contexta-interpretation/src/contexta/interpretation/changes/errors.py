"""Errors of the search for changes."""

from contexta.contract.errors import InterpretationError


class ChangeError(InterpretationError):
    """Changes cannot be searched for as asked."""


__all__ = ["ChangeError"]
