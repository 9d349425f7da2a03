"""Errors of the layers above the stores."""

from __future__ import annotations

from contexta.contract.errors._base import ContextaError


class InterpretationError(ContextaError):
    """A question about stored runs cannot be answered."""


class RecoveryError(ContextaError):
    """A backup, restore or replay could not be done; nothing was half replaced."""


class SurfaceError(ContextaError):
    """The command line, the web page or a notebook cannot do what was asked."""


class RenderingError(SurfaceError):
    """A result cannot be shown in the form that was asked for."""
