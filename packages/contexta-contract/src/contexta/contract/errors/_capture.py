"""Errors while a program records what it does."""

from __future__ import annotations

from contexta.contract.errors._base import ContextaError


class CaptureError(ContextaError):
    """Recording failed; base of everything that capture and its scopes raise."""


class LifecycleError(CaptureError, RuntimeError):
    """A scope was opened, closed or used in the wrong order."""


class ClosedScopeError(LifecycleError):
    """A scope that is already closed was used again."""


class DispatchError(CaptureError):
    """A sink could not deliver what was captured."""
