"""Errors of name resolution, usable as an interpretation error and as a failed look-up."""

from __future__ import annotations

from contexta.contract.errors import InterpretationError, NotFoundError


class ResolutionError(InterpretationError, NotFoundError):
    """A run, stage, batch or artifact was named in a way that fits nothing, or several things.

    ``details`` hold ``candidates`` (ambiguous) or ``nearest`` (unknown): canonical refs.
    It is a ``LookupError`` too.
    """


__all__ = ["ResolutionError"]
