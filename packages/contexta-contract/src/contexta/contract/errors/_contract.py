"""Errors about models, arguments and wire forms."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

from contexta.contract.errors._base import ContextaError

if TYPE_CHECKING:
    from contexta.contract.validation._issue import ValidationIssue


class ContractError(ContextaError):
    """A value does not fit the Contexta schema."""


class ValidationError(ContractError, ValueError):
    """A rule of a model or of an argument is broken.

    ``code`` is the code of the first problem. When the error comes from a model,
    ``details["issues"]`` and :attr:`issues` hold every problem that was found.
    """

    @property
    def issues(self) -> tuple[ValidationIssue, ...]:
        """Every problem found, in field order, each with its path (``$.payload.metric_key``)."""
        from contexta.contract.validation._issue import ValidationIssue

        found = (self.details or {}).get("issues")
        if not found:
            return (ValidationIssue(self.code, "$", self.message),)
        return tuple(
            ValidationIssue(i["code"], i["path"], i["message"], i.get("severity", "error"))
            for i in found
        )


class ArgumentError(ValidationError, TypeError):
    """A constructor call misses a required field or names one that does not exist."""


class FrozenModelError(ValidationError, FrozenInstanceError):
    """Somebody tried to assign or delete a field; models never change after construction.

    Also an ``AttributeError``, as of any frozen dataclass.
    """


class SerializationError(ContractError, ValueError):
    """Data cannot be turned into, or read from, its wire form."""
