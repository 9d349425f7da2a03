"""Errors of gates."""

from contexta.contract.errors import InterpretationError


class GateError(InterpretationError):
    """Runs cannot be held against rules as asked."""


__all__ = ["GateError"]
