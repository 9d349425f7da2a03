"""Errors that any part of Contexta may raise."""

from __future__ import annotations

from contexta.contract.errors._base import ContextaError
from contexta.contract.errors._contract import ValidationError


class ConflictError(ContextaError):
    """Two things claim the same identity, or a read-only one is about to change."""


class DuplicateNamespaceError(ValidationError, ConflictError):
    """Two extensions of one object claim the same namespace."""


class NotFoundError(ContextaError, LookupError):
    """The thing that was asked for does not exist."""


class ConfigurationError(ContextaError, ValueError):
    """A setting is unknown, malformed or contradicts another one."""


class DependencyError(ContextaError, ImportError):
    """An optional package is needed and not installed; the message names the extra."""


class CompatibilityError(ContextaError):
    """Data or an interface of another version cannot be used here."""
